//! What a guard's phone needs beside the visitors: its registration, and who is expected today.

pub mod catalogue;
mod expected;
mod register_device;

use axum::Router;
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
    Ok(finish(authenticated(&app, signed_in().with_state(writer))))
}

shared::endpoints! {
    signed_in: QuietWriter = [
        register_device::register_device,
        expected::list_expected,
        expected::list_expected_alias,
    ];
}
