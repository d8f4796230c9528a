//! A visit as answers show it.

use serde::{Deserialize, Serialize};
use shared::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Visit {
    id: Uuid,
    visitor_id: Uuid,
    guard_id: Uuid,
    checkin_time: Timestamp,
    checkout_time: Option<Timestamp>,
    checkin_method: String,
    notes: Option<String>,
    created_at: Timestamp,
}
