//! Visitors: logged at the gate, answered by the flat, listed for those they concern.

mod clear_rejected;
mod create;
mod get;
mod guard_respond;
mod guest_pass;
mod list;
mod pass_code;
mod pending;
mod respond;
mod scan;
mod send_invite;
mod visitor;

use axum::{
    Router,
    routing::{delete, get, post},
};
use shared::{
    StartError,
    config::{AppConfig, Env, RealtimeConfig},
    http::{authenticated, finish},
    write::Writer,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, realtime) = (AppConfig::read(&mut env), RealtimeConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &realtime).await?;
    let app = writer.app().clone();
    let routes = Router::new()
        .route("/v1/visitors", post(create::create_visitor).get(list::list_visitors))
        .route("/v1/visitors/pending", get(pending::list_pending))
        .route("/v1/visitors/pending-count", get(pending::count_pending))
        .route("/v1/visitors/guest-pass", post(guest_pass::create_guest_pass))
        .route("/v1/visitors/rejected", delete(clear_rejected::clear_rejected))
        .route("/v1/visitors/by-qr/{qr_code}", get(scan::find_by_qr))
        .route("/v1/visitors/by-access-code/{code}", get(scan::find_by_access_code))
        .route("/v1/visitors/{id}/guard-respond", post(guard_respond::guard_respond))
        .route("/v1/visitors/{id}/send-invite", post(send_invite::send_invite))
        .route("/v1/visitors/{id}", get(get::get_visitor))
        .route("/v1/visitors/{id}/respond", post(respond::respond))
        .with_state(writer);
    Ok(finish(authenticated(&app, routes)))
}
