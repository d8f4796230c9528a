//! What admins of a society do beside the gate: they read the audit, and verify that nobody changed it.

mod anchor;
pub mod catalogue;
mod export;
mod verify;

pub use anchor::{Anchor, Position};
pub use export::{Line, lines};
pub use verify::{Finding, Page, Start};

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
    signed_in: App = [verify::verify_audit, export::export_audit];
}
