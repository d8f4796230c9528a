//! One visitor, every answer that was given about them, and for the gate how far the question has come.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    auth::Caller,
    http::{Answer, ApiError, Scoped},
    input::PathId,
    openapi::{Forbidden, NotFound, one_of},
    realtime::Room,
    statement,
    vocabulary::AnsweredBy,
    write::Writer,
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use crate::{
    list::ListedVisitor,
    visitor::{Decision, UNKNOWN_VISITOR},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorWithApprovals {
    #[serde(flatten)]
    visitor: ListedVisitor,
    approvals: Vec<Approval>,
    /// How far the question has come to the flat's phones; null for all but guards and admins.
    delivery: Option<Delivery>,
}

/// Phones of the flat's residents. Each is counted in as many of these as hold for it.
#[derive(Serialize, ToSchema)]
struct Delivery {
    #[serde(flatten)]
    pushed: Pushed,
    /// Apps of residents that are open and listen now; null where that could not be found out.
    connected: Option<usize>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Pushed {
    /// Phones that were to be reached.
    devices: u32,
    /// Those whose message the push service has taken.
    sent: u32,
    /// Those that said that it came.
    delivered: u32,
    /// Those on which it was opened.
    opened: u32,
    /// Those that it will not reach.
    unreachable: u32,
}

/// The row of `get.sql`.
#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    visitor: ListedVisitor,
    approvals: Vec<Approval>,
    asked: Option<Asked>,
}

/// What only those at the gate are told.
#[derive(Deserialize)]
struct Asked {
    delivery: Pushed,
    residents: Vec<Uuid>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Approval {
    id: Uuid,
    user_id: Uuid,
    user_name: Option<String>,
    #[schema(schema_with = decided_by)]
    decided_by: String,
    decision: Decision,
    note: Option<String>,
    created_at: Timestamp,
}

fn decided_by() -> Object {
    one_of(AnsweredBy::WORDS)
}

/// Answers one visitor, and every answer that was given about them.
///
/// Guards and admins are also told how far the question has come to the phones of the flat.
///
/// **Permissions:** guards and admins of the visitor's society or block; residents of the flat, where the visitor came
/// since they moved in, or is at its door now.
#[utoipa::path(get, path = "/v1/visitors/{id}", params(("id" = Uuid, Path, description = "The visitor")),
    responses((status = 200, body = Answer<VisitorWithApprovals>), Forbidden, NotFound))]
pub(crate) async fn get_visitor(
    State(writer): State<Writer>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Answer<VisitorWithApprovals>, ApiError> {
    let row = writer
        .app()
        .db
        .read_one::<Scoped<Option<Found>>>(statement!("get.sql", caller = caller.user_id(), visitor = id))
        .await?;
    let found = Scoped::allowed(row, UNKNOWN_VISITOR)?.ok_or(ApiError::NotFound(UNKNOWN_VISITOR))?;
    let Found { visitor, approvals, asked } = found;
    let delivery = match asked {
        Some(Asked { delivery, residents }) => {
            let connected = writer.publisher().listeners(Room::flat(visitor.flat_id), &residents).await;
            Some(Delivery { pushed: delivery, connected })
        }
        None => None,
    };
    Ok(Answer::new(VisitorWithApprovals { visitor, approvals, delivery }))
}
