//! The janitor: what is kept too long goes, and what is needed later is made ahead. A schedule calls it each hour.

mod anchor_audit;
mod clean;
mod make_partitions;

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
    /// Makes a round, whatever the event says.
    ///
    /// # Errors
    /// The database is down; the next round does what this one left.
    pub async fn handle(&self, _: LambdaEvent<IgnoredAny>) -> Result<(), Error> {
        self.clean().await.map_err(|error| {
            tracing::error!(?error, "a round was not finished");
            error.code().as_str().into()
        })
    }
}
