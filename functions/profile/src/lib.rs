//! `GET /v1/profile/me`: everything an app shows its user about himself.

mod me;

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
    let routes = Router::new().route("/v1/profile/me", get(me::get_me)).with_state(app.clone());
    Ok(finish(authenticated(&app, routes)))
}
