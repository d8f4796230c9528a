//! `/v1/profile/me`: everything an app shows its user about themselves, and what they change of it.

mod change;
mod me;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, Env},
    http::{Routes, authenticated, finish},
    write::QuietWriter,
};
use utoipa::OpenApi;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let writer = QuietWriter::quiet(config).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, routes().with_state(writer))))
}

/// The function's routes.
pub fn routes() -> Routes<QuietWriter> {
    Routes::new().get("/v1/profile/me", me::get_me).patch("/v1/profile/me", change::change_me)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(me::get_me, change::change_me))]
    struct Api;

    Api::openapi()
}
