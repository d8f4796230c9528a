//! What a guard's phone needs beside the visitors: its registration, and who is expected today.

mod expected;
mod register_device;

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
        .route("/v1/guards/register-device", post(register_device::register_device))
        .route("/v1/society/{society_id}/expected-visitors", get(expected::list_expected))
        .route("/v1/guards/society/{society_id}/expected-visitors", get(expected::list_expected))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
