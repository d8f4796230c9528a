//! Who somebody is in this system: by a Firebase ID token, or, for guards, by a code and a PIN, which are answered with a
//! custom token that Firebase takes.

pub mod catalogue;
mod change_pin;
mod custom_token;
mod guard;
mod sign_in;

use axum::Router;
use shared::{
    App, StartError,
    config::{AppConfig, CallingConfig, Env, read_service_account},
    http::{authenticated, finish},
    write::Writer,
};

use guard::Gatekeeper;

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (config, calling) = (AppConfig::read(&mut env), CallingConfig::read(&mut env));
    let account = read_service_account(&mut env);
    env.finish()?;
    let gatekeeper = Gatekeeper::new(Writer::open(config, &calling).await?, account.as_ref())?;
    let writer = gatekeeper.writer.clone();
    let app = writer.app().clone();
    let signed_in = authenticated(&app, signed_in().with_state(writer));
    Ok(finish(anyone().with_state(app).merge(at_gates().with_state(gatekeeper)).merge(signed_in)))
}

shared::endpoints! {
    anyone: App = [sign_in::sign_in];
    /// Those for the phone of a gate, where nobody is signed in yet.
    at_gates: Gatekeeper = [guard::sign_in_guard];
    signed_in: Writer = [change_pin::change_pin];
}
