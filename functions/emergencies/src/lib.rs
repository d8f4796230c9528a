//! Emergencies: a resident calls, a guard takes it on, and resolves it; each step happens once.

pub mod catalogue;
mod emergency;
mod list;
mod report;
mod resolve_many;
mod step;

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
    signed_in: Writer = [
        list::list_emergencies,
        report::report_emergency,
        resolve_many::resolve_many_emergencies,
        step::address_emergency,
        step::resolve_emergency,
    ];
}
