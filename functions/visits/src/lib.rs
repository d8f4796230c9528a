//! Visits: in at the gate, out at the gate, and who was here when.

mod checkin;
mod checkout;
mod list;
mod visit;

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
        .get("/v1/visits", list::list_visits)
        .post("/v1/visits/checkin", checkin::check_in)
        .post("/v1/visits/checkout", checkout::check_out)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(checkin::check_in, checkout::check_out, list::list_visits))]
    struct Api;

    Api::openapi()
}
