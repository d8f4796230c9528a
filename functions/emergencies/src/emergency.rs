//! An emergency as answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Timestamp,
    input::{FromField, Problem, ProblemCode},
    text_param,
};
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

/// Where an emergency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EmergencyStatus)]
pub(crate) enum Status {
    Pending,
    Addressed,
    Resolved,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Addressed => "addressed",
            Self::Resolved => "resolved",
        }
    }
}

text_param!(Status);

impl FromField for Status {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.as_str() {
            "pending" => Ok(Self::Pending),
            "addressed" => Ok(Self::Addressed),
            "resolved" => Ok(Self::Resolved),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be pending, addressed or resolved")),
        }
    }
}
