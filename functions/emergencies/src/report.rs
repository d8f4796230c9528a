//! A resident reports an emergency, and every guard and admin of the society is alerted.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::{Answer, ApiError},
    input::{Body, Fields, FromFields},
    openapi::{Forbidden, NotFound},
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::emergency::Emergency;

#[derive(ToSchema)]
pub(crate) struct Report {
    flat_id: Uuid,
    description: Option<LongText>,
}

impl FromFields for Report {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (flat_id, description) = (fields.required("flat_id"), fields.optional("description"));
        Some(Self { flat_id: flat_id?, description: description? })
    }
}

/// Reports an emergency and alerts the guards and admins of the society.
///
/// **Permissions:** current resident of the flat.
#[utoipa::path(post, path = "/v1/emergencies", request_body = Report,
    responses((status = 201, body = Answer<Emergency>), Forbidden, NotFound))]
pub(crate) async fn report_emergency(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Report>,
) -> Result<Response, ApiError> {
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
            include_str!("report.sql"),
            &[(&Uuid::now_v7(), Type::UUID), (&input.flat_id, Type::UUID), (&input.description, Type::TEXT)],
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
