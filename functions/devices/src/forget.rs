//! A user signs out of a phone: its token is forgotten. Someone else's token is unknown to them.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    device::PushToken,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::NotFound,
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;

#[derive(ToSchema, FromFields)]
pub(crate) struct Forget {
    token: PushToken,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct ForgetAnswer {
    message: String,
}

/// Forgets a push token when its user signs out.
///
/// **Permissions:** own devices.
#[utoipa::path(delete, path = "/v1/fcm-token", request_body = Forget,
    responses((status = 200, body = Answer<ForgetAnswer>), NotFound))]
pub(crate) async fn forget_token(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Forget>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "",
        unknown: "None of your devices has this token.",
    };
    let written = writer.write::<ForgetAnswer>(writing, change!("forget.sql", token = input.token)).await?;
    Ok(written.with_status(StatusCode::OK))
}
