//! Sending what is queued for phones, and telling guards how far it came.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use shared::{
    http::ApiError,
    metrics::{self, Metric},
    notify::{Message, Outcome, Settlement},
    realtime::{Emitted, Outbox},
    sql,
};
use tokio::time::{Instant, sleep_until};

use crate::Dispatcher;

/// How long one invocation goes on taking new messages; well below the function's time limit.
const PATIENCE: Duration = Duration::from_secs(20);
/// Tries that are due again within this time are waited for; later ones are the schedule's.
const HORIZON: Duration = Duration::from_secs(10);
/// Messages of one round, all of them under way at once. Each takes less than its lease.
const AT_ONCE: usize = 64;
/// How long telling guards may take; shorter than the lease of a room.
const TELLING: Duration = Duration::from_millis(2500);

impl Dispatcher {
    /// Sends whatever is queued. What has to be tried again soon is waited for.
    pub(crate) async fn notify(&self) -> Result<(), ApiError> {
        let end = Instant::now() + PATIENCE;
        let (mut sent, mut failed) = (0, 0);
        let mut retry_at = None;
        while Instant::now() < end {
            let messages = self.claim_messages().await?;
            let put_off = self.tell_what_is_due().await?.map(|pause| Instant::now() + pause);
            if messages.is_empty() {
                match put_off.or_else(|| retry_at.take()) {
                    Some(at) => sleep_until(at).await,
                    None => break,
                }
                continue;
            }
            let tries = stream::iter(messages).map(|message| self.hand_over(message));
            let mut tries = tries.buffer_unordered(AT_ONCE).ready_chunks(AT_ONCE);
            // What is done is noted while the rest is under way: a service that hangs delays no other's truth.
            while let Some(done) = tries.next().await {
                sent += done.iter().filter(|(_, outcome)| *outcome == Outcome::Sent).count();
                failed += done.iter().filter(|(_, outcome)| is_failure(outcome)).count();
                let again = self.settle_messages(done).await?.map(|pause| Instant::now() + pause);
                retry_at = retry_at.max(again);
            }
        }
        metrics::put(&[
            Metric::count("MessagesSent", i64::try_from(sent).unwrap_or(i64::MAX)),
            Metric::count("MessagesFailed", i64::try_from(failed).unwrap_or(i64::MAX)),
        ]);
        Ok(())
    }

    async fn claim_messages(&self) -> Result<Vec<Message>, ApiError> {
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

    /// Notes what came of messages, and tells the guards who wait for an answer. Answers how long those that
    /// are tried again soon have to wait, the longest of them.
    async fn settle_messages(&self, done: Vec<(Message, Outcome)>) -> Result<Option<Duration>, ApiError> {
        let settlements: Vec<_> =
            done.iter().map(|(message, outcome)| Settlement::of(message, outcome.clone())).collect();
        let pauses = settlements.iter().filter_map(Settlement::pause).filter(|pause| *pause <= HORIZON);
        let pause = pauses.max();
        let settlements = serde_json::to_value(&settlements)
            .map_err(|_| ApiError::Internal("what came of messages could not be written down".into()))?;
        self.db.execute(sql!("SELECT settle_notifications(:settlements)", settlements)).await?;
        self.tell_what_is_due().await?;
        Ok(pause)
    }

    /// Tells guards how far questions have come, a society at a time, so that none waits for another's room. Answers how
    /// long what is put off has to wait, since guards were told of the same visitor less than a second before.
    async fn tell_what_is_due(&self) -> Result<Option<Duration>, ApiError> {
        let limit = AT_ONCE as i32;
        loop {
            let due: Option<PutOff> = self.db.read_one(sql!("SELECT tell_due_delivery(:limit)", limit)).await?;
            let PutOff { events, wait_seconds } = due.unwrap_or_default();
            self.tell(events).await;
            if wait_seconds != Some(0.0) {
                return Ok(wait_seconds.map(Duration::from_secs_f64));
            }
        }
    }

    async fn tell(&self, told: Vec<Emitted>) {
        let batches = Emitted::mine(told);
        Outbox::new(&self.db).carry(&self.pusher, batches, Instant::now() + TELLING).await;
    }
}

/// What the SQL function `tell_due_delivery` answers.
#[derive(Default, Deserialize)]
struct PutOff {
    events: Vec<Emitted>,
    wait_seconds: Option<f64>,
}

fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_) | Outcome::Gone(_))
}
