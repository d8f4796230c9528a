//! `/v1/profile/me`: everything an app shows its user about themselves, and what they change of it.

pub mod catalogue;
mod change;
mod me;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, Env},
    http::{authenticated, finish},
    write::QuietWriter,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let writer = QuietWriter::quiet(config).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, signed_in().with_state(writer))))
}

shared::endpoints! {
    signed_in: QuietWriter = [me::get_me, change::change_me];
}
