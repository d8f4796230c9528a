//! Emergencies: a resident calls, a guard takes it on, and resolves it; each step happens once.

mod emergency;
mod list;
mod report;
mod step;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    StartError,
    config::{AppConfig, Env, RealtimeConfig},
    http::{authenticated, finish},
    write::Writer,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, realtime) = (AppConfig::read(&mut env), RealtimeConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &realtime).await?;
    let app = writer.app().clone();
    let routes = Router::new()
        .route("/v1/emergencies", get(list::list_emergencies).post(report::report_emergency))
        .route("/v1/emergencies/{id}/address", post(step::address_emergency))
        .route("/v1/emergencies/{id}/resolve", post(step::resolve_emergency))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
