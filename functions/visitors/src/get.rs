//! One visitor, and every answer that was given about him.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    db::Type,
    http::{Answer, ApiError, Scoped},
    input::PathId,
    openapi::{Forbidden, NotFound, one_of},
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use crate::{list::ListedVisitor, visitor::Decision};

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VisitorWithApprovals {
    #[serde(flatten)]
    visitor: ListedVisitor,
    approvals: Vec<Approval>,
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
    one_of(["resident", "guard"])
}

/// Answers one visitor, and every answer that was given about him.
///
/// **Permissions:** guards and admins of the visitor's society or block, residents of his flat.
#[utoipa::path(get, path = "/v1/visitors/{id}", params(("id" = Uuid, Path, description = "The visitor")),
    responses((status = 200, body = Answer<VisitorWithApprovals>), Forbidden, NotFound))]
pub(crate) async fn get_visitor(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Answer<VisitorWithApprovals>, ApiError> {
    let params = [(caller.user_id() as _, Type::UUID), (&id as _, Type::UUID)];
    let row =
        app.db.read_one::<Scoped<Option<VisitorWithApprovals>>>(include_str!("get.sql"), &params).await?;
    row.ok_or(ApiError::NotFound)?.allowed()?.map(Answer::new).ok_or(ApiError::NotFound)
}
