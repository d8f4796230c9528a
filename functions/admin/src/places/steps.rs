//! Whom to ask, and how, while nobody answers for a visitor.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, Scoped},
    input::{Body, Fields, FromField, FromFields, PathId, Problem, ProblemCode, Whole},
    openapi::{Forbidden, NotFound},
    statement,
    vocabulary::{Audience, Channel},
    write::{Writer, Writing},
};
use utoipa::{ToSchema, openapi::schema::ArrayBuilder};

const UNKNOWN: &str = "There is no such society.";

/// A step: after so many seconds without an answer, these are asked through that channel.
#[derive(Serialize, Deserialize, ToSchema, FromFields)]
pub(crate) struct Step {
    /// Seconds after the visitor was logged; a step that would come after the deadline is left out.
    #[schema(value_type = i32, minimum = 1, maximum = 86_400)]
    #[serde(with = "seconds")]
    after_seconds: Whole<1, 86_400>,
    channel: Channel,
    audience: Audience,
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use shared::input::Whole;

    type Seconds = Whole<1, 86_400>;

    pub(super) fn serialize<S: Serializer>(seconds: &Seconds, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i32(seconds.0)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Seconds, D::Error> {
        i32::deserialize(from).map(Whole)
    }
}

/// The steps of a society, in their order.
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// As many as the database has places for.
    const MOST: usize = 20;
}

shared::schema!(
    Steps,
    "Steps",
    ArrayBuilder::new()
        .items(utoipa::schema!(
            #[inline]
            Step
        ))
        .max_items(Some(Self::MOST))
        .description(Some(
            "The steps in the order of their times; without any the society has the default ones."
        ))
);

impl FromField for Steps {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let Some(sent) = value.as_array() else {
            return Err(Problem::new(ProblemCode::WrongType, "must be a list of steps"));
        };
        if sent.len() > Self::MOST {
            let problem = format!("must have at most {} steps", Self::MOST);
            return Err(Problem::new(ProblemCode::OutOfRange, problem));
        }
        let step = |(place, value): (usize, &Value)| {
            let object = value.as_object().ok_or_else(|| "must be an object".to_owned());
            let step = object.and_then(|object| {
                Fields::read::<Step>(object)
                    .map_err(|problems| problems.first().map(Problem::sentence).unwrap_or_default())
            });
            step.map_err(|why| {
                let problem =
                    "must have steps with after_seconds from 1 to 86400, a channel and an audience only";
                Problem::new(ProblemCode::WrongFormat, problem)
                    .saying(format!("Step {} is not right: {why}", place + 1))
            })
        };
        let steps = sent.iter().enumerate().map(step).collect::<Result<Vec<_>, _>>()?;
        if !steps.is_sorted_by_key(|step| step.after_seconds.0) {
            let problem = "must have no step that comes before the one above it";
            return Err(Problem::new(ProblemCode::WrongFormat, problem));
        }
        Ok(Self(steps))
    }
}

#[derive(ToSchema, FromFields)]
pub(crate) struct Escalation {
    /// Null or empty for the default steps.
    steps: Option<Steps>,
}

/// The steps that hold.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct EscalationShown {
    /// Whether the society has none of its own.
    is_default: bool,
    steps: Vec<Step>,
}

/// Answers whom a society asks while nobody answers.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/escalation-steps",
    params(("id" = Uuid, Path, description = "The society")),
    responses((status = 200, body = Answer<EscalationShown>), Forbidden, NotFound))]
pub(crate) async fn get_steps(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Answer<impl Serialize>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<EscalationShown>>(statement!(
            "get_steps.sql",
            caller = caller.user_id(),
            society = id
        ))
        .await?;
    Scoped::allowed(row, UNKNOWN).map(Answer::new)
}

/// Decides whom a society asks while nobody answers, in the place of the steps that it has. Visitors who wait keep theirs.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(put, path = "/v1/admin/societies/{id}/escalation-steps",
    params(("id" = Uuid, Path, description = "The society")), request_body = Escalation,
    responses((status = 200, body = Answer<EscalationShown>), Forbidden, NotFound))]
pub(crate) async fn set_steps(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Escalation>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this society decides whom it asks.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: UNKNOWN };
    let steps = json!(input.steps.map(|steps| steps.0).unwrap_or_default());
    let written =
        writer.write::<EscalationShown>(writing, change!("set_steps.sql", society = id, steps)).await?;
    Ok(written.with_status(StatusCode::OK))
}
