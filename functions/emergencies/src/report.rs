//! A resident reports an emergency, and every guard and admin of the society is alerted.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{Forbidden, NotFound},
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::emergency::Emergency;

#[derive(ToSchema, FromFields)]
pub(crate) struct Report {
    flat_id: Uuid,
    description: Option<LongText>,
}

/// Open emergencies of a flat: more cannot be attended to, and one more tap is no other emergency.
const OPEN_IN_A_FLAT: i32 = 3;
/// How often a further report alerts anew: those of a minute ring once.
const ALERTS_AGAIN_AFTER_SECONDS: f64 = 60.0;

/// Reports an emergency and alerts the guards and admins of the society.
///
/// **Permissions:** current resident of the flat.
///
/// Where three of the flat are open, it is a further report of one of them, which is answered with 200: its words are
/// added to that one, and guards and admins are alerted again, once a minute.
#[utoipa::path(post, path = "/v1/emergencies", request_body = Report,
    responses((status = 201, body = Answer<Emergency>), (status = 200, body = Answer<Emergency>), Forbidden, NotFound))]
pub(crate) async fn report_emergency(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Report>,
) -> Result<Response, ApiError> {
    let id = Uuid::now_v7();
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only the residents of a flat report an emergency in it.",
        unknown: "There is no such flat.",
    };
    let written = writer
        .write::<Emergency>(
            writing,
            change!(
                "report.sql",
                id,
                flat = input.flat_id,
                description = input.description,
                open_in_a_flat = OPEN_IN_A_FLAT,
                alerts_again_after = ALERTS_AGAIN_AFTER_SECONDS,
                trace = meta.trace_id
            ),
        )
        .await?;
    let is_new = written.answer().id == id;
    Ok(written.with_status(if is_new { StatusCode::CREATED } else { StatusCode::OK }))
}
