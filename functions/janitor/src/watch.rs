//! Deadlines and steps: what is due is done, and what falls due before the next minute is waited for, so that a
//! guard's countdown ends when it says.

use std::time::Duration;

use shared::{http::ApiError, realtime::Emitted, sql};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::Janitor;

/// How long one round goes on; the next one comes after a minute.
const PATIENCE: Duration = Duration::from_secs(55);
/// Steps that one statement takes.
const STEPS: i32 = 200;

impl Janitor {
    /// Does what is due, until nothing more falls due in this round's time. Any number may be at it; one of them
    /// waits.
    pub(crate) async fn watch(&self) -> Result<(), ApiError> {
        let (watcher, end) = (Uuid::new_v4(), Instant::now() + PATIENCE);
        loop {
            self.time_out_visitors().await?;
            self.take_steps().await?;
            match self.time_to_wait(watcher, end).await? {
                Some(pause) => sleep(pause).await,
                None => return Ok(()),
            }
        }
    }

    /// Denies the visitors whom nobody answered in time, one after the other.
    async fn time_out_visitors(&self) -> Result<(), ApiError> {
        let next = sql!("SELECT coalesce(time_out_next(), 'null')");
        while let Some(events) = self.db.read_one::<Option<Vec<Emitted>>>(next).await?.flatten() {
            self.publisher.publish(&self.db, events, false).await;
        }
        Ok(())
    }

    /// Asks whomever the ladder names next; the dispatcher sends it.
    async fn take_steps(&self) -> Result<(), ApiError> {
        let take = sql!("SELECT to_jsonb(take_escalation_steps(:steps))", steps = STEPS);
        let queued: Option<i64> = self.db.read_one(take).await?;
        self.publisher.publish(&self.db, Vec::new(), queued.is_some_and(|queued| queued > 0)).await;
        Ok(())
    }

    async fn time_to_wait(&self, watcher: Uuid, end: Instant) -> Result<Option<Duration>, ApiError> {
        let left = end.saturating_duration_since(Instant::now()).as_secs_f64();
        let wait = sql!("SELECT coalesce(to_jsonb(seconds_to_wait(:watcher, :left)), 'null')", watcher, left);
        let seconds = self.db.read_one::<Option<f64>>(wait).await?.flatten();
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }
}
