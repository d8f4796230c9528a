//! A guard lets a visitor out; of any number of parallel calls exactly one does.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{Forbidden, NotFound, WrongState},
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visit::Visit;

#[derive(ToSchema, FromFields)]
pub(crate) struct CheckOut {
    visit_id: Uuid,
    notes: Option<LongText>,
    /// None but the caller's own post is accepted.
    guard_id: Option<Uuid>,
}

/// Lets a visitor out.
///
/// **Permissions:** active guard of the visit's society, as themselves.
///
/// Of any number of parallel calls exactly one wins.
#[utoipa::path(post, path = "/v1/visits/checkout", request_body = CheckOut,
    responses((status = 200, body = Answer<Visit>), Forbidden, NotFound, WrongState))]
pub(crate) async fn check_out(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<CheckOut>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only an active guard of this society checks visitors out, and only as themselves.",
        unknown: "There is no such visit.",
    };
    let written = writer
        .write::<Visit>(
            writing,
            change!(
                "checkout.sql",
                visit = input.visit_id,
                notes = input.notes,
                guard = input.guard_id,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
