//! Who was here when: the visits of a society, of a block, or of one's own flats, newest first.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, PeriodBound, Query},
    openapi::{Forbidden, NotFound},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    flat_id: Option<Uuid>,
    /// When they came in: from here on.
    from: Option<PeriodBound>,
    /// Up to here; a day counts to its last moment, an instant itself no more.
    to: Option<PeriodBound>,
    limit: Limit,
    cursor: Cursor,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedVisit {
    id: Uuid,
    visitor_id: Uuid,
    guard_id: Uuid,
    checkin_time: Timestamp,
    checkout_time: Option<Timestamp>,
    checkin_method: String,
    notes: Option<String>,
    /// `removed` once the society keeps what is known of them no longer; see `phone`.
    visitor_name: String,
    /// Empty once the name is removed.
    phone: String,
    vehicle_no: Option<String>,
    purpose: String,
    flat_number: String,
    block_name: String,
    guard_name: Option<String>,
}

/// Lists visits, newest first.
///
/// **Permissions:** guards and admins their society or block, residents their flats since they moved in.
#[utoipa::path(get, path = "/v1/visits", params(Filter),
    responses((status = 200, body = List<ListedVisit>), Forbidden, NotFound))]
pub(crate) async fn list_visits(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<List<ListedVisit>, ApiError> {
    let (from, to) = (PeriodBound::start(filter.from), PeriodBound::end(filter.to));
    let row = app
        .db
        .read_one::<Scoped<Vec<ListedVisit>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            flat = filter.flat_id,
            from_at = from.0,
            from_clock = from.1,
            to_at = to.0,
            to_clock = to.1,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    let visits = Scoped::allowed(row, "There is no such flat.")?;
    Ok(List::page(visits, filter.limit, |last| Cursor { at: last.checkin_time.0, id: last.id }))
}
