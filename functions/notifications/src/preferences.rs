//! What a user wants to be sent, and when not.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Problem, ProblemCode},
    statement,
    text::ClockTime,
    write::{Writer, Writing},
};
use utoipa::ToSchema;

/// Emergencies are told whatever stands here, and a visitor may be answered at any hour.
#[derive(Serialize, Deserialize, ToSchema)]
struct Preferences {
    /// Messages to the apps.
    push: bool,
    /// SMS.
    sms: bool,
    /// WhatsApp, which wants consent first.
    whatsapp: bool,
    /// From here on nothing rings, on the clock of the user's timezone; null where they have no quiet hours.
    #[schema(value_type = Option<ClockTime>)]
    quiet_from: Option<String>,
    /// Up to here; before `quiet_from` it is on the next day.
    #[schema(value_type = Option<ClockTime>)]
    quiet_until: Option<String>,
}

#[derive(ToSchema, FromFields)]
#[check(is_an_interval(quiet_from, quiet_until))]
pub(crate) struct NewPreferences {
    #[schema(required = false, nullable, default = true)]
    #[field(default = true)]
    push: bool,
    #[schema(required = false, nullable, default = true)]
    #[field(default = true)]
    sms: bool,
    #[schema(required = false, nullable, default = false)]
    #[field(default = false)]
    whatsapp: bool,
    quiet_from: Option<ClockTime>,
    /// Has to be there where `quiet_from` is, and differ from it.
    quiet_until: Option<ClockTime>,
}

fn is_an_interval(from: &Option<ClockTime>, until: &Option<ClockTime>) -> Result<(), Problem> {
    let problem = match (from, until) {
        (Some(from), Some(until)) if from.as_str() == until.as_str() => "must differ from quiet_from",
        (Some(_), None) => "is required where quiet_from is there",
        (None, Some(_)) => "needs quiet_from",
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    Err(Problem::new(ProblemCode::OutOfRange, problem).of("quiet_until"))
}

/// Answers what the caller wants to be sent.
///
/// **Permissions:** own.
#[utoipa::path(get, path = "/v1/notification-preferences", responses((status = 200, body = Answer<Preferences>)))]
pub(crate) async fn get_preferences(
    State(app): State<App>,
    caller: Caller,
) -> Result<Answer<impl Serialize>, ApiError> {
    let row =
        app.db.read_one::<Preferences>(statement!("get_preferences.sql", caller = caller.user_id())).await?;
    row.map(Answer::new).ok_or(ApiError::TokenInvalid)
}

/// Says what the caller wants to be sent; what is left out is as for someone who never said anything.
///
/// **Permissions:** own.
#[utoipa::path(post, path = "/v1/notification-preferences", request_body = NewPreferences,
    responses((status = 200, body = Answer<Preferences>)))]
pub(crate) async fn set_preferences(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewPreferences>,
) -> Result<Response, ApiError> {
    let written = writer
        .write::<Preferences>(
            Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "" },
            change!(
                "set_preferences.sql",
                push = input.push,
                sms = input.sms,
                whatsapp = input.whatsapp,
                quiet_from = input.quiet_from,
                quiet_until = input.quiet_until
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
