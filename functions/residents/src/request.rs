//! A request to be a flat's resident, as answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
pub(crate) use shared::vocabulary::{RequestStatus as Status, RequestedRole};
use shared::{
    Timestamp,
    input::{FromField, Problem, ProblemCode},
    text::{check_json, contains_aadhaar},
};
use utoipa::{
    ToSchema,
    openapi::{
        ObjectBuilder, Type,
        schema::{AnyOfBuilder, ArrayBuilder},
    },
};
use uuid::Uuid;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ResidentRequest {
    pub(crate) id: Uuid,
    requesting_user_id: Uuid,
    flat_id: Uuid,
    requested_role: RequestedRole,
    #[schema(value_type = Docs)]
    docs: Value,
    note: Option<String>,
    status: Status,
    pub(crate) submitted_at: Timestamp,
    processed_by: Option<Uuid>,
    processed_at: Option<Timestamp>,
    processed_note: Option<String>,
}

/// What the requester hands in as proof: names or links of documents, in a shape of the app's own.
pub(crate) struct Docs(pub(crate) Value);

impl Docs {
    /// Characters of JSON that are kept.
    const MAX: usize = 4000;
}

shared::schema!(
    Docs,
    "Docs",
    AnyOfBuilder::new()
        .item(ArrayBuilder::new())
        .item(ObjectBuilder::new().schema_type(Type::Object))
        .description(Some(
            "What the requester hands in as proof, in at most 4000 characters and 16 levels, and without an Aadhaar number."
        ))
);

impl FromField for Docs {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        if !(value.is_array() || value.is_object()) {
            return Err(Problem::new(ProblemCode::WrongType, "must be a list or an object"));
        }
        check_json(value, Self::MAX)?;
        // People write down the number of a document, also as a number.
        if contains_aadhaar(&value.to_string()) {
            let problem = "must not contain an Aadhaar number";
            return Err(Problem::new(ProblemCode::AadhaarNotAccepted, problem));
        }
        Ok(Self(value.clone()))
    }
}
