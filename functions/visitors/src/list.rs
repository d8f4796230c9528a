//! The visitors of a society, of a block, or of one's own flats, newest first.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    entry::Entry,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, PeriodBound, Query},
    openapi::{Forbidden, NotFound},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::Status;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    flat_id: Option<Uuid>,
    status: Option<Status>,
    /// When they were logged: from here on.
    date_from: Option<PeriodBound>,
    /// Up to here; a day counts to its last moment, an instant itself no more.
    date_to: Option<PeriodBound>,
    limit: Limit,
    cursor: Cursor,
}

/// A visitor in a list.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedVisitor {
    id: Uuid,
    /// `removed` once the society keeps what is known of them no longer; see `phone`.
    visitor_name: String,
    /// Empty once the name is removed.
    phone: String,
    vehicle_no: Option<String>,
    purpose: String,
    pub(crate) flat_id: Uuid,
    status: Status,
    expected_start: Timestamp,
    expected_end: Option<Timestamp>,
    approval_deadline: Option<Timestamp>,
    created_at: Timestamp,
    invited_by: Option<Uuid>,
    flat_number: String,
    block_name: String,
    invited_by_name: Option<String>,
    /// The visit, while they are inside.
    visit_id: Option<Uuid>,
    /// How often a pass lets in.
    #[schema(minimum = 1, maximum = 100)]
    max_entries: i32,
    #[schema(minimum = 0, maximum = 100)]
    entries_left: i32,
    /// Of those whom only the gate has to let in: who was accepted, and who has a pass that is pending.
    entry: Option<Entry>,
}

/// Lists visitors, newest first.
///
/// **Permissions:** guards and admins their society or block, residents their flats since they moved in.
#[utoipa::path(get, path = "/v1/visitors", params(Filter),
    responses((status = 200, body = List<ListedVisitor>), Forbidden, NotFound))]
pub(crate) async fn list_visitors(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<List<ListedVisitor>, ApiError> {
    let (from, to) = (PeriodBound::start(filter.date_from), PeriodBound::end(filter.date_to));
    let row = app
        .db
        .read_one::<Scoped<Vec<ListedVisitor>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            flat = filter.flat_id,
            status = filter.status,
            from_at = from.0,
            from_clock = from.1,
            to_at = to.0,
            to_clock = to.1,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    let visitors = Scoped::allowed(row, "There is no such flat.")?;
    Ok(List::page(visitors, filter.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}
