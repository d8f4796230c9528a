//! From a city down to a flat: what a new user walks through to find his home.
//!
//! The tree is open to every user; who lives where is told only to those with a part in the society.

mod flats;
mod tree;

use axum::{Router, routing::get};
use shared::{
    App, StartError,
    config::{AppConfig, Env},
    http::{authenticated, finish},
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let app = App::start(config).await?;
    let routes = Router::new()
        .route("/v1/cities", get(tree::list_cities))
        .route("/v1/societies", get(tree::list_societies))
        .route("/v1/complexes", get(tree::list_complexes))
        .route("/v1/blocks", get(tree::list_blocks))
        .route("/v1/flats", get(flats::list_flats))
        .with_state(app.clone());
    Ok(finish(authenticated(&app, routes)))
}
