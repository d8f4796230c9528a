//! What a guard's phone needs beside the visitors: its registration, and who is expected today.

mod expected;
mod register_device;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, Env},
    http::{Routes, authenticated, finish},
    openapi::also_at,
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
        .post("/v1/guards/register-device", register_device::register_device)
        .get("/v1/society/{society_id}/expected-visitors", expected::list_expected)
        .get("/v1/guards/society/{society_id}/expected-visitors", expected::list_expected)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(register_device::register_device, expected::list_expected))]
    struct Api;

    also_at(
        Api::openapi(),
        "/v1/society/{society_id}/expected-visitors",
        "/v1/guards/society/{society_id}/expected-visitors",
    )
}
