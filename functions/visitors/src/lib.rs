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

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, CallingConfig, Env},
    http::{Routes, authenticated, finish},
    write::Writer,
};
use utoipa::OpenApi;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    env.finish()?;
    let writer = Writer::open(config, &calling).await?;
    let app = writer.app().clone();
    Ok(finish(authenticated(&app, routes().with_state(writer))))
}

/// The function's routes.
pub fn routes() -> Routes<Writer> {
    Routes::new()
        .post("/v1/visitors", create::create_visitor)
        .get("/v1/visitors", list::list_visitors)
        .get("/v1/visitors/pending", pending::list_pending)
        .get("/v1/visitors/pending-count", pending::count_pending)
        .post("/v1/visitors/guest-pass", guest_pass::create_guest_pass)
        .delete("/v1/visitors/rejected", clear_rejected::clear_rejected)
        .get("/v1/visitors/by-qr/{qr_code}", scan::find_by_qr)
        .get("/v1/visitors/by-access-code/{code}", scan::find_by_access_code)
        .post("/v1/visitors/{id}/guard-respond", guard_respond::guard_respond)
        .post("/v1/visitors/{id}/send-invite", send_invite::send_invite)
        .get("/v1/visitors/{id}", get::get_visitor)
        .post("/v1/visitors/{id}/respond", respond::respond)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        paths(
            create::create_visitor,
            list::list_visitors,
            pending::list_pending,
            pending::count_pending,
            guest_pass::create_guest_pass,
            clear_rejected::clear_rejected,
            scan::find_by_qr,
            scan::find_by_access_code,
            get::get_visitor,
            respond::respond,
            guard_respond::guard_respond,
            send_invite::send_invite,
        ),
        components(schemas(pass_code::AccessCode))
    )]
    struct Api;

    Api::openapi()
}
