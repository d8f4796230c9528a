//! A visitor as answers show him.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    Timestamp,
    input::{FromField, Problem, ProblemCode},
    text_param,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is answered about a visitor whom the caller may know nothing of.
pub(crate) const UNKNOWN_VISITOR: &str = "There is no such visitor.";

/// Everything about a visitor, for those who made the entry.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Visitor {
    id: Uuid,
    visitor_name: String,
    phone: String,
    id_type: Option<String>,
    id_number: Option<String>,
    attachment_ids: Vec<Uuid>,
    vehicle_no: Option<String>,
    purpose: String,
    invited_by: Option<Uuid>,
    flat_id: Uuid,
    expected_start: Timestamp,
    expected_end: Option<Timestamp>,
    status: Status,
    /// Whether a resident invited him ahead.
    auto_approved: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    approval_deadline: Option<Timestamp>,
    idempotency_key: Option<String>,
    qr_code: Option<String>,
    /// Of a guest pass: what the visitor says at the gate.
    access_code: Option<String>,
    #[schema(minimum = 1, maximum = 50)]
    number_of_people: i32,
    /// How often a pass lets in. An answer that is kept under a key from before has none.
    #[serde(default = "once")]
    #[schema(minimum = 1, maximum = 100)]
    max_entries: i32,
}

fn once() -> i32 {
    1
}

/// The flat visited, and whom to call there.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FlatDetails {
    flat_id: Uuid,
    flat_number: String,
    block_id: Uuid,
    block_name: String,
    complex_id: Uuid,
    complex_name: String,
    society_id: Uuid,
    society_name: String,
    resident_user_id: Option<Uuid>,
    resident_name: Option<String>,
    /// For guards the country and the last four digits, unless their society shows them all of it.
    resident_phone: Option<String>,
}

/// A new visitor and his flat.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitorAnswer {
    visitor: Visitor,
    flat_details: FlatDetails,
}

/// Where a visitor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VisitorStatus)]
pub(crate) enum Status {
    Pending,
    Accepted,
    Denied,
    CheckedIn,
    CheckedOut,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Denied => "denied",
            Self::CheckedIn => "checked_in",
            Self::CheckedOut => "checked_out",
        }
    }
}

text_param!(Status);

impl FromField for Status {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        [Self::Pending, Self::Accepted, Self::Denied, Self::CheckedIn, Self::CheckedOut]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                let allowed = "must be pending, accepted, denied, checked_in or checked_out";
                Problem::new(ProblemCode::WrongFormat, allowed)
            })
    }
}

/// What a resident or a guard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    Accept,
    Deny,
}

impl Decision {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
        }
    }
}

text_param!(Decision);

impl FromField for Decision {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.as_str() {
            "accept" => Ok(Self::Accept),
            "deny" => Ok(Self::Deny),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be accept or deny")),
        }
    }
}
