//! A phone registers itself, by its own identifier or else by its push token.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    auth::{Caller, RequestMeta},
    change,
    device::{DeviceInfo, Platform, PushToken},
    http::{Answer, ApiError},
    input::{Body, FromFields, Problem, ProblemCode},
    text::ShortText,
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(ToSchema, FromFields)]
#[check(can_be_told_apart(device_identifier, fcm_token))]
pub(crate) struct NewDevice {
    /// The app's name for the phone; without one the token stands for it.
    device_identifier: Option<ShortText>,
    /// Has to be there where there is no `device_identifier`.
    fcm_token: Option<PushToken>,
    platform: Option<Platform>,
    #[schema(required = false, nullable)]
    device_info: DeviceInfo,
}

fn can_be_told_apart(identifier: &Option<ShortText>, token: &Option<PushToken>) -> Result<(), Problem> {
    if identifier.is_some() || token.is_some() {
        return Ok(());
    }
    let problem = Problem::new(ProblemCode::Required, "is required where there is no fcm_token");
    Err(problem.of("device_identifier"))
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Device {
    id: Uuid,
    user_id: Uuid,
    device_identifier: Option<String>,
    #[schema(value_type = Option<Platform>)]
    platform: Option<String>,
    fcm_token: Option<String>,
    last_seen: Timestamp,
    created_at: Timestamp,
}

/// Registers a phone, by its own identifier or else by its push token.
///
/// **Permissions:** own devices; a `user_id` in the body is ignored.
#[utoipa::path(post, path = "/v1/guards/register-device", request_body = NewDevice,
    responses((status = 200, body = Answer<Device>)))]
pub(crate) async fn register_device(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewDevice>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "" };
    let platform = input.platform.or_else(|| input.device_info.platform());
    let written = writer
        .write::<Device>(
            writing,
            change!(
                "register_device.sql",
                identifier = input.device_identifier,
                token = input.fcm_token,
                platform,
                device_info = input.device_info.0
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
