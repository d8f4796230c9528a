//! The dispatcher: what a request could not finish itself.
//!
//! It pushes the events that did not go through at once, or whose function died before the push, it
//! sends what is queued for phones, and it speaks first on connections whose protocol asks for that, and
//! pings them. It is rung by functions that left something over, and by a schedule each minute as the safety net. Any number
//! of dispatchers may run at once: a room, a lagging connection and a message belong to one of them at a
//! time.

mod drain;
mod greet;
mod notify;
mod ping;
mod serve_lagging;

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, de::IgnoredAny};
use shared::{
    Cause, StartError,
    config::{DatabaseConfig, Env, NotifyConfig, PingConfig, RealtimeConfig},
    db::Db,
    http::ApiError,
    notify::Channels,
    realtime::{Greeting, Posted, Pusher, Ring},
};

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
    Rung(Ring),
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
            Call::Rung(Ring::Greet(Greeting { connection_id, connected_at })) => {
                self.greet(&connection_id, connected_at).await
            }
            Call::Rung(Ring::Drain(Cause { request_id, trace_id })) => {
                tracing::info!(request_id, trace_id, "rung");
                self.empty().await
            }
            Call::Scheduled(_) => self.make_rounds().await,
        };
        done.map_err(|error| {
            tracing::error!(?error, "an event was not done");
            error.code().as_str().into()
        })
    }

    /// Whatever waits, for connections and for phones.
    async fn empty(&self) -> Result<(), ApiError> {
        let (pushed, sent) = tokio::join!(self.drain(), self.notify());
        pushed.and(sent)
    }

    /// What each minute asks for; each part is worth doing where another fails.
    async fn make_rounds(&self) -> Result<(), ApiError> {
        let (emptied, closed, pinged) = tokio::join!(self.empty(), self.close_the_silent(), self.ping());
        self.report().await?;
        emptied.and(closed).and(pinged)
    }

    /// Closes a connection and forgets it.
    async fn hang_up(&self, connection_id: &str, connected_at: i64) -> Result<(), ApiError> {
        if self.pusher.gateway().hang_up(connection_id).await == Posted::Failed {
            return Err(ApiError::Unavailable("a connection could not be closed".into()));
        }
        self.pusher.connections().close(connection_id, connected_at).await
    }
}
