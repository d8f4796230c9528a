//! Who is waiting at the gate for an answer.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    db::Type,
    http::{Answer, ApiError, Scoped},
    input::{Fields, FromFields, Query},
};
use uuid::Uuid;

use crate::visitor::Status;

#[derive(Serialize, Deserialize)]
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
#[derive(Serialize)]
pub(crate) struct PendingList {
    success: bool,
    data: Vec<PendingVisitor>,
    count: usize,
    next_cursor: Option<String>,
}

/// **Permissions:** own flats.
pub(crate) async fn list_pending(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<PendingList>, ApiError> {
    let data =
        app.db.read::<PendingVisitor>(include_str!("pending.sql"), &[(caller.user_id(), Type::UUID)]).await?;
    Ok(Json(PendingList { success: true, count: data.len(), data, next_cursor: None }))
}

pub(crate) struct OfFlat {
    flat_id: Uuid,
}

impl FromFields for OfFlat {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { flat_id: fields.required("flat_id")? })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PendingCount {
    flat_id: Uuid,
    pending_count: i64,
}

/// **Permissions:** residents of the flat, guards and admins of its society or block.
pub(crate) async fn count_pending(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OfFlat>,
) -> Result<Answer<PendingCount>, ApiError> {
    let params = [(caller.user_id() as _, Type::UUID), (&query.flat_id as _, Type::UUID)];
    let row = app.db.read_one::<Scoped<PendingCount>>(include_str!("pending_count.sql"), &params).await?;
    row.ok_or(ApiError::NotFound)?.allowed().map(Answer::new)
}
