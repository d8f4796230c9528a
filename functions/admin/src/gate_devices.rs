//! Phones that stand at gates: the codes that register them, and their end.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    digest::sha256,
    http::{Answer, ApiError, List, Scoped},
    input::{Body, Cursor, NoInput, Page, PathId, Query},
    openapi::{Forbidden, NotFound},
    statement,
    text::{DEVICE_CODE_LENGTH, random_code},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{gates::FORBIDDEN, guards::no_randomness};

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AboutDeviceCode {
    id: Uuid,
    gate_id: Uuid,
    gate_name: String,
    /// A quarter of an hour after it was asked for.
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NewDeviceCode {
    #[serde(flatten)]
    about: AboutDeviceCode,
    /// What is typed on the phone, once. It is answered once: null in a repetition.
    device_code: Option<String>,
}

/// A phone that stands, or stood, at a gate.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct GateDevice {
    id: Uuid,
    society_id: Uuid,
    gate_id: Uuid,
    gate_name: String,
    registered_at: Timestamp,
    last_sign_in_at: Option<Timestamp>,
    /// Since when nobody signs in there any more.
    revoked_at: Option<Timestamp>,
    revoked_by: Option<Uuid>,
}

/// Answers a code that registers one phone at a gate within a quarter of an hour.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/gates/{id}/device-codes",
    params(("id" = Uuid, Path, description = "The gate")), request_body = NoInput,
    responses((status = 201, body = Answer<NewDeviceCode>), Forbidden, NotFound))]
pub(crate) async fn create_device_code(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(gate): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such gate.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let code = random_code(DEVICE_CODE_LENGTH).ok_or_else(no_randomness)?;
    let digest = sha256(&code);
    let change = change!("create_device_code.sql", id = Uuid::now_v7(), gate, code = digest.as_slice());
    let written = writer.write::<AboutDeviceCode>(writing, change).await?;
    let device_code = (!written.is_replayed()).then_some(code);
    Ok(written.map(|about| NewDeviceCode { about, device_code }).with_status(StatusCode::CREATED))
}

/// Lists the phones that stand, or stood, at the gates of a society, newest first.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/gate-devices",
    params(("id" = Uuid, Path, description = "The society"), Page),
    responses((status = 200, body = List<GateDevice>), Forbidden, NotFound))]
pub(crate) async fn list_gate_devices(
    State(app): State<App>,
    caller: Caller,
    PathId(society): PathId,
    Query(page): Query<Page>,
) -> Result<List<GateDevice>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<GateDevice>>>(statement!(
            "list_gate_devices.sql",
            caller = caller.user_id(),
            society,
            before_at = page.cursor.at,
            before_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    let devices = Scoped::allowed(row, "There is no such society.")?;
    Ok(List::page(devices, page.limit, |last| Cursor { at: last.registered_at.0, id: last.id }))
}

/// Takes a phone off its gate: the guards who signed in there are signed out, everywhere.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/gate-devices/{id}/revoke",
    params(("id" = Uuid, Path, description = "The phone")), request_body = NoInput,
    responses((status = 200, body = Answer<GateDevice>), Forbidden, NotFound))]
pub(crate) async fn revoke_gate_device(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(device): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such phone at a gate.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer.write::<GateDevice>(writing, change!("revoke_gate_device.sql", device)).await?;
    Ok(written.with_status(StatusCode::OK))
}
