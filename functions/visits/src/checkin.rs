//! A guard lets an accepted visitor in; of any number of parallel calls exactly one does.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::ApiError,
    input::{Body, Fields, FromFields},
    text::{LongText, ShortText},
    write::{Writer, Writing},
};
use uuid::Uuid;

use crate::visit::Visit;

pub(crate) struct CheckIn {
    visitor_id: Uuid,
    checkin_method: Option<ShortText>,
    notes: Option<LongText>,
    guard_id: Option<Uuid>,
}

impl FromFields for CheckIn {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let visitor_id = fields.required("visitor_id");
        let checkin_method = fields.optional("checkin_method");
        let notes = fields.optional("notes");
        let guard_id = fields.optional("guard_id");
        Some(Self {
            visitor_id: visitor_id?,
            checkin_method: checkin_method?,
            notes: notes?,
            guard_id: guard_id?,
        })
    }
}

/// **Permissions:** active guard of the visitor's society, as himself.
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
        forbidden: "Only an active guard of this society checks visitors in, and only as himself.",
    };
    let written = writer
        .write::<Visit>(
            writing,
            include_str!("checkin.sql"),
            &[
                (&input.visitor_id, Type::UUID),
                (&Uuid::now_v7(), Type::UUID),
                (&input.checkin_method.as_ref().map_or("manual", ShortText::as_str), Type::TEXT),
                (&input.notes, Type::TEXT),
                (&input.guard_id, Type::UUID),
            ],
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
