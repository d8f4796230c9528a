//! Visitors: logged at the gate, answered by the flat, listed for those they concern.

pub mod catalogue;
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
    decision_link::DecisionLinks,
    http::{authenticated, finish},
    write::Writer,
};

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

shared::endpoints! {
    schemas: [pass_code::AccessCode];
    /// Those for the holder of a decision link, who needs no other token.
    linked: Decider = [decide_page::show_decide_page, decide::decide, decide_visitor::show_visitor];
    signed_in: Writer = [
        create::create_visitor,
        list::list_visitors,
        pending::list_pending,
        pending::count_pending,
        guest_pass::create_guest_pass,
        clear_rejected::clear_rejected,
        scan::find_by_qr,
        scan::find_by_access_code,
        guard_respond::guard_respond,
        send_invite::send_invite,
        get::get_visitor,
        respond::respond,
        withdraw::withdraw,
    ];
}
