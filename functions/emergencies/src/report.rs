//! A resident reports an emergency, and every guard and admin of the society is alerted.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::ApiError,
    input::{Body, Fields, FromFields},
    text::LongText,
    write::{Writer, Writing},
};
use uuid::Uuid;

use crate::emergency::Emergency;

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

/// **Permissions:** current resident of the flat.
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
