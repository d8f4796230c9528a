//! Sending what is queued for phones, and telling guards how far it came.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use shared::{
    db::Type,
    http::ApiError,
    notify::{Message, Outcome, Settlement},
    realtime::{Emitted, Outbox, Turn},
};
use tokio::time::Instant;

use crate::{
    Dispatcher,
    turns::{Round, Works},
};

/// Messages of one round, all of them under way at once. Each takes less than its lease.
const AT_ONCE: usize = 64;
/// How long telling guards may take; shorter than the lease of a room.
const TELLING: Duration = Duration::from_millis(2500);

impl Dispatcher {
    /// Sends what is queued, a part of it, and tells guards what was put off.
    pub(crate) async fn send_round(&self) -> Result<Round, ApiError> {
        let messages = self.claim_messages().await?;
        let (told, put_off) = self.tell_what_was_put_off().await?;
        let mut round = Round { did: told || !messages.is_empty(), more: put_off, ..Round::default() };
        round.is_full = messages.len() >= AT_ONCE;
        let tries = stream::iter(messages).map(|message| self.hand_over(message));
        let mut tries = tries.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
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
            round.more = round.more.and(self.settle_messages(done).await?);
        }
        Ok(round)
    }

    async fn claim_messages(&self) -> Result<Vec<Message>, ApiError> {
        let limit = AT_ONCE as i32;
        self.db.read("SELECT claim_notifications($1)", &[(&limit, Type::INT4)]).await
    }

    async fn hand_over(&self, message: Message) -> (Message, Outcome) {
        let outcome = self.channels.send(&message).await;
        (message, outcome)
    }

    /// Notes what came of messages, and tells the guards who wait for an answer. Answers what that leaves.
    async fn settle_messages(&self, done: Vec<(Message, Outcome)>) -> Result<Works, ApiError> {
        let settlements: Vec<_> =
            done.iter().map(|(message, outcome)| Settlement::of(message, outcome.clone())).collect();
        let settlements = serde_json::to_value(&settlements)
            .map_err(|_| ApiError::Internal("what came of messages could not be written down".into()))?;
        let told: Option<Vec<Emitted>> =
            self.db.read_one("SELECT settle_notifications($1)", &[(&settlements, Type::JSONB)]).await?;
        Ok(self.tell(told.unwrap_or_default()).await)
    }

    /// Tells guards what had to wait, since they had been told of the same visitor less than a second before. Answers
    /// whether there was any, and what it leaves.
    async fn tell_what_was_put_off(&self) -> Result<(bool, Works), ApiError> {
        let limit = AT_ONCE as i32;
        let due: Option<PutOff> =
            self.db.read_one("SELECT tell_due_delivery($1)", &[(&limit, Type::INT4)]).await?;
        let PutOff { events } = due.unwrap_or_default();
        Ok((!events.is_empty(), self.tell(events).await))
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
}
