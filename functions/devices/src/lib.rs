//! The phones a user is pushed to: registered, listed, forgotten, always his own.

mod forget;
mod list;
mod register;
mod token;

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
    Routes::new()
        .post("/v1/fcm-token", register::register_token)
        .delete("/v1/fcm-token", forget::forget_token)
        .get("/v1/fcm-tokens", list::list_tokens)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(register::register_token, forget::forget_token, list::list_tokens))]
    struct Api;

    Api::openapi()
}
