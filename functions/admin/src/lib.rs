//! What admins of a society do beside the gate: they read the audit, and verify that nobody changed it.

mod anchor;
pub mod catalogue;
mod export;
mod gate_devices;
mod gates;
mod guards;
mod roster;
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
    schemas: [guards::Flag];
    signed_in: Writer = [
        verify::verify_audit,
        export::export_audit,
        gates::create_gate,
        gates::change_gate,
        gates::list_gates,
        guards::create_guard,
        guards::list_guards,
        guards::change_guard,
        guards::activate_guard,
        guards::deactivate_guard,
        guards::give_pin,
        guards::unlock_guard,
        roster::set_assignments,
        roster::get_assignments,
        roster::set_shifts,
        roster::get_shifts,
        gate_devices::create_device_code,
        gate_devices::list_gate_devices,
        gate_devices::revoke_gate_device,
    ];
}
