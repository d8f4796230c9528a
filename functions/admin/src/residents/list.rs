//! Who lives in a society, and who is to.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    http::{ApiError, List, Scoped},
    input::{Cursor, FromFields, Limit, PathId, Query},
    openapi::{self, Forbidden, NotFound},
    statement,
    text::ShortText,
    vocabulary::OccupancyRole,
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Who {
    /// How a name or a phone number begins, or a flat's number.
    q: Option<ShortText>,
    flat_id: Option<Uuid>,
    limit: Limit,
    cursor: Cursor,
}

/// Somebody who lives in a flat, or is to as soon as they sign in with their number.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedResident {
    id: Uuid,
    #[schema(schema_with = kinds)]
    kind: String,
    flat_id: Uuid,
    flat_number: String,
    block_name: String,
    /// Null where they have not signed in.
    user_id: Option<Uuid>,
    name: Option<String>,
    phone: Option<String>,
    #[schema(value_type = OccupancyRole)]
    role: String,
    /// Whether it is their main home, to which an SMS about a visitor goes first.
    is_primary: bool,
    since: Timestamp,
}

/// What an id is one of.
pub(super) fn kinds() -> Object {
    openapi::one_of(["occupancy", "claim"])
}

/// Lists who lives in a society or is to, newest first.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/residents", params(("id" = Uuid, Path, description = "The society"), Who),
    responses((status = 200, body = List<ListedResident>), Forbidden, NotFound))]
pub(crate) async fn list_residents(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    Query(who): Query<Who>,
) -> Result<List<ListedResident>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<ListedResident>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            society = id,
            flat = who.flat_id,
            q = who.q,
            before_at = who.cursor.at,
            before_id = who.cursor.id,
            rows = who.limit.0 + 1
        ))
        .await?;
    let residents = Scoped::allowed(row, "There is no such society.")?;
    Ok(List::page(residents, who.limit, |last| Cursor { at: last.since.0, id: last.id }))
}
