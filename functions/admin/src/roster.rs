//! Where a guard stands, and when they are on duty.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, Scoped},
    input::{Body, Day, Fields, FromField, FromFields, PathId, Problem, ProblemCode},
    openapi::{Forbidden, NotFound},
    place::Assignment,
    statement,
    text::ClockTime,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::gates::FORBIDDEN;

const UNKNOWN: &str = "There is no such guard.";
/// Entries of a list.
const MOST: usize = 50;

/// A list of a body, each entry read as a `T`.
pub(crate) struct Entries<T>(Vec<T>);

impl<T: FromFields> FromField for Entries<T> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let Some(entries) = value.as_array() else {
            return Err(Problem::new(ProblemCode::WrongType, "must be a list"));
        };
        if entries.len() > MOST {
            return Err(Problem::new(ProblemCode::OutOfRange, format!("must have at most {MOST} entries")));
        }
        let read = entries.iter().enumerate().map(|(place, entry)| {
            let fields = entry
                .as_object()
                .ok_or_else(|| Problem::new(ProblemCode::WrongType, "must be a list of objects"))?;
            Fields::read(fields).map_err(|problems| {
                let why = problems.first().map(Problem::sentence).unwrap_or_default();
                let problem =
                    Problem::new(ProblemCode::WrongFormat, format!("is wrong in entry {}", place + 1));
                problem.saying(format!("Entry {} of the list: {why}", place + 1))
            })
        });
        read.collect::<Result<_, _>>().map(Self)
    }
}

#[derive(ToSchema, FromFields)]
#[check(is_somewhere(gate_id, block_id))]
#[check(ends_after_it_starts(from, until))]
pub(crate) struct NewAssignment {
    /// A gate of the society; it or `block_id` has to be there.
    gate_id: Option<Uuid>,
    /// A block of the society.
    block_id: Option<Uuid>,
    /// The first day; today where none is named.
    from: Option<Day>,
    /// The last day; without one it holds on.
    until: Option<Day>,
}

fn is_somewhere(gate: &Option<Uuid>, block: &Option<Uuid>) -> Result<(), Problem> {
    let problem =
        || Problem::new(ProblemCode::Required, "is required where there is no block_id").of("gate_id");
    (gate.is_some() || block.is_some()).then_some(()).ok_or_else(problem)
}

fn ends_after_it_starts(from: &Option<Day>, until: &Option<Day>) -> Result<(), Problem> {
    let fits = match (from, until) {
        (Some(from), Some(until)) => until.0 >= from.0,
        _ => true,
    };
    let problem = || Problem::new(ProblemCode::OutOfRange, "must not be before from").of("until");
    fits.then_some(()).ok_or_else(problem)
}

#[derive(ToSchema, FromFields)]
pub(crate) struct Assignments {
    /// All of them: those of before are replaced.
    #[schema(value_type = Vec<NewAssignment>, max_items = 50)]
    assignments: Entries<NewAssignment>,
}

/// Days of a week, Monday is 1.
pub(crate) struct Weekdays(Vec<i64>);

impl FromField for Weekdays {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let days: Option<Vec<i64>> =
            value.as_array().and_then(|days| days.iter().map(Value::as_i64).collect());
        let mut days = days.unwrap_or_default();
        days.sort_unstable();
        let is_each_once = days.windows(2).all(|pair| matches!(pair, [one, other] if one < other));
        let fits = !days.is_empty() && is_each_once && days.iter().all(|day| (1..=7).contains(day));
        let problem =
            || Problem::new(ProblemCode::WrongFormat, "must be days from 1 (Monday) to 7, each once");
        fits.then_some(Self(days)).ok_or_else(problem)
    }
}

#[derive(ToSchema, FromFields)]
#[check(ends_after_it_starts(from, until))]
pub(crate) struct NewShift {
    /// Days of the week, Monday is 1.
    #[schema(value_type = Vec<i32>, min_items = 1, max_items = 7)]
    weekdays: Weekdays,
    /// By the society's clock.
    starts: ClockTime,
    /// Not included; not after `starts` it is on the next day.
    ends: ClockTime,
    /// The first day; today where none is named.
    from: Option<Day>,
    /// The last day on which it starts; without one it goes on.
    until: Option<Day>,
}

#[derive(ToSchema, FromFields)]
pub(crate) struct Shifts {
    /// All of them: those of before are replaced. A guard without any is always on duty.
    #[schema(value_type = Vec<NewShift>, max_items = 50)]
    shifts: Entries<NewShift>,
}

/// When a guard is on duty.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Shift {
    /// Days of the week, Monday is 1.
    weekdays: Vec<i32>,
    /// By the society's clock.
    #[schema(value_type = ClockTime)]
    starts: String,
    /// Not included; not after `starts` it is on the next day.
    #[schema(value_type = ClockTime)]
    ends: String,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    until: Option<String>,
}

fn day(day: Option<Day>) -> Option<String> {
    day.map(|day| day.0.to_string())
}

/// Says anew where a guard stands.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(put, path = "/v1/admin/guards/{id}/assignments",
    params(("id" = Uuid, Path, description = "The guard")), request_body = Assignments,
    responses((status = 200, body = Answer<Vec<Assignment>>), Forbidden, NotFound))]
pub(crate) async fn set_assignments(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Assignments>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    let list = input.assignments.0.into_iter().map(|NewAssignment { gate_id, block_id, from, until }| {
        json!({ "gate_id": gate_id, "block_id": block_id, "from": day(from), "until": day(until) })
    });
    let list = Value::Array(list.collect());
    let written =
        writer.write::<Vec<Assignment>>(writing, change!("set_assignments.sql", guard = id, list)).await?;
    Ok(written.with_status(StatusCode::OK))
}

/// Where a guard stands, on all days.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/guards/{id}/assignments",
    params(("id" = Uuid, Path, description = "The guard")),
    responses((status = 200, body = Answer<Vec<Assignment>>), Forbidden, NotFound))]
pub(crate) async fn get_assignments(
    State(app): State<App>,
    caller: Caller,
    PathId(guard): PathId,
) -> Result<Answer<Vec<Assignment>>, ApiError> {
    let row = app.db.read_one(statement!("get_assignments.sql", caller = caller.user_id(), guard)).await?;
    Ok(Answer::new(Scoped::allowed(row, UNKNOWN)?))
}

/// Says anew when a guard is on duty.
///
/// **Permissions:** admins of the society, super admins.
///
/// Outside of their shifts a guard is told so, and served all the same, unless the society's policy
/// `guard_shift_enforced` is on.
#[utoipa::path(put, path = "/v1/admin/guards/{id}/shifts",
    params(("id" = Uuid, Path, description = "The guard")), request_body = Shifts,
    responses((status = 200, body = Answer<Vec<Shift>>), Forbidden, NotFound))]
pub(crate) async fn set_shifts(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Shifts>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    let list = input.shifts.0.into_iter().map(|NewShift { weekdays, starts, ends, from, until }| {
        json!({
            "weekdays": weekdays.0, "starts": starts.as_str(), "ends": ends.as_str(), "from": day(from),
            "until": day(until)
        })
    });
    let list = Value::Array(list.collect());
    let written = writer.write::<Vec<Shift>>(writing, change!("set_shifts.sql", guard = id, list)).await?;
    Ok(written.with_status(StatusCode::OK))
}

/// When a guard is on duty.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/guards/{id}/shifts", params(("id" = Uuid, Path, description = "The guard")),
    responses((status = 200, body = Answer<Vec<Shift>>), Forbidden, NotFound))]
pub(crate) async fn get_shifts(
    State(app): State<App>,
    caller: Caller,
    PathId(guard): PathId,
) -> Result<Answer<Vec<Shift>>, ApiError> {
    let row = app.db.read_one(statement!("get_shifts.sql", caller = caller.user_id(), guard)).await?;
    Ok(Answer::new(Scoped::allowed(row, UNKNOWN)?))
}
