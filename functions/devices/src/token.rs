//! A push token as answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{Timestamp, device::Platform};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct DeviceToken {
    pub(crate) id: Uuid,
    user_id: Uuid,
    token: String,
    #[schema(value_type = Option<Platform>)]
    device_type: Option<String>,
    #[schema(value_type = Object)]
    device_info: Value,
    /// Whether it is pushed to.
    is_active: bool,
    pub(crate) created_at: Timestamp,
    updated_at: Timestamp,
}
