//! Guards clear denied visitors from their lists. Nothing is deleted: answers, visits and audit stay.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::ApiError,
    input::{Body, NoInput},
    openapi::{Forbidden, always_true},
    write::{Writer, Writing},
};
use utoipa::ToSchema;

#[derive(Serialize, Deserialize, ToSchema)]
struct Cleared {
    message: String,
    #[schema(minimum = 0)]
    deleted_count: i64,
}

/// Beside `success`, not under `data`.
#[derive(Serialize, ToSchema)]
struct ClearedAnswer {
    #[schema(schema_with = always_true)]
    success: bool,
    #[serde(flatten)]
    cleared: Cleared,
}

/// Clears denied visitors from the lists; nothing is deleted.
///
/// **Permissions:** active guard; the visitors of their society.
#[utoipa::path(delete, path = "/v1/visitors/rejected", request_body = NoInput,
    responses((status = 200, body = ClearedAnswer), Forbidden))]
pub(crate) async fn clear_rejected(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let forbidden = "Only the active guards of a society clear its list.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: "" };
    let written =
        writer.write::<Cleared>(writing, change!("clear_rejected.sql", trace = meta.trace_id)).await?;
    Ok(written.map(|cleared| ClearedAnswer { success: true, cleared }).as_is(StatusCode::OK))
}
