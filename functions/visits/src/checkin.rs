//! A guard lets an accepted visitor in; of any number of parallel calls exactly one does.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{Forbidden, NotFound, NotLetIn, OutsideWindow},
    text::{LongText, ShortText},
    vocabulary::CheckinMethod,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visit::Visit;

#[derive(ToSchema, FromFields)]
pub(crate) struct CheckIn {
    visitor_id: Uuid,
    /// `manual` where it is not said.
    checkin_method: Option<ShortText>,
    notes: Option<LongText>,
    /// None but the caller's own post is accepted.
    guard_id: Option<Uuid>,
}

/// Lets an accepted visitor in.
///
/// **Permissions:** active guard of the visitor's society, as themselves.
///
/// Only who may come in now: a yes counts for the hours of the society's policy and until the expected end; a pass in its
/// window, while who made it lives there. Of any number of parallel calls exactly one wins.
#[utoipa::path(post, path = "/v1/visits/checkin", request_body = CheckIn,
    responses((status = 201, body = Answer<Visit>), OutsideWindow, Forbidden, NotFound, NotLetIn))]
pub(crate) async fn check_in(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<CheckIn>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only an active guard of this society checks visitors in, and only as themselves.",
        unknown: "There is no such visitor.",
    };
    let written = writer
        .write::<Visit>(
            writing,
            change!(
                "checkin.sql",
                visitor = input.visitor_id,
                visit = Uuid::now_v7(),
                checkin_method =
                    input.checkin_method.as_ref().map_or(CheckinMethod::Manual.as_str(), ShortText::as_str),
                notes = input.notes,
                guard = input.guard_id,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
