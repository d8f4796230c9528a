//! A guard logs a visitor at the gate, and every resident of the flat is asked.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    SentTime,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Problem, ProblemCode},
    openapi::{Forbidden, NotFound},
    policy,
    text::{IdNumber, PersonName, Phone, ShortText},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::VisitorAnswer;

#[derive(ToSchema, FromFields)]
#[check(ends_after_it_starts(expected_start, expected_end))]
pub(crate) struct NewVisitor {
    visitor_name: PersonName,
    phone: Phone,
    flat_id: Uuid,
    /// `guest` where it is not said.
    purpose: Option<ShortText>,
    vehicle_no: Option<ShortText>,
    id_type: Option<ShortText>,
    id_number: Option<IdNumber>,
    /// Counts only where it names a current resident of the flat.
    invited_by: Option<Uuid>,
    /// Now where it is not said, and within 30 days.
    expected_start: Option<SentTime>,
    /// In the future, and after `expected_start` by 30 days at most. The flat has until then to answer, where that is
    /// before its deadline.
    expected_end: Option<SentTime>,
}

fn ends_after_it_starts(start: &Option<SentTime>, end: &Option<SentTime>) -> Result<(), Problem> {
    match (start, end) {
        (Some(start), Some(end)) if end.is_after(start) == Some(false) => {
            let problem = Problem::new(ProblemCode::OutOfRange, "must be after expected_start");
            Err(problem.of("expected_end").saying("The expected end must be after the expected start."))
        }
        _ => Ok(()),
    }
}

/// Logs a visitor at the gate and asks the residents of the flat.
///
/// **Permissions:** active guard of the flat's society, or an admin whose scope holds the flat.
#[utoipa::path(post, path = "/v1/visitors", request_body = NewVisitor,
    responses((status = 201, body = Answer<VisitorAnswer>), Forbidden, NotFound))]
pub(crate) async fn create_visitor(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewVisitor>,
) -> Result<Response, ApiError> {
    // Two of them are two people, so a repetition has to be known for one.
    let key = key.or_made();
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only the guards and admins of this society log visitors.",
        unknown: "There is no such flat.",
    };
    let written = writer
        .write::<VisitorAnswer>(
            writing,
            change!(
                "create.sql",
                id = Uuid::now_v7(),
                flat = input.flat_id,
                name = input.visitor_name,
                phone = input.phone,
                purpose = input.purpose,
                vehicle = input.vehicle_no,
                id_type = input.id_type,
                id_number = input.id_number,
                invited_by = input.invited_by,
                start_at = input.expected_start.and_then(|start| start.instant()),
                start_clock = input.expected_start.and_then(|start| start.clock()),
                end_at = input.expected_end.and_then(|end| end.instant()),
                end_clock = input.expected_end.and_then(|end| end.clock()),
                approval_timeout = policy::APPROVAL_TIMEOUT_SECONDS.default,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
