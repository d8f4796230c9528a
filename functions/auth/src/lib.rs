//! `POST /v1/auth/firebase`: who the holder of a Firebase ID token is in this system.

mod sign_in;

use axum::Router;
use shared::{
    App, StartError,
    config::{AppConfig, Env},
    http::{Routes, finish},
};
use utoipa::OpenApi;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let app = App::start(config).await?;
    Ok(finish(routes().with_state(app)))
}

/// The function's routes.
pub fn routes() -> Routes<App> {
    Routes::new().post("/v1/auth/firebase", sign_in::sign_in)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(sign_in::sign_in))]
    struct Api;

    Api::openapi()
}
