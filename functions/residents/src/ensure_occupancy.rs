//! An app makes sure that its user lives where they say. It never grants anything: without an open
//! occupancy it opens a request, and answers that the request has to be decided. It asks once: after a
//! rejection or a move-out only a new request on purpose begins anew.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, Verification},
    input::{Body, FromFields},
    openapi::{NotFound, WrongStateOrUnverified, always_false},
    place::Flat,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::{RequestedRole, ResidentRequest};

#[derive(ToSchema, FromFields)]
pub(crate) struct Ensure {
    /// Any of the caller's homes counts where it is not said.
    flat_id: Option<Uuid>,
    /// As what they ask to live there; `other` where it is not said.
    requested_role: Option<RequestedRole>,
    /// The same, by the name that the resident's app has for it. Where both are sent, `requested_role` counts.
    role: Option<RequestedRole>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    past: Option<Past>,
}

/// How an earlier wish for the flat ended.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Past {
    Rejected,
    Ended,
}

/// Answers the caller's open occupancy, or opens a request for it.
///
/// **Permissions:** own.
///
/// It never grants anything: without an occupancy the answer is 409 until an admin has decided. It asks once:
/// after a rejection, or when the occupancy has ended, it opens nothing, and `POST /v1/resident-requests` asks
/// again.
#[utoipa::path(post, path = "/v1/ensure-occupancy", request_body = Ensure,
    responses((status = 200, body = Answer<EnsureAnswer>), NotFound, WrongStateOrUnverified))]
pub(crate) async fn ensure_occupancy(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Ensure>,
) -> Result<Response, ApiError> {
    let requested_role = input.requested_role.or(input.role).unwrap_or(RequestedRole::Other);
    let writing =
        Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "There is no such flat." };
    let written = writer
        .write::<EnsureAnswer>(
            writing,
            change!("ensure_occupancy.sql", id = Uuid::now_v7(), flat = input.flat_id, role = requested_role),
        )
        .await?;
    if written.answer().occupancy.is_some() {
        return Ok(written.with_status(StatusCode::OK));
    }
    let verification = match written.answer().past {
        Some(Past::Rejected) => Verification::Rejected,
        Some(Past::Ended) => Verification::Ended,
        None => Verification::Pending(written.answer().request.as_ref().map(|request| request.id)),
    };
    Ok(ApiError::VerificationRequired(verification).into_response())
}

shared::alias!(ensure_occupancy_alias: ensure_occupancy at "/v1/resident-requests/ensure-occupancy");
