//! A resident invites someone ahead: a pass with a code and a QR id, valid in its window only.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    SentTime, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, Fields, FromFields, Problem, ProblemCode, Whole},
    openapi::{Forbidden, NotFound},
    policy,
    text::{PersonName, Phone, ShortText},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{pass_code::AccessCode, visitor::VisitorAnswer};

/// Codes offered to the database, which takes the first that no live pass of the society has.
const CANDIDATES: usize = 4;

#[derive(ToSchema)]
pub(crate) struct NewPass {
    visitor_name: PersonName,
    phone: Phone,
    flat_id: Uuid,
    /// `guest` where it is not said.
    purpose: Option<ShortText>,
    /// One where it is not said.
    #[schema(required = false, nullable, value_type = i32, minimum = 1, maximum = 50)]
    number_of_people: Whole<1, 50>,
    /// How often the pass lets in while its window is open; once where it is not said.
    #[schema(required = false, nullable, value_type = i32, minimum = 1, maximum = 100)]
    max_entries: Whole<1, 100>,
    /// The app's own QR id; made by the server where it is not said.
    qr_code: Option<Uuid>,
    /// Now where it is not said, and within the days of the society's policy, 90 where it has none.
    expected_start: Option<SentTime>,
    /// In the future, and no later than the society's policy allows; by default a day later.
    expected_end: Option<SentTime>,
}

impl FromFields for NewPass {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let visitor_name = fields.required("visitor_name");
        let phone = fields.required("phone");
        let flat_id = fields.required("flat_id");
        let purpose = fields.optional("purpose");
        let number_of_people = fields.or("number_of_people", Whole(1));
        let max_entries = fields.or("max_entries", Whole(1));
        let qr_code = fields.optional("qr_code");
        let expected_start = fields.optional::<SentTime>("expected_start");
        let expected_end = fields.optional::<SentTime>("expected_end");
        if let (Some(start), Some(Some(end))) = (expected_start, expected_end) {
            let start = start.unwrap_or_else(|| SentTime::Instant(Timestamp::now()));
            let over = end.instant().is_some_and(|end| end <= Timestamp::now().0);
            if over || end.is_after(&start) == Some(false) {
                let problem = "must be after expected_start and in the future";
                fields.note(
                    Problem::new(ProblemCode::OutOfRange, problem)
                        .of("expected_end")
                        .saying("A pass must end after it starts, and in the future."),
                );
            }
        }
        Some(Self {
            visitor_name: visitor_name?,
            phone: phone?,
            flat_id: flat_id?,
            purpose: purpose?,
            number_of_people: number_of_people?,
            max_entries: max_entries?,
            qr_code: qr_code?,
            expected_start: expected_start?,
            expected_end: expected_end?,
        })
    }
}

/// Makes a guest pass with an access code and a QR id.
///
/// **Permissions:** current resident of the flat.
#[utoipa::path(post, path = "/v1/visitors/guest-pass", request_body = NewPass,
    responses((status = 201, body = Answer<VisitorAnswer>), Forbidden, NotFound))]
pub(crate) async fn create_guest_pass(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewPass>,
) -> Result<Response, ApiError> {
    // Two of them are two people, so a repetition has to be known for one.
    let key = key.or_made();
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only the residents of a flat make passes for it.",
        unknown: "There is no such flat.",
    };
    let codes: Option<Vec<AccessCode>> = (0..CANDIDATES).map(|_| AccessCode::random()).collect();
    let codes = codes.ok_or_else(|| ApiError::Unavailable("the system gives no randomness".into()))?;
    let codes: Vec<&str> = codes.iter().map(AccessCode::as_str).collect();
    let qr_code = input.qr_code.unwrap_or_else(Uuid::new_v4).to_string();
    let written = writer
        .write::<VisitorAnswer>(
            writing,
            change!(
                "guest_pass.sql",
                id = Uuid::now_v7(),
                flat = input.flat_id,
                name = input.visitor_name,
                phone = input.phone,
                purpose = input.purpose,
                people = input.number_of_people.0,
                qr_code,
                codes,
                start_at = input.expected_start.and_then(|start| start.instant()),
                start_clock = input.expected_start.and_then(|start| start.clock()),
                end_at = input.expected_end.and_then(|end| end.instant()),
                end_clock = input.expected_end.and_then(|end| end.clock()),
                max_days = policy::GUEST_PASS_MAX_DAYS.default,
                default_hours = policy::GUEST_PASS_DEFAULT_HOURS.default,
                max_entries = input.max_entries.0,
                max_days_ahead = policy::GUEST_PASS_MAX_DAYS_AHEAD.default,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
