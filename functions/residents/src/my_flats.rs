//! The caller's homes, the primary one first.

use axum::extract::State;
use shared::{
    App,
    auth::Caller,
    db::Type,
    http::{ApiError, List},
    place::{Flat, Home},
};

/// Lists the caller's homes, the primary one first.
///
/// **Permissions:** own.
#[utoipa::path(get, path = "/v1/my-flats", responses((status = 200, body = List<Flat>)))]
pub(crate) async fn list_my_flats(State(app): State<App>, caller: Caller) -> Result<List<Flat>, ApiError> {
    let home = app.db.read_one::<Home>("SELECT home_of($1)", &[(caller.user_id(), Type::UUID)]).await?;
    Ok(List::complete(home.map(|home| home.flats).unwrap_or_default()))
}
