//! A phone says that a message came, or that it was opened; the gate hears it.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromField, FromFields, PathId, Problem, ProblemCode},
    openapi::{NotFound, one_of},
    vocabulary::MessageStatus,
    write::{Writer, Writing},
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

/// What happened on the phone.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
enum ReceiptEvent {
    /// It came.
    Delivered,
    /// It was opened.
    Opened,
}

impl FromField for ReceiptEvent {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.as_str() {
            "delivered" => Ok(Self::Delivered),
            "opened" => Ok(Self::Opened),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be delivered or opened")),
        }
    }
}

#[derive(ToSchema, FromFields)]
pub(crate) struct Receipt {
    event: ReceiptEvent,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct ReceiptAnswer {
    id: Uuid,
    #[schema(schema_with = status)]
    status: String,
}

fn status() -> Object {
    one_of([MessageStatus::Delivered, MessageStatus::Opened].map(MessageStatus::as_str))
}

/// Notes that a message came, or that it was opened. What was opened stays so.
///
/// **Permissions:** own messages.
#[utoipa::path(post, path = "/v1/notifications/{id}/receipt",
    params(("id" = Uuid, Path, description = "The message: `notification_id` of its data")),
    request_body = Receipt, responses((status = 200, body = Answer<ReceiptAnswer>), NotFound))]
pub(crate) async fn note_receipt(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<Receipt>,
) -> Result<Response, ApiError> {
    let opened = input.event == ReceiptEvent::Opened;
    let written = writer
        .write::<ReceiptAnswer>(
            Writing {
                caller: &caller,
                key: &key,
                meta: &meta,
                forbidden: "",
                unknown: "There is no such message.",
            },
            change!("receipt.sql", message = id, opened),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
