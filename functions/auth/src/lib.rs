//! `POST /v1/auth/firebase`: who the holder of a Firebase ID token is in this system.

pub mod catalogue;
mod sign_in;

use axum::Router;
use shared::{
    App, StartError,
    config::{AppConfig, Env},
    http::finish,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let config = AppConfig::read(&mut env);
    env.finish()?;
    let app = App::start(config).await?;
    Ok(finish(anyone().with_state(app)))
}

shared::endpoints! {
    anyone: App = [sign_in::sign_in];
}
