//! How someone becomes a resident: they ask, an admin who may decide about that flat decides, once.

pub mod catalogue;
mod decide;
mod ensure_occupancy;
mod list;
mod my_flats;
mod reject_many;
mod request;
mod submit;

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
        list::list_requests,
        submit::submit_request,
        reject_many::reject_many_requests,
        decide::approve_request,
        decide::reject_request,
        my_flats::list_my_flats,
        my_flats::list_my_flats_alias,
        ensure_occupancy::ensure_occupancy,
        ensure_occupancy::ensure_occupancy_alias,
    ];
}
