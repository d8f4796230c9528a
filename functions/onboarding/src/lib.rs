//! From a city down to a flat: what a new user walks through to find their home.
//!
//! The tree is open to every user; who lives where is told only to those with a part in the society.

pub mod catalogue;
mod flats;
mod tree;

use axum::Router;
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
    Ok(finish(authenticated(&app, signed_in().with_state(app.clone()))))
}

shared::endpoints! {
    signed_in: App = [
        tree::list_cities,
        tree::list_societies,
        tree::list_complexes,
        tree::list_blocks,
        flats::list_flats,
    ];
}
