//! Visits: in at the gate, out at the gate, and who was here when.

pub mod catalogue;
mod checkin;
mod checkout;
mod list;
mod visit;

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
    signed_in: Writer = [list::list_visits, checkin::check_in, checkout::check_out];
}
