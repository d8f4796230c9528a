//! A push token as answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::Timestamp;
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: Uuid,
    user_id: Uuid,
    token: String,
    device_type: Option<String>,
    device_info: Value,
    is_active: bool,
    pub(crate) created_at: Timestamp,
    updated_at: Timestamp,
}
