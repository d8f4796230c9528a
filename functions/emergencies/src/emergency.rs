//! An emergency as answers show it.

use serde::{Deserialize, Serialize};
use shared::Timestamp;
pub(crate) use shared::vocabulary::EmergencyStatus as Status;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Emergency {
    pub(crate) id: Uuid,
    flat_id: Uuid,
    reported_by_user_id: Uuid,
    description: Option<String>,
    status: Status,
    addressed_by_guard_id: Option<Uuid>,
    addressed_at: Option<Timestamp>,
    resolved_by_guard_id: Option<Uuid>,
    resolved_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    updated_at: Timestamp,
    flat_number: String,
    block_name: String,
}
