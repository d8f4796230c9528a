//! Sending what is queued for phones, and telling guards how far it came.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use shared::{
    StoreError,
    notify::{Message, Outcome, Settlement},
    realtime::{Emitted, Outbox, Turn},
    sql,
};
use tokio::time::Instant;

use crate::{
    Dispatcher,
    turns::{Round, Works},
};

/// Messages of one round, all of them under way at once. Each takes less than its lease.
const AT_ONCE: usize = 64;
/// What guards are told is gathered for so long, since several rooms are pushed to in the time of one.
const TOGETHER: Duration = Duration::from_millis(200);
/// How long telling guards may take; shorter than the lease of a room.
const TELLING: Duration = Duration::from_millis(2500);

impl Dispatcher {
    /// Sends what is queued, a part of it, and tells guards what was put off.
    pub(crate) async fn send_round(&self) -> Result<Round, StoreError> {
        let messages = self.claim_messages().await?;
        let (told, put_off) = self.tell_what_is_due().await?;
        let mut round = Round { did: told || !messages.is_empty(), more: put_off, ..Round::default() };
        round.is_full = messages.len() >= AT_ONCE;
        let tries = stream::iter(messages).map(|message| self.hand_over(message));
        let mut tries = tries.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
        let mut told = Instant::now();
        // What is done is noted while the rest is under way: a service that hangs delays no other's truth.
        while let Some(done) = tries.next().await {
            for (_, outcome) in &done {
                match outcome {
                    Outcome::Sent => round.counts.sent += 1,
                    Outcome::Failed(reason) | Outcome::Gone(reason) => {
                        *round.counts.failed.entry(reason.clone()).or_default() += 1;
                    }
                    Outcome::Retry(..) => {}
                }
            }
            self.settle_messages(done).await?;
            if told.elapsed() >= TOGETHER {
                round.more = round.more.and(self.tell_what_is_due().await?.1);
                told = Instant::now();
            }
        }
        if round.did {
            round.more = round.more.and(self.tell_what_is_due().await?.1);
        }
        Ok(round)
    }

    async fn claim_messages(&self) -> Result<Vec<Message>, StoreError> {
        let limit = AT_ONCE as i32;
        self.db.read(sql!("SELECT claim_notifications(:limit)", limit)).await
    }

    async fn hand_over(&self, message: Message) -> (Message, Outcome) {
        let started = Instant::now();
        let outcome = self.channels.send(&message).await;
        let Message { id, kind, channel, attempt, request_id, trace_id, .. } = &message;
        tracing::info!(
            message_id = %id, kind, ?channel, attempt, request_id, trace_id, outcome = outcome.name(),
            reason = outcome.reason(), duration_ms = started.elapsed().as_millis(), "a message was handed over"
        );
        (message, outcome)
    }

    /// Notes what came of messages.
    async fn settle_messages(&self, done: Vec<(Message, Outcome)>) -> Result<(), StoreError> {
        let settlements: Vec<_> =
            done.iter().map(|(message, outcome)| Settlement::of(message, outcome.clone())).collect();
        let settlements = serde_json::to_value(&settlements)
            .map_err(|_| StoreError::Defect("what came of messages could not be written down".into()))?;
        self.db.execute(sql!("SELECT settle_notifications(:settlements)", settlements)).await.map(drop)
    }

    /// Tells guards how far questions have come, a society at a time, so that none waits for another's room. Answers
    /// whether there was any to tell, and what it leaves.
    async fn tell_what_is_due(&self) -> Result<(bool, Works), StoreError> {
        let limit = AT_ONCE as i32;
        let (mut told, mut left, mut events) = (false, Works::default(), Vec::new());
        let mut began = Instant::now();
        loop {
            let due: Option<PutOff> =
                self.db.read_one(sql!("SELECT tell_due_delivery(:limit)", limit)).await?;
            let PutOff { events: some, wait_seconds } = due.unwrap_or_default();
            told |= !some.is_empty();
            events.extend(some);
            let is_last = wait_seconds != Some(0.0);
            if is_last || events.len() >= AT_ONCE || began.elapsed() >= TOGETHER {
                left = left.and(self.tell(std::mem::take(&mut events)).await);
                began = Instant::now();
            }
            if is_last {
                return Ok((told, left));
            }
        }
    }

    /// Pushes events of its own; answers what that leaves.
    pub(crate) async fn tell(&self, told: Vec<Emitted>) -> Works {
        let waits = told.iter().any(|emitted| emitted.turn == Turn::Behind);
        let send = told.iter().any(|emitted| emitted.queued > 0);
        let batches = Emitted::mine(told);
        let carried = Outbox::new(&self.db).carry(&self.pusher, batches, Instant::now() + TELLING).await;
        Works { push: waits || carried.is_unfinished(), send, watch: false }
    }
}

/// What the SQL function `tell_due_delivery` answers.
#[derive(Default, Deserialize)]
struct PutOff {
    events: Vec<Emitted>,
    wait_seconds: Option<f64>,
}
