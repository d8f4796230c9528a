//! Requests: an admin's scope, and everyone's own, newest first.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List},
    input::{Cursor, FromFields, Limit, Query},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::request::{ResidentRequest, Status};

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    status: Option<Status>,
    limit: Limit,
    cursor: Cursor,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedRequest {
    #[serde(flatten)]
    request: ResidentRequest,
    requesting_user_name: Option<String>,
    requesting_user_phone: Option<String>,
    flat_number: String,
    block_id: Uuid,
    block_name: String,
    complex_name: String,
    society_id: Uuid,
    society_name: String,
}

/// Lists requests to be a resident, newest first.
///
/// **Permissions:** admins their scope, all others their own.
#[utoipa::path(get, path = "/v1/resident-requests", params(Filter),
    responses((status = 200, body = List<ListedRequest>)))]
pub(crate) async fn list_requests(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<List<ListedRequest>, ApiError> {
    let requests = app
        .db
        .read::<ListedRequest>(statement!(
            "list.sql",
            caller = caller.user_id(),
            status = filter.status,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    Ok(List::page(requests, filter.limit, |last| Cursor {
        at: last.request.submitted_at.0,
        id: last.request.id,
    }))
}
