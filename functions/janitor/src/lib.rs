//! The janitor: what time asks for and no request does. Schedules call it: each minute for deadlines and
//! the steps before them, each hour for what is kept too long.

mod anchor_audit;
mod clean;
mod make_partitions;
mod watch;

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, de::IgnoredAny};
use shared::{
    StartError,
    config::{CallingConfig, DatabaseConfig, Env},
    db::Db,
    realtime::Publisher,
};

/// Reads the configuration and opens the database.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Janitor, StartError> {
    let database = DatabaseConfig::read(&mut env);
    let calling = CallingConfig::read(&mut env);
    env.finish()?;
    let (db, publisher) = (Db::new(&database)?, Publisher::start(&calling));
    tokio::join!(db.warm(), publisher.warm());
    Ok(Janitor { db, publisher })
}

/// What every round needs.
#[derive(Clone)]
pub struct Janitor {
    db: Db,
    publisher: Publisher,
}

/// What the janitor is called for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// One of its tasks, by name.
    Named(Task),
    /// The hourly schedule, whose event says nothing that matters.
    Scheduled(IgnoredAny),
}

/// A task that an event names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Deadlines, and the steps before them.
    Watch {},
}

impl Janitor {
    /// Makes a round.
    ///
    /// # Errors
    /// The database is down; the next round does what this one left.
    pub async fn handle(&self, event: LambdaEvent<Call>) -> Result<(), Error> {
        let done = match event.payload {
            Call::Named(Task::Watch {}) => self.watch().await,
            Call::Scheduled(_) => self.clean().await,
        };
        done.map_err(|error| {
            tracing::error!(?error, "a round was not finished");
            error.code().as_str().into()
        })
    }
}
