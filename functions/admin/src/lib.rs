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
    StartError,
    config::{AppConfig, CallingConfig, Env},
    http::{authenticated, finish},
    write::Writer,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &calling).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, signed_in().with_state(writer))))
}

shared::endpoints! {
    signed_in: Writer = [verify::verify_audit, export::export_audit];
}
