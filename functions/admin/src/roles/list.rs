//! Who administers a society.

use axum::extract::State;
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, PathId, Query},
    openapi::{Forbidden, NotFound},
    statement,
    text::ShortText,
    vocabulary::AdminRole,
};

use super::HeldRole;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// How a name begins, in any case, or a phone number.
    q: Option<ShortText>,
    role: Option<AdminRole>,
    limit: Limit,
    cursor: Cursor,
}

/// Lists who administers a society or one of its blocks, newest first; to super admins also who administers everything.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/roles", params(("id" = Uuid, Path, description = "The society"), Filter),
    responses((status = 200, body = List<HeldRole>), Forbidden, NotFound))]
pub(crate) async fn list_roles(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    Query(filter): Query<Filter>,
) -> Result<List<HeldRole>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<HeldRole>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            society = id,
            q = filter.q,
            role = filter.role,
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    let roles = Scoped::allowed(row, "There is no such society.")?;
    Ok(List::page(roles, filter.limit, |last| Cursor { at: last.since.0, id: last.id }))
}
