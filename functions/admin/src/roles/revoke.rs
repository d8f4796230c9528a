//! An admin revokes a role within their own scope; somebody always has it.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, NoInput, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// What was revoked.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RevokedRole {
    id: Uuid,
    message: String,
}

/// Revokes a role of an admin, from their next call on.
///
/// **Permissions:** super admins; admins of the society, its own roles and those of its blocks.
///
/// The last admin of a society, and the last super admin, is refused with 409.
#[utoipa::path(post, path = "/v1/admin/roles/{id}/revoke", params(("id" = Uuid, Path, description = "The role")),
    request_body = NoInput, responses((status = 200, body = Answer<RevokedRole>), Forbidden, NotFound, WrongState))]
pub(crate) async fn revoke_role(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Your role does not reach so far that you could revoke this one.",
        unknown: "There is no such role.",
    };
    let written = writer.write::<RevokedRole>(writing, change!("revoke.sql", assignment = id)).await?;
    Ok(written.with_status(StatusCode::OK))
}
