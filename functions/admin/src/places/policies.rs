//! What a society decides for itself: all policies, each with what it means and what may be decided.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, Scoped},
    input::{Body, Fields, FromField, FromFields, PathId, Problem, ProblemCode},
    openapi::{Forbidden, NotFound, text},
    policy::{self, ListPolicy, NumberPolicy, Policy, SwitchPolicy},
    statement,
    write::{Writer, Writing},
};
use utoipa::{
    ToSchema,
    openapi::{
        Object, ObjectBuilder, Type,
        schema::{ArrayBuilder, Schema, SchemaType},
    },
};

const UNKNOWN: &str = "There is no such society.";
/// How a number may begin, as the database checks it.
const PREFIX: &str = "^[+][1-9][0-9]{0,6}$";

/// What is decided, by the names of the policies.
pub(crate) struct Decisions(Map<String, Value>);

impl FromFields for Decisions {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let mut decided = Map::new();
        let mut is_whole = true;
        for policy in policy::ALL {
            let value = fields.field::<Option<Sent>>(policy.name());
            match value.flatten().map(|Sent(value)| allowed(&policy, value)) {
                None => {}
                Some(Ok(value)) => {
                    decided.insert(policy.name().to_owned(), value);
                }
                Some(Err(problem)) => {
                    fields.note(problem.of(policy.name()));
                    is_whole = false;
                }
            }
        }
        is_whole.then_some(Self(decided))
    }
}

/// A value as it was sent.
struct Sent(Value);

impl FromField for Sent {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Ok(Self(value.clone()))
    }
}

/// The value where a society may decide so.
fn allowed(policy: &Policy, value: Value) -> Result<Value, Problem> {
    match policy {
        Policy::Number(NumberPolicy { least, most, .. }) => {
            if !value.is_number() {
                return Err(Problem::new(ProblemCode::WrongType, "must be a number"));
            }
            let is_within =
                value.as_i64().is_some_and(|n| (i64::from(*least)..=i64::from(*most)).contains(&n));
            let problem = || format!("must be a whole number from {least} to {most}");
            is_within.then_some(value).ok_or_else(|| Problem::new(ProblemCode::OutOfRange, problem()))
        }
        Policy::Switch(_) => bool::from_field(&value).map(Value::Bool),
        Policy::List(ListPolicy { most, .. }) => {
            let Some(items) = value.as_array() else {
                return Err(Problem::new(ProblemCode::WrongType, "must be a list of texts"));
            };
            if items.len() > *most {
                let problem = format!("must have at most {most} texts");
                return Err(Problem::new(ProblemCode::OutOfRange, problem));
            }
            if !items.iter().all(|item| item.as_str().is_some_and(is_prefix)) {
                let problem = "must have beginnings of phone numbers only, such as +91";
                return Err(Problem::new(ProblemCode::WrongFormat, problem));
            }
            Ok(value)
        }
    }
}

fn is_prefix(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (1..=7).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

shared::schema!(Decisions, "PolicyDecisions", {
    policy::ALL.iter().fold(
        ObjectBuilder::new().schema_type(Type::Object).description(Some(
            "What the society decides; a policy that is left out or null has its default.",
        )),
        |schema, policy| schema.property(policy.name(), decision(policy)),
    )
});

/// The schema of what may be decided.
fn decision(policy: &Policy) -> Schema {
    let or_null = |kind: Type| SchemaType::from_iter([kind, Type::Null]);
    let (about, default) = (policy.about(), default(policy));
    match policy {
        Policy::Number(NumberPolicy { least, most, .. }) => ObjectBuilder::new()
            .schema_type(or_null(Type::Integer))
            .minimum(Some(*least))
            .maximum(Some(*most))
            .default(Some(default))
            .description(Some(format!("{about} From {least} to {most}.")))
            .build()
            .into(),
        Policy::Switch(_) => ObjectBuilder::new()
            .schema_type(or_null(Type::Boolean))
            .default(Some(default))
            .description(Some(about))
            .build()
            .into(),
        Policy::List(ListPolicy { most, .. }) => ArrayBuilder::new()
            .schema_type(or_null(Type::Array))
            .items(text(PREFIX))
            .max_items(Some(*most))
            .default(Some(default))
            .description(Some(format!("{about} At most {most}.")))
            .build()
            .into(),
    }
}

/// What holds where a society has decided nothing.
fn default(policy: &Policy) -> Value {
    match policy {
        Policy::Number(NumberPolicy { default, .. }) => json!(default),
        Policy::Switch(SwitchPolicy { default, .. }) => json!(default),
        Policy::List(ListPolicy { default, .. }) => json!(default),
    }
}

/// All policies of a society.
#[derive(Serialize, ToSchema)]
pub(crate) struct Policies {
    policies: Vec<PolicyShown>,
}

/// A policy, and what holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyShown {
    /// Its name.
    name: &'static str,
    /// What it decides.
    about: &'static str,
    /// What holds.
    #[schema(schema_with = any)]
    value: Value,
    /// What holds where nothing is decided.
    #[schema(schema_with = any)]
    default: Value,
    /// Whether the society has decided it.
    is_decided: bool,
    /// The least that may be decided, of a number.
    least: Option<i32>,
    /// The most that may be decided, of a number; of a list how many texts it may have.
    most: Option<i32>,
}

/// A whole number, true or false, or a list of texts.
fn any() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Boolean, Type::Array]))
        .build()
}

impl Policies {
    fn of(decided: &Map<String, Value>) -> Self {
        let shown = |policy: &Policy| {
            let (default, value) = (default(policy), decided.get(policy.name()).cloned());
            let (least, most) = match policy {
                Policy::Number(NumberPolicy { least, most, .. }) => (Some(*least), Some(*most)),
                Policy::List(ListPolicy { most, .. }) => (None, i32::try_from(*most).ok()),
                Policy::Switch(_) => (None, None),
            };
            PolicyShown {
                name: policy.name(),
                about: policy.about(),
                is_decided: value.is_some(),
                value: value.unwrap_or_else(|| default.clone()),
                default,
                least,
                most,
            }
        };
        Self { policies: policy::ALL.iter().map(shown).collect() }
    }
}

/// Answers what a society has decided, and what else it may.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/policies", params(("id" = Uuid, Path, description = "The society")),
    responses((status = 200, body = Answer<Policies>), Forbidden, NotFound))]
pub(crate) async fn get_policies(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Answer<impl Serialize>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Map<String, Value>>>(statement!(
            "get_policies.sql",
            caller = caller.user_id(),
            society = id
        ))
        .await?;
    Ok(Answer::new(Policies::of(&Scoped::allowed(row, UNKNOWN)?)))
}

/// Decides all policies of a society; one that is left out or null has its default again.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(put, path = "/v1/admin/societies/{id}/policies", params(("id" = Uuid, Path, description = "The society")),
    request_body = Decisions, responses((status = 200, body = Answer<Policies>), Forbidden, NotFound))]
pub(crate) async fn set_policies(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Decisions>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this society decides its policies.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: UNKNOWN };
    let decided = Value::Object(input.0);
    let written = writer
        .write::<Map<String, Value>>(writing, change!("set_policies.sql", society = id, decided))
        .await?;
    Ok(written.map(|decided| Policies::of(&decided)).with_status(StatusCode::OK))
}
