//! A guard decides where no resident did: after a call to the flat, after a timeout, or for a pass.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, PathId},
    openapi::{Forbidden, NotFound, NotLetIn, OutsideWindow, always_true},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    respond::Respond,
    visitor::{Decision, Status, UNKNOWN_VISITOR},
};

#[derive(Serialize, Deserialize, ToSchema)]
struct GuardRespondAnswer {
    visitor_id: Uuid,
    decision: Decision,
    status: Status,
    #[schema(schema_with = always_true)]
    manual_approval: bool,
}

/// Decides at the gate where no resident did.
///
/// **Permissions:** active guard of the society, or an admin whose scope holds the flat.
///
/// For a pending visitor, one that timed out, or a pass inside its window; never over a resident's denial or
/// withdrawal, and `accept` only for those who may come in then. A repeat of one's own last decision is answered as the
/// first time.
#[utoipa::path(post, path = "/v1/visitors/{id}/guard-respond", params(("id" = Uuid, Path, description = "The visitor")),
    request_body = Respond,
    responses((status = 200, body = Answer<GuardRespondAnswer>), OutsideWindow, Forbidden, NotFound, NotLetIn))]
pub(crate) async fn guard_respond(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(visitor_id): PathId,
    Body { input, key }: Body<Respond>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only the guards and admins of this society decide at the gate.",
        unknown: UNKNOWN_VISITOR,
    };
    let written = writer
        .write::<GuardRespondAnswer>(
            writing,
            change!(
                "guard_respond.sql",
                visitor = visitor_id,
                decision = input.decision,
                note = input.note,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
