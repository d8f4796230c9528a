//! The janitor: what time asks for and no request does. A schedule calls it.

mod forget_events;

use lambda_runtime::{Error, LambdaEvent};
use serde::de::IgnoredAny;
use shared::{
    StartError,
    config::{DatabaseConfig, Env},
    db::Db,
};

/// Reads the configuration and opens the database.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Janitor, StartError> {
    let database = DatabaseConfig::read(&mut env);
    env.finish()?;
    let db = Db::new(&database)?;
    db.warm().await;
    Ok(Janitor { db })
}

/// What every round needs.
#[derive(Clone)]
pub struct Janitor {
    db: Db,
}

impl Janitor {
    /// Makes a round. The event says nothing that matters.
    ///
    /// # Errors
    /// The database is down; the next round does what this one left.
    pub async fn handle(&self, _: LambdaEvent<IgnoredAny>) -> Result<(), Error> {
        self.forget_events().await.map_err(|error| {
            tracing::error!(?error, "a round was not finished");
            error.code().as_str().into()
        })
    }
}
