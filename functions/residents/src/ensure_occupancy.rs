//! An app makes sure that its user lives where he says. It never grants anything: without an open
//! occupancy it opens a request, and answers that the request has to be decided.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::{Answer, ApiError},
    input::{Body, Fields, FromFields},
    openapi::{NotFound, VerificationRequired, always_false},
    place::Flat,
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::{RequestedRole, ResidentRequest};

#[derive(ToSchema)]
pub(crate) struct Ensure {
    /// Any of the caller's homes counts where it is not said.
    flat_id: Option<Uuid>,
    #[schema(required = false, nullable, default = "other")]
    requested_role: RequestedRole,
}

impl FromFields for Ensure {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let flat_id = fields.optional("flat_id");
        let requested_role = fields.or("requested_role", RequestedRole::Other);
        Some(Self { flat_id: flat_id?, requested_role: requested_role? })
    }
}

/// The open occupancy, or the request that stands for it.
#[derive(Serialize, Deserialize, ToSchema)]
struct EnsureAnswer {
    #[serde(flatten)]
    #[schema(value_type = Flat)]
    occupancy: Option<Flat>,
    #[schema(schema_with = always_false)]
    created: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    request: Option<ResidentRequest>,
}

/// Answers the caller's open occupancy, or opens a request for it.
///
/// **Permissions:** own.
///
/// It never grants anything: without an occupancy the answer is 409 until an admin has decided.
#[utoipa::path(post, path = "/v1/ensure-occupancy", request_body = Ensure,
    responses((status = 200, body = Answer<EnsureAnswer>), NotFound, VerificationRequired))]
pub(crate) async fn ensure_occupancy(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Ensure>,
) -> Result<Response, ApiError> {
    let writing =
        Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "There is no such flat." };
    let written = writer
        .write::<EnsureAnswer>(
            writing,
            include_str!("ensure_occupancy.sql"),
            &[
                (&Uuid::now_v7(), Type::UUID),
                (&input.flat_id, Type::UUID),
                (&input.requested_role, Type::TEXT),
            ],
        )
        .await?;
    match &written.answer().occupancy {
        Some(_) => Ok(written.with_status(StatusCode::OK)),
        None => {
            let request = written.answer().request.as_ref();
            Ok(ApiError::VerificationRequired { request_id: request.map(|request| request.id) }
                .into_response())
        }
    }
}
