//! The caller's homes, the primary one first.

use axum::extract::State;
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List},
    input::{PlaceCursor, PlacePage, Query},
    place::{Flat, Home},
    sql,
};
use uuid::Uuid;

/// Lists the caller's homes, the primary one first.
///
/// **Permissions:** own.
#[utoipa::path(get, path = "/v1/my-flats", params(PlacePage), responses((status = 200, body = List<Flat>)))]
pub(crate) async fn list_my_flats(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PlacePage>,
) -> Result<List<Flat>, ApiError> {
    let home = app.db.read_one::<Home>(sql!("SELECT home_of(:user)", user = caller.user_id())).await?;
    // A user has few homes, so all of them are read.
    let mut flats = home.map(|home| home.flats).unwrap_or_default();
    let PlaceCursor { group, name, id } = &page.cursor;
    flats.retain(|flat| key(flat) > (group, name, *id));
    flats.truncate(usize::try_from(page.rows()).unwrap_or(usize::MAX));
    Ok(List::page(flats, page.limit(), |last| {
        let (group, name, id) = key(last);
        PlaceCursor { group: group.to_owned(), name: name.to_owned(), id }
    }))
}

shared::alias!(list_my_flats_alias: list_my_flats at "/v1/resident-requests/my-flats");

/// What the list is sorted by: the primary home first, then by the first day.
fn key(flat: &Flat) -> (&str, &str, Uuid) {
    (if flat.is_primary { "0" } else { "1" }, &flat.start_date, flat.occupancy_id)
}
