//! What admins of a society do beside the gate: they set it up and change it, grant roles, read the audit, and verify that
//! nobody changed it.

mod anchor;
mod audit_list;
pub mod catalogue;
mod export;
mod files;
mod gate_devices;
mod gates;
mod guards;
mod places;
mod residents;
mod roles;
mod roster;
mod templates;
mod verify;
mod words;

pub use anchor::{Anchor, Position};
pub use export::{Line, lines};
pub use verify::{Finding, Page, Start};

use axum::{Router, extract::DefaultBodyLimit};
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
    // A file is larger than any other body. Lambda takes 6 MB (AWS Lambda developer guide, quotas).
    let files = files().with_state(writer.clone()).layer(DefaultBodyLimit::max(6_000_000));
    Ok(finish(authenticated(&app, signed_in().with_state(writer).merge(files))))
}

shared::endpoints! {
    schemas: [guards::Flag];
    signed_in: Writer = [
        verify::verify_audit,
        export::export_audit,
        audit_list::list_audit,
        places::create_society,
        places::list_managed_societies,
        places::get_society,
        places::change_society,
        places::create_complex,
        places::change_complex,
        places::create_block,
        places::change_block,
        places::create_flat,
        places::change_flat,
        places::get_policies,
        places::set_policies,
        places::get_steps,
        places::set_steps,
        templates::list_templates,
        templates::create_template,
        templates::change_template,
        roles::list_roles,
        roles::grant_role,
        roles::revoke_role,
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
        residents::list_residents,
        residents::move_in,
        residents::move_out,
        residents::withdraw_claim,
        files::get_import,
        files::go_on_with_import,
        files::export_residents,
    ];
    files: Writer = [files::import_residents];
}
