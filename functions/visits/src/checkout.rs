//! A guard lets a visitor out; of any number of parallel calls exactly one does.

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

use crate::visit::Visit;

pub(crate) struct CheckOut {
    visit_id: Uuid,
    notes: Option<LongText>,
    guard_id: Option<Uuid>,
}

impl FromFields for CheckOut {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let visit_id = fields.required("visit_id");
        let notes = fields.optional("notes");
        let guard_id = fields.optional("guard_id");
        Some(Self { visit_id: visit_id?, notes: notes?, guard_id: guard_id? })
    }
}

/// **Permissions:** active guard of the visit's society, as himself.
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
        forbidden: "Only an active guard of this society checks visitors out, and only as himself.",
    };
    let written = writer
        .write::<Visit>(
            writing,
            include_str!("checkout.sql"),
            &[(&input.visit_id, Type::UUID), (&input.notes, Type::TEXT), (&input.guard_id, Type::UUID)],
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
