//! An app hands in its push token. A token that another user held moves, and the move is audited.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    device::{DeviceInfo, Platform, PushToken},
    http::{Answer, ApiError},
    input::{Body, FromFields},
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;

use crate::token::DeviceToken;

#[derive(ToSchema, FromFields)]
pub(crate) struct NewToken {
    token: PushToken,
    device_type: Option<Platform>,
    #[schema(required = false, nullable)]
    device_info: DeviceInfo,
}

/// Hands in the push token of an app.
///
/// **Permissions:** own devices.
///
/// A token that another user held moves to the caller: the phone has changed hands.
#[utoipa::path(post, path = "/v1/fcm-token", request_body = NewToken,
    responses((status = 200, body = Answer<DeviceToken>)))]
pub(crate) async fn register_token(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewToken>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "" };
    let platform = input.device_type.or_else(|| input.device_info.platform());
    let written = writer
        .write::<DeviceToken>(
            writing,
            change!("register.sql", token = input.token, platform, device_info = input.device_info.0),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
