//! The emergencies of a society, of a block, or of one's own flats, newest first.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, Query},
    openapi::{Forbidden, NotFound},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::emergency::{Emergency, Status};

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    status: Option<Status>,
    flat_id: Option<Uuid>,
    limit: Limit,
    cursor: Cursor,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedEmergency {
    #[serde(flatten)]
    emergency: Emergency,
    reported_by_name: Option<String>,
    /// For guards the country and the last four digits, unless their society shows them all of it.
    reported_by_phone: Option<String>,
    addressed_by_user_id: Option<Uuid>,
    resolved_by_user_id: Option<Uuid>,
}

/// Lists emergencies, newest first.
///
/// **Permissions:** guards and admins their society or block, residents their flats since they moved in.
#[utoipa::path(get, path = "/v1/emergencies", params(Filter),
    responses((status = 200, body = List<ListedEmergency>), Forbidden, NotFound))]
pub(crate) async fn list_emergencies(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<List<ListedEmergency>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<ListedEmergency>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            flat = filter.flat_id,
            status = filter.status,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    let emergencies = Scoped::allowed(row, "There is no such flat.")?;
    Ok(List::page(emergencies, filter.limit, |last| Cursor {
        at: last.emergency.created_at.0,
        id: last.emergency.id,
    }))
}
