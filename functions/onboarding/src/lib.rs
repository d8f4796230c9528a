//! From a city down to a flat: what a new user walks through to find his home.
//!
//! The tree is open to every user; who lives where is told only to those with a part in the society.

mod flats;
mod tree;

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
        .get("/v1/cities", tree::list_cities)
        .get("/v1/societies", tree::list_societies)
        .get("/v1/complexes", tree::list_complexes)
        .get("/v1/blocks", tree::list_blocks)
        .get("/v1/flats", flats::list_flats)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(
        tree::list_cities,
        tree::list_societies,
        tree::list_complexes,
        tree::list_blocks,
        flats::list_flats
    ))]
    struct Api;

    Api::openapi()
}
