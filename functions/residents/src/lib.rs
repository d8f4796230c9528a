//! How someone becomes a resident: he asks, an admin who may decide about that flat decides, once.

mod decide;
mod ensure_occupancy;
mod list;
mod my_flats;
mod request;
mod submit;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    StartError,
    config::{AppConfig, Env},
    http::{authenticated, finish},
    write::QuietWriter,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let writer = QuietWriter::quiet(config).await?;
    let app = writer.app().clone();
    let routes = Router::new()
        .route("/v1/resident-requests", get(list::list_requests).post(submit::submit_request))
        .route("/v1/resident-requests/{id}/approve", post(decide::approve_request))
        .route("/v1/resident-requests/{id}/reject", post(decide::reject_request))
        .route("/v1/my-flats", get(my_flats::list_my_flats))
        .route("/v1/resident-requests/my-flats", get(my_flats::list_my_flats))
        .route("/v1/ensure-occupancy", post(ensure_occupancy::ensure_occupancy))
        .route("/v1/resident-requests/ensure-occupancy", post(ensure_occupancy::ensure_occupancy))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
