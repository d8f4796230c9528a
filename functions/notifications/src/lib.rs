//! Messages to phones, as their owners see them: what came, and what they want to be sent.

pub mod catalogue;
mod preferences;
mod receipt;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, CallingConfig, Env},
    http::{authenticated, finish},
    write::Writer,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &calling).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, signed_in().with_state(writer))))
}

shared::endpoints! {
    signed_in: Writer = [
        receipt::note_receipt,
        preferences::get_preferences,
        preferences::set_preferences,
    ];
}
