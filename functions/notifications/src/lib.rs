//! Messages to phones, as their owners see them: what came, and what they want to be sent.

mod clock;
mod preferences;
mod receipt;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, CallingConfig, Env},
    http::{Routes, authenticated, finish},
    write::Writer,
};
use utoipa::OpenApi;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &calling).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, routes().with_state(writer))))
}

/// The function's routes.
pub fn routes() -> Routes<Writer> {
    Routes::new()
        .post("/v1/notifications/{id}/receipt", receipt::note_receipt)
        .get("/v1/notification-preferences", preferences::get_preferences)
        .post("/v1/notification-preferences", preferences::set_preferences)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(receipt::note_receipt, preferences::get_preferences, preferences::set_preferences))]
    struct Api;

    Api::openapi()
}
