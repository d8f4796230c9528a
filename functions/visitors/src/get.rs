//! One visitor, and every answer that was given about him.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    db::Type,
    http::{Answer, ApiError, Scoped},
    input::PathId,
};
use uuid::Uuid;

use crate::{list::ListedVisitor, visitor::Decision};

#[derive(Serialize, Deserialize)]
pub(crate) struct VisitorWithApprovals {
    #[serde(flatten)]
    visitor: ListedVisitor,
    approvals: Vec<Approval>,
}

#[derive(Serialize, Deserialize)]
struct Approval {
    id: Uuid,
    user_id: Uuid,
    user_name: Option<String>,
    decided_by: String,
    decision: Decision,
    note: Option<String>,
    created_at: Timestamp,
}

/// **Permissions:** guards and admins of the visitor's society or block, residents of his flat.
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
