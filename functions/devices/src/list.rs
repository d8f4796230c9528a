//! The caller's push tokens that are in use.

use axum::extract::State;
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List},
    input::{Cursor, Page, Query},
    statement,
};

use crate::token::DeviceToken;

/// Lists the push tokens of the caller that are in use.
///
/// **Permissions:** own devices.
#[utoipa::path(get, path = "/v1/fcm-tokens", params(Page), responses((status = 200, body = List<DeviceToken>)))]
pub(crate) async fn list_tokens(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<List<DeviceToken>, ApiError> {
    let tokens = app
        .db
        .read::<DeviceToken>(statement!(
            "list.sql",
            caller = caller.user_id(),
            before_at = page.cursor.at,
            before_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    Ok(List::page(tokens, page.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}
