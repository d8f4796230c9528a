//! Visitors: logged at the gate, answered by the flat, listed for those they concern.

mod clear_rejected;
mod create;
mod decide;
mod decide_page;
mod decide_visitor;
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
mod withdraw;

use axum::Router;
use shared::{
    StartError,
    config::{AppConfig, CallingConfig, Env, LinkConfig},
    http::{Route, Routes, authenticated, finish},
    notify::DecisionLinks,
    write::Writer,
};
use utoipa::OpenApi;

use decide::Decider;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    let links = LinkConfig::read(&mut env);
    env.finish()?;
    let writer = Writer::open(config, &calling).await?;
    let app = writer.app().clone();
    let by_link = Decider { writer: writer.clone(), links: DecisionLinks::new(&links) };
    Ok(finish(authenticated(&app, signed_in().with_state(writer)).merge(linked().with_state(by_link))))
}

/// The function's routes.
pub fn routes() -> Vec<Route> {
    [signed_in().list(), linked().list()].concat()
}

/// Those for the holder of a decision link, who needs no other token.
fn linked() -> Routes<Decider> {
    Routes::new()
        .get("/v1/decide", decide_page::show_decide_page)
        .post("/v1/decide", decide::decide)
        .post("/v1/decide/visitor", decide_visitor::show_visitor)
}

/// Those for whoever has signed in.
fn signed_in() -> Routes<Writer> {
    Routes::new()
        .post("/v1/visitors", create::create_visitor)
        .get("/v1/visitors", list::list_visitors)
        .get("/v1/visitors/pending", pending::list_pending)
        .get("/v1/visitors/pending-count", pending::count_pending)
        .post("/v1/visitors/guest-pass", guest_pass::create_guest_pass)
        .delete("/v1/visitors/rejected", clear_rejected::clear_rejected)
        // Whatever a scanner read, slashes included.
        .get("/v1/visitors/by-qr/{*qr_code}", scan::find_by_qr)
        .get("/v1/visitors/by-access-code/{code}", scan::find_by_access_code)
        .post("/v1/visitors/{id}/guard-respond", guard_respond::guard_respond)
        .post("/v1/visitors/{id}/send-invite", send_invite::send_invite)
        .get("/v1/visitors/{id}", get::get_visitor)
        .post("/v1/visitors/{id}/respond", respond::respond)
        .post("/v1/visitors/{id}/withdraw", withdraw::withdraw)
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
            decide_page::show_decide_page,
            decide::decide,
            decide_visitor::show_visitor,
            scan::find_by_qr,
            scan::find_by_access_code,
            get::get_visitor,
            respond::respond,
            guard_respond::guard_respond,
            send_invite::send_invite,
            withdraw::withdraw,
        ),
        components(schemas(pass_code::AccessCode))
    )]
    struct Api;

    Api::openapi()
}
