//! Someone asks to be a flat's resident. It grants nothing, unless the society's policy says so.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{NotFound, WrongState},
    policy,
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::{Docs, RequestedRole, ResidentRequest};

#[derive(ToSchema, FromFields)]
pub(crate) struct NewRequest {
    flat_id: Uuid,
    requested_role: RequestedRole,
    docs: Option<Docs>,
    note: Option<LongText>,
}

/// Asks to be a resident of a flat.
///
/// **Permissions:** any user.
///
/// Who lives there already is answered 409 with `resident` as the status, who has asked already with
/// `pending`. A fourth request while three wait is answered so with `too_many`. Where the society's policy approves by
/// itself, it fills vacant flats, also by the request that was open; where somebody lives there, an admin decides. Those
/// who live there are told who comes to live with them.
#[utoipa::path(post, path = "/v1/resident-requests", request_body = NewRequest,
    responses((status = 201, body = Answer<ResidentRequest>), NotFound, WrongState))]
pub(crate) async fn submit_request(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewRequest>,
) -> Result<Response, ApiError> {
    let writing =
        Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "There is no such flat." };
    let docs = input.docs.map_or_else(|| json!([]), |docs| docs.0);
    let written = writer
        .write::<ResidentRequest>(
            writing,
            change!(
                "submit.sql",
                id = Uuid::now_v7(),
                flat = input.flat_id,
                role = input.requested_role,
                docs,
                note = input.note,
                auto_approve = policy::RESIDENT_AUTO_APPROVE.default,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
