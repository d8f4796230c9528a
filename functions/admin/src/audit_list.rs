//! What was done in a society, as its admins look for it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    App, Timestamp,
    auth::Caller,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, PathId, PeriodBound, Query},
    openapi::{Forbidden, NotFound},
    statement,
    text::ShortText,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows that one call looks at: 6 ms of PostgreSQL's time. What is rare is found page by page.
const MOST: i64 = 5_000;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// What was done, such as `role.grant`.
    action: Option<ShortText>,
    /// To what, such as `flat`.
    resource_type: Option<ShortText>,
    resource_id: Option<Uuid>,
    /// Who did it.
    actor_user_id: Option<Uuid>,
    from: Option<PeriodBound>,
    to: Option<PeriodBound>,
    limit: Limit,
    cursor: Cursor,
}

/// Something that was done.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct AuditRow {
    id: Uuid,
    created_at: Timestamp,
    /// Who did it; null for the system and for operators.
    actor_user_id: Option<Uuid>,
    actor_name: Option<String>,
    action: String,
    resource_type: String,
    resource_id: Option<Uuid>,
    request_id: Option<String>,
    /// What it was about; of what an admin changed, `before` and `after`.
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
}

/// A page, and where the next one begins.
#[derive(Deserialize)]
struct Found {
    rows: Vec<AuditRow>,
    next: Option<At>,
}

#[derive(Deserialize)]
struct At {
    at: Timestamp,
    id: Uuid,
}

/// Lists what was done in a society, newest first.
///
/// **Permissions:** admins of the society, super admins.
///
/// A call looks at 5,000 rows of the period at most, so a page may hold fewer rows than `limit`, or none, while
/// `next_cursor` names another one.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/audit", params(("id" = Uuid, Path, description = "The society"), Filter),
    responses((status = 200, body = List<AuditRow>), Forbidden, NotFound))]
pub(crate) async fn list_audit(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    Query(filter): Query<Filter>,
) -> Result<List<AuditRow>, ApiError> {
    let ((from_at, from_clock), (to_at, to_clock)) =
        (PeriodBound::start(filter.from), PeriodBound::end(filter.to));
    let row = app
        .db
        .read_one::<Scoped<Option<Found>>>(statement!(
            "audit_list.sql",
            caller = caller.user_id(),
            society = id,
            action = filter.action,
            resource_type = filter.resource_type,
            resource = filter.resource_id,
            actor = filter.actor_user_id,
            from_at,
            from_clock,
            to_at,
            to_clock,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0,
            most = MOST
        ))
        .await?;
    let found = Scoped::allowed(row, "There is no such society.")?;
    let Found { rows, next } = found.ok_or_else(|| ApiError::Internal("the audit was not read".into()))?;
    Ok(List::until(rows, next.map(|At { at, id }| Cursor { at: at.0, id })))
}
