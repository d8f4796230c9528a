//! The phones a user is pushed to: registered, listed, forgotten, always his own.

mod forget;
mod list;
mod register;
mod token;

use axum::{
    Router,
    routing::{get, post},
};
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
    let routes = Router::new()
        .route("/v1/fcm-token", post(register::register_token).delete(forget::forget_token))
        .route("/v1/fcm-tokens", get(list::list_tokens))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
