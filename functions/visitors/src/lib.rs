//! Visitors: logged at the gate, answered by the flat, listed for those they concern.

mod create;
mod get;
mod list;
mod pending;
mod respond;
mod visitor;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    App, StartError,
    config::{AppConfig, Env, RealtimeConfig},
    http::{authenticated, finish},
    write::Writer,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, realtime) = (AppConfig::read(&mut env), RealtimeConfig::read(&mut env));
    env.finish()?;
    let app = App::start(config).await?;
    let routes = Router::new()
        .route("/v1/visitors", post(create::create_visitor).get(list::list_visitors))
        .route("/v1/visitors/pending", get(pending::list_pending))
        .route("/v1/visitors/pending-count", get(pending::count_pending))
        .route("/v1/visitors/{id}", get(get::get_visitor))
        .route("/v1/visitors/{id}/respond", post(respond::respond))
        .with_state(Writer::new(app.clone(), &realtime));
    Ok(finish(authenticated(&app, routes)))
}
