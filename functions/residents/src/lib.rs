//! How someone becomes a resident: he asks, an admin who may decide about that flat decides, once.

mod decide;
mod ensure_occupancy;
mod list;
mod my_flats;
mod reject_many;
mod request;
mod submit;

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
        .get("/v1/resident-requests", list::list_requests)
        .post("/v1/resident-requests", submit::submit_request)
        .post("/v1/resident-requests/reject", reject_many::reject_many_requests)
        .post("/v1/resident-requests/{id}/approve", decide::approve_request)
        .post("/v1/resident-requests/{id}/reject", decide::reject_request)
        .get("/v1/my-flats", my_flats::list_my_flats)
        .get("/v1/resident-requests/my-flats", my_flats::list_my_flats)
        .post("/v1/ensure-occupancy", ensure_occupancy::ensure_occupancy)
        .post("/v1/resident-requests/ensure-occupancy", ensure_occupancy::ensure_occupancy)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        submit::submit_request,
        list::list_requests,
        decide::approve_request,
        decide::reject_request,
        reject_many::reject_many_requests,
        my_flats::list_my_flats,
        ensure_occupancy::ensure_occupancy,
    ))]
    struct Api;

    also_at(
        also_at(Api::openapi(), "/v1/my-flats", "/v1/resident-requests/my-flats"),
        "/v1/ensure-occupancy",
        "/v1/resident-requests/ensure-occupancy",
    )
}
