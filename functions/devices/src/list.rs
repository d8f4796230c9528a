//! The caller's push tokens that are in use.

use axum::extract::State;
use shared::{
    App,
    auth::Caller,
    db::Type,
    http::{ApiError, List},
    input::{Cursor, Fields, FromFields, Limit, Query},
};

use crate::token::DeviceToken;

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    limit: Limit,
    cursor: Cursor,
}

impl FromFields for Page {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (limit, cursor) = (fields.or("limit", Limit::default()), fields.or("cursor", Cursor::START));
        Some(Self { limit: limit?, cursor: cursor? })
    }
}

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
        .read::<DeviceToken>(
            include_str!("list.sql"),
            &[
                (caller.user_id(), Type::UUID),
                (&page.cursor.at, Type::TIMESTAMPTZ),
                (&page.cursor.id, Type::UUID),
                (&(page.limit.0 + 1), Type::INT8),
            ],
        )
        .await?;
    Ok(List::page(tokens, page.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}
