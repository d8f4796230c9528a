//! A guard decides where no resident did: after a call to the flat, after a timeout, or for a pass.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::ApiError,
    input::{Body, PathId},
    write::{Writer, Writing},
};
use uuid::Uuid;

use crate::{
    respond::Respond,
    visitor::{Decision, Status},
};

#[derive(Serialize, Deserialize)]
struct GuardRespondAnswer {
    visitor_id: Uuid,
    decision: Decision,
    status: Status,
    manual_approval: bool,
}

/// **Permissions:** active guard of the society, or an admin whose scope holds the flat.
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
    };
    let written = writer
        .write::<GuardRespondAnswer>(
            writing,
            include_str!("guard_respond.sql"),
            &[(&visitor_id, Type::UUID), (&input.decision, Type::TEXT), (&input.note, Type::TEXT)],
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
