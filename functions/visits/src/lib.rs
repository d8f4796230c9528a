//! Visits: in at the gate, out at the gate, and who was here when.

mod checkin;
mod checkout;
mod list;
mod visit;

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
        .route("/v1/visits", get(list::list_visits))
        .route("/v1/visits/checkin", post(checkin::check_in))
        .route("/v1/visits/checkout", post(checkout::check_out))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
