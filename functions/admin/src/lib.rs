//! What admins of a society do beside the gate: they read the audit, and verify that nobody changed it.

mod anchor;
mod export;
mod verify;

pub use anchor::{Anchor, Position};
pub use export::{Line, lines};
pub use verify::{Finding, Page, Start};

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
    Routes::new()
        .get("/v1/admin/audit/verify", verify::verify_audit)
        .get("/v1/admin/audit/export", export::export_audit)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(verify::verify_audit, export::export_audit))]
    struct Api;

    Api::openapi()
}
