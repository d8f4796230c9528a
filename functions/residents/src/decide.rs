//! An admin approves or rejects a request, exactly once; approval opens one occupancy and its role.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, IdempotencyKey, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    text::LongText,
    vocabulary::RequestDecision,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema, FromFields)]
pub(crate) struct Decide {
    note: Option<LongText>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct DecideAnswer {
    message: String,
}

/// Approves a request: opens the occupancy and grants its role, once.
///
/// **Permissions:** admin whose scope holds the flat, never the requester themselves.
#[utoipa::path(post, path = "/v1/resident-requests/{id}/approve",
    params(("id" = Uuid, Path, description = "The request")), request_body = Decide,
    responses((status = 200, body = Answer<DecideAnswer>), Forbidden, NotFound, WrongState))]
pub(crate) async fn approve_request(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Decide>,
) -> Result<Response, ApiError> {
    decide(&writer, &caller, &meta, &key, id, RequestDecision::Approve, input).await
}

/// Rejects a request.
///
/// **Permissions:** admin whose scope holds the flat, never the requester themselves.
#[utoipa::path(post, path = "/v1/resident-requests/{id}/reject",
    params(("id" = Uuid, Path, description = "The request")), request_body = Decide,
    responses((status = 200, body = Answer<DecideAnswer>), Forbidden, NotFound, WrongState))]
pub(crate) async fn reject_request(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Decide>,
) -> Result<Response, ApiError> {
    decide(&writer, &caller, &meta, &key, id, RequestDecision::Reject, input).await
}

async fn decide(
    writer: &Writer,
    caller: &Caller,
    meta: &RequestMeta,
    key: &IdempotencyKey,
    id: Uuid,
    decision: RequestDecision,
    input: Decide,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this flat decides, and never about their own request.";
    let unknown = "There is no such request.";
    let written = writer
        .write::<DecideAnswer>(
            Writing { caller, key, meta, forbidden, unknown },
            change!("decide.sql", resident_request = id, decision, note = input.note, trace = meta.trace_id),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
