//! The phones a user is pushed to: registered, listed, forgotten, always their own.

pub mod catalogue;
mod forget;
mod list;
mod register;
mod token;

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
    signed_in: QuietWriter = [register::register_token, forget::forget_token, list::list_tokens];
}
