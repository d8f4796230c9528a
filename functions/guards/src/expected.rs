//! Who is expected on a day of the society's own calendar.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    entry::Entry,
    http::{ApiError, Scoped},
    input::{Cursor, Day, FromFields, Limit, PathId, Query},
    openapi::{self, Forbidden, NotFound},
    statement,
    vocabulary::VisitorStatus,
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OnDay {
    /// A day of the society's own calendar; today where none is named.
    date: Option<Day>,
    limit: Limit,
    cursor: Cursor,
}

#[derive(Deserialize)]
struct DayRow {
    date: String,
    visitors: Vec<ExpectedVisitor>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct ExpectedVisitor {
    id: Uuid,
    visitor_name: String,
    phone: String,
    vehicle_no: Option<String>,
    purpose: String,
    #[schema(schema_with = expected_status)]
    status: String,
    expected_start: Timestamp,
    expected_end: Option<Timestamp>,
    created_at: Timestamp,
    flat_number: String,
    block_name: String,
    complex_name: String,
    invited_by_name: Option<String>,
    /// How often a pass lets in.
    #[schema(minimum = 1, maximum = 100)]
    max_entries: i32,
    #[schema(minimum = 0, maximum = 100)]
    entries_left: i32,
    /// Of those whom only the gate has to let in: who was accepted, and who has a pass that is pending.
    entry: Option<Entry>,
}

fn expected_status() -> Object {
    openapi::one_of(
        [
            VisitorStatus::Pending,
            VisitorStatus::Accepted,
            VisitorStatus::CheckedIn,
            VisitorStatus::CheckedOut,
        ]
        .map(VisitorStatus::as_str),
    )
}

/// `data`, `count` and `date`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExpectedList {
    #[schema(schema_with = openapi::always_true)]
    success: bool,
    data: Vec<ExpectedVisitor>,
    count: usize,
    #[schema(format = Date)]
    date: String,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

/// Lists who is expected on a day.
///
/// **Permissions:** guards and admins of the society; a block admin sees their block.
#[utoipa::path(get, path = "/v1/society/{society_id}/expected-visitors",
    params(("society_id" = Uuid, Path, description = "The society"), OnDay),
    responses((status = 200, body = ExpectedList), Forbidden, NotFound))]
pub(crate) async fn list_expected(
    State(app): State<App>,
    caller: Caller,
    PathId(society_id): PathId,
    Query(query): Query<OnDay>,
) -> Result<Json<ExpectedList>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<DayRow>>(statement!(
            "expected.sql",
            caller = caller.user_id(),
            society = society_id,
            day = query.date.map(|day| day.0),
            before_at = query.cursor.at,
            before_id = query.cursor.id,
            rows = query.limit.0 + 1
        ))
        .await?;
    let DayRow { date, visitors } = Scoped::allowed(row, "There is no such society.")?;
    let page = shared::http::List::page(visitors, query.limit, |last| Cursor {
        at: last.expected_start.0,
        id: last.id,
    });
    let (data, next_cursor) = page.into_parts();
    Ok(Json(ExpectedList { success: true, count: data.len(), data, date, next_cursor }))
}

shared::alias!(list_expected_alias: list_expected at "/v1/guards/society/{society_id}/expected-visitors");
