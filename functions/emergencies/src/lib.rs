//! Emergencies: a resident calls, a guard takes it on, and resolves it; each step happens once.

mod emergency;
mod list;
mod report;
mod resolve_many;
mod step;

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
        .get("/v1/emergencies", list::list_emergencies)
        .post("/v1/emergencies", report::report_emergency)
        .post("/v1/emergencies/resolve", resolve_many::resolve_many_emergencies)
        .post("/v1/emergencies/{id}/address", step::address_emergency)
        .post("/v1/emergencies/{id}/resolve", step::resolve_emergency)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        report::report_emergency,
        step::address_emergency,
        step::resolve_emergency,
        resolve_many::resolve_many_emergencies,
        list::list_emergencies
    ))]
    struct Api;

    Api::openapi()
}
