//! A visitor as answers show them.

use serde::{Deserialize, Serialize};
use shared::Timestamp;
pub(crate) use shared::vocabulary::{Decision, VisitorStatus as Status};
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
    /// Whether a resident invited them ahead.
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

/// A new visitor and their flat.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitorAnswer {
    visitor: Visitor,
    flat_details: FlatDetails,
}
