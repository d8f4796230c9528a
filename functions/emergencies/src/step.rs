//! A guard takes an emergency on, and later resolves it; both are stored as theirs.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, IdempotencyKey, NoInput, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    write::{Writer, Writing},
};
use uuid::Uuid;

use crate::emergency::{Emergency, Status};

/// Takes an emergency on.
///
/// **Permissions:** active guard of the society.
#[utoipa::path(post, path = "/v1/emergencies/{id}/address", params(("id" = Uuid, Path, description = "The emergency")),
    request_body = NoInput, responses((status = 200, body = Answer<Emergency>), Forbidden, NotFound, WrongState))]
pub(crate) async fn address_emergency(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    take_step(&writer, &caller, &meta, &key, id, Status::Addressed).await
}

/// Marks an emergency as resolved.
///
/// **Permissions:** active guard of the society.
#[utoipa::path(post, path = "/v1/emergencies/{id}/resolve", params(("id" = Uuid, Path, description = "The emergency")),
    request_body = NoInput, responses((status = 200, body = Answer<Emergency>), Forbidden, NotFound, WrongState))]
pub(crate) async fn resolve_emergency(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    take_step(&writer, &caller, &meta, &key, id, Status::Resolved).await
}

/// Moves an emergency on to `next`, from the one state that comes before it.
async fn take_step(
    writer: &Writer,
    caller: &Caller,
    meta: &RequestMeta,
    key: &IdempotencyKey,
    id: Uuid,
    next: Status,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller,
        key,
        meta,
        forbidden: "Only an active guard of this society attends to emergencies.",
        unknown: "There is no such emergency.",
    };
    let written = writer
        .write::<Emergency>(writing, change!("step.sql", emergency = id, next, trace = meta.trace_id))
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
