//! The gates of a society.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, List, Scoped},
    input::{Body, Cursor, FromFields, Page, PathId, Query},
    openapi::{Forbidden, NotFound},
    statement,
    text::ShortText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody without the right is told.
pub(crate) const FORBIDDEN: &str = "Only an admin of the society sets up its gates and guards.";

#[derive(ToSchema, FromFields)]
pub(crate) struct NewGate {
    society_id: Uuid,
    name: ShortText,
}

/// What stays as it is where it is not said.
#[derive(ToSchema, FromFields)]
pub(crate) struct GateChange {
    name: Option<ShortText>,
    /// Nobody signs in at a closed gate.
    active: Option<bool>,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Gate {
    id: Uuid,
    society_id: Uuid,
    name: String,
    active: bool,
    created_at: Timestamp,
}

/// Makes a gate.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/gates", request_body = NewGate,
    responses((status = 201, body = Answer<Gate>), Forbidden, NotFound))]
pub(crate) async fn create_gate(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewGate>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such society.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer
        .write::<Gate>(
            writing,
            change!("create_gate.sql", id = Uuid::now_v7(), society = input.society_id, name = input.name),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

/// Renames, closes or opens a gate.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(patch, path = "/v1/admin/gates/{id}", params(("id" = Uuid, Path, description = "The gate")),
    request_body = GateChange, responses((status = 200, body = Answer<Gate>), Forbidden, NotFound))]
pub(crate) async fn change_gate(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<GateChange>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such gate.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let change = change!("change_gate.sql", gate = id, name = input.name, active = input.active);
    Ok(writer.write::<Gate>(writing, change).await?.with_status(StatusCode::OK))
}

/// Lists the gates of a society, newest first.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/gates",
    params(("id" = Uuid, Path, description = "The society"), Page),
    responses((status = 200, body = List<Gate>), Forbidden, NotFound))]
pub(crate) async fn list_gates(
    State(app): State<App>,
    caller: Caller,
    PathId(society): PathId,
    Query(page): Query<Page>,
) -> Result<List<Gate>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<Gate>>>(statement!(
            "list_gates.sql",
            caller = caller.user_id(),
            society,
            before_at = page.cursor.at,
            before_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    let gates = Scoped::allowed(row, "There is no such society.")?;
    Ok(List::page(gates, page.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}
