//! A user signs out of a phone: its token is forgotten. Someone else's token is unknown to him.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    device::PushToken,
    http::ApiError,
    input::{Body, Fields, FromFields},
    write::{QuietWriter, Writing},
};

pub(crate) struct Forget {
    token: PushToken,
}

impl FromFields for Forget {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.required("token")? })
    }
}

#[derive(Serialize, Deserialize)]
struct ForgetAnswer {
    message: String,
}

/// **Permissions:** own devices.
pub(crate) async fn forget_token(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Forget>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: "" };
    let params = [(&input.token as _, Type::TEXT)];
    let written = writer.write::<ForgetAnswer>(writing, include_str!("forget.sql"), &params).await?;
    Ok(written.with_status(StatusCode::OK))
}
