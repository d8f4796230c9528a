//! The dispatcher: what a request could not finish itself, and what time asks for.
//!
//! It pushes the events that did not go through at once, or whose function died before the push, it sends what is queued
//! for phones, ends the waiting of visitors whom nobody answers, speaks first on connections whose protocol asks for that,
//! and pings them. It is invoked by functions that left something over, and by a schedule each minute as the safety net. Any
//! number of dispatchers may run at once: a room, a lagging connection, a message and a visitor belong to one of them at a
//! time. How many do is bounded by turns.

mod counts;
mod drain;
mod greet;
mod notify;
mod ping;
mod serve_lagging;
mod turns;
mod watch;

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, de::IgnoredAny};
use shared::{
    Cause, StartError, StoreError,
    config::{DatabaseConfig, Env, NotifyConfig, PingConfig, RealtimeConfig},
    db::Db,
    notify::Channels,
    realtime::{Greeting, Outbox, Posted, Pusher, Task},
};

use turns::Works;

/// Reads the configuration and opens what every event needs.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Dispatcher, StartError> {
    let database = DatabaseConfig::read(&mut env);
    let realtime = RealtimeConfig::read(&mut env);
    let notify = NotifyConfig::read(&mut env);
    let pings = PingConfig::read(&mut env);
    env.finish()?;
    let (db, pusher) = (Db::new(&database)?, Pusher::start(&realtime));
    let channels = Channels::start(notify, &realtime)?;
    tokio::join!(db.warm(), pusher.warm());
    Ok(Dispatcher { db, pusher, channels, pings })
}

/// What every event needs.
#[derive(Clone)]
pub struct Dispatcher {
    db: Db,
    pusher: Pusher,
    channels: Channels,
    pings: PingConfig,
}

/// Who calls: another function, or the schedule, whose event says nothing that matters.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// Another function.
    Invoked(Task),
    /// The schedule.
    Scheduled(IgnoredAny),
}

impl Dispatcher {
    /// Does what the event asks for.
    ///
    /// # Errors
    /// A store is down; Lambda repeats the event of another function, and the schedule repeats itself.
    pub async fn handle(&self, event: LambdaEvent<Call>) -> Result<(), Error> {
        let done = match event.payload {
            Call::Invoked(Task::Greet(Greeting { connection_id, connected_at })) => {
                self.greet(&connection_id, connected_at).await
            }
            Call::Invoked(task @ (Task::Drain { .. } | Task::Send(_) | Task::Watch(_))) => {
                if let Some(Cause { request_id, trace_id }) = task.cause() {
                    tracing::info!(request_id, trace_id, "invoked");
                }
                self.answer(&task).await
            }
            Call::Scheduled(_) => self.make_rounds().await,
        };
        done.map_err(|error| {
            tracing::error!(?error, "an event was not done");
            error.code().as_str().into()
        })
    }

    /// What a function has left.
    async fn answer(&self, task: &Task) -> Result<(), StoreError> {
        let held = matches!(task, Task::Drain { held: true, .. }).then_some(Outbox::LEASE);
        let works = match task {
            Task::Drain { .. } => Works { push: true, send: true, watch: false },
            Task::Watch(_) => Works { push: false, send: true, watch: true },
            Task::Send(_) | Task::Greet(_) => Works { push: false, send: true, watch: false },
        };
        self.work(works, false, held).await
    }

    /// What each minute asks for; each part is worth doing where another fails.
    async fn make_rounds(&self) -> Result<(), StoreError> {
        let all = Works { push: true, send: true, watch: true };
        let (reported, worked, closed, pinged) =
            tokio::join!(self.report(), self.work(all, true, None), self.close_the_silent(), self.ping());
        reported.and(worked).and(closed).and(pinged)
    }

    /// Closes a connection and forgets it.
    async fn hang_up(&self, connection_id: &str, connected_at: i64) -> Result<(), StoreError> {
        if self.pusher.gateway().hang_up(connection_id).await == Posted::Failed {
            return Err(StoreError::Unavailable("a connection could not be closed".into()));
        }
        self.pusher.connections().close(connection_id, connected_at).await
    }
}
