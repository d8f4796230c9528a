//! Who is waiting at the gate for an answer.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    http::{Answer, ApiError, List, Scoped},
    input::{Cursor, FromFields, Page, Query},
    openapi::{Forbidden, NotFound, always_true},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::Status;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct PendingVisitor {
    id: Uuid,
    visitor_name: String,
    phone: String,
    purpose: String,
    vehicle_no: Option<String>,
    expected_start: Timestamp,
    expected_end: Option<Timestamp>,
    status: Status,
    approval_deadline: Option<Timestamp>,
    created_at: Timestamp,
    flat_id: Uuid,
    flat_number: String,
    block_name: String,
    complex_name: String,
}

/// `data` and `count`.
#[derive(Serialize, ToSchema)]
pub(crate) struct PendingList {
    #[schema(schema_with = always_true)]
    success: bool,
    data: Vec<PendingVisitor>,
    count: usize,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

/// Lists who waits at the gate for an answer of the caller's flats.
///
/// **Permissions:** own flats.
#[utoipa::path(get, path = "/v1/visitors/pending", params(Page), responses((status = 200, body = PendingList)))]
pub(crate) async fn list_pending(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<PendingList>, ApiError> {
    let visitors = app
        .db
        .read(statement!(
            "pending.sql",
            caller = caller.user_id(),
            before_at = page.cursor.at,
            before_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    let position = |last: &PendingVisitor| Cursor { at: last.created_at.0, id: last.id };
    let (data, next_cursor) = List::page(visitors, page.limit, position).into_parts();
    Ok(Json(PendingList { success: true, count: data.len(), data, next_cursor }))
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfFlat {
    flat_id: Uuid,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct PendingCount {
    flat_id: Uuid,
    #[schema(minimum = 0)]
    pending_count: i64,
}

/// Counts who waits at the gate for a flat.
///
/// **Permissions:** residents of the flat, guards and admins of its society or block.
#[utoipa::path(get, path = "/v1/visitors/pending-count", params(OfFlat),
    responses((status = 200, body = Answer<PendingCount>), Forbidden, NotFound))]
pub(crate) async fn count_pending(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OfFlat>,
) -> Result<Answer<PendingCount>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<PendingCount>>(statement!(
            "pending_count.sql",
            caller = caller.user_id(),
            flat = query.flat_id
        ))
        .await?;
    Scoped::allowed(row, "There is no such flat.").map(Answer::new)
}
