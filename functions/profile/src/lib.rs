//! `GET /v1/profile/me`: everything an app shows its user about himself.

mod me;

use axum::Router;
use shared::{
    App, StartError,
    config::{AppConfig, Env},
    http::{Routes, authenticated, finish},
};
use utoipa::OpenApi;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let app = App::start(config).await?;
    Ok(finish(authenticated(&app, routes().with_state(app.clone()))))
}

/// The function's routes.
pub fn routes() -> Routes<App> {
    Routes::new().get("/v1/profile/me", me::get_me)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(me::get_me))]
    struct Api;

    Api::openapi()
}
