//! An admin approves or rejects a request, exactly once; approval opens one occupancy and its role.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::ApiError,
    input::{Body, Fields, FromFields, IdempotencyKey, PathId},
    text::LongText,
    write::{QuietWriter, Writing},
};
use uuid::Uuid;

pub(crate) struct Decide {
    note: Option<LongText>,
}

impl FromFields for Decide {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { note: fields.optional("note")? })
    }
}

#[derive(Serialize, Deserialize)]
struct DecideAnswer {
    message: String,
}

/// **Permissions:** admin whose scope holds the flat, never the requester himself.
pub(crate) async fn approve_request(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Decide>,
) -> Result<Response, ApiError> {
    decide(&writer, &caller, &meta, &key, id, "approve", input).await
}

/// **Permissions:** admin whose scope holds the flat, never the requester himself.
pub(crate) async fn reject_request(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Decide>,
) -> Result<Response, ApiError> {
    decide(&writer, &caller, &meta, &key, id, "reject", input).await
}

async fn decide(
    writer: &QuietWriter,
    caller: &Caller,
    meta: &RequestMeta,
    key: &IdempotencyKey,
    id: Uuid,
    decision: &str,
    input: Decide,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this flat decides, and never about his own request.";
    let written = writer
        .write::<DecideAnswer>(
            Writing { caller, key, meta, forbidden },
            include_str!("decide.sql"),
            &[(&id, Type::UUID), (&decision, Type::TEXT), (&input.note, Type::TEXT)],
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
