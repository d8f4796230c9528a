//! Someone asks to be a flat's resident. It grants nothing, unless the society's policy says so.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::{Answer, ApiError},
    input::{Body, Fields, FromFields},
    openapi::{NotFound, WrongState},
    policy,
    text::LongText,
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::{Docs, RequestedRole, ResidentRequest};

#[derive(ToSchema)]
pub(crate) struct NewRequest {
    flat_id: Uuid,
    requested_role: RequestedRole,
    docs: Option<Docs>,
    note: Option<LongText>,
}

impl FromFields for NewRequest {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let flat_id = fields.required("flat_id");
        let requested_role = fields.required("requested_role");
        let docs = fields.optional("docs");
        let note = fields.optional("note");
        Some(Self { flat_id: flat_id?, requested_role: requested_role?, docs: docs?, note: note? })
    }
}

/// Asks to be a resident of a flat.
///
/// **Permissions:** any user.
///
/// Who lives there already is answered 409 with `resident` as the status, who has asked already with
/// `pending`. A fourth request while three wait is answered so with `too_many`. Where the society's policy approves by itself, it approves the request that was open.
#[utoipa::path(post, path = "/v1/resident-requests", request_body = NewRequest,
    responses((status = 201, body = Answer<ResidentRequest>), NotFound, WrongState))]
pub(crate) async fn submit_request(
    State(writer): State<QuietWriter>,
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
            include_str!("submit.sql"),
            &[
                (&Uuid::now_v7(), Type::UUID),
                (&input.flat_id, Type::UUID),
                (&input.requested_role, Type::TEXT),
                (&docs, Type::JSONB),
                (&input.note, Type::TEXT),
                (&policy::RESIDENT_AUTO_APPROVE.default, Type::BOOL),
            ],
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
