//! An admin says that somebody lives in a flat no more, or is not to.

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

const FORBIDDEN: &str = "Only an admin of this flat says who lives there.";

/// What is over.
#[derive(Serialize, Deserialize, ToSchema)]
struct Ended {
    id: Uuid,
    message: String,
}

/// Moves a resident out, today.
///
/// **Permissions:** admins of the society or of the block, super admins.
///
/// They hear nothing of the flat from now on, and their passes let nobody in. Those who go on living there are told.
#[utoipa::path(post, path = "/v1/admin/occupancies/{id}/end", params(("id" = Uuid, Path, description = "The occupancy")),
    request_body = NoInput, responses((status = 200, body = Answer<Ended>), Forbidden, NotFound, WrongState))]
pub(crate) async fn move_out(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let unknown = "Nobody lives or lived there so.";
    let key = key.or_made();
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer
        .write::<Ended>(writing, change!("move_out.sql", occupancy = id, trace = meta.trace_id))
        .await?;
    Ok(written.with_status(StatusCode::OK))
}

/// Withdraws a claim that nobody came for.
///
/// **Permissions:** admins of the society or of the block, super admins.
#[utoipa::path(post, path = "/v1/admin/claims/{id}/withdraw", params(("id" = Uuid, Path, description = "The claim")),
    request_body = NoInput, responses((status = 200, body = Answer<Ended>), Forbidden, NotFound, WrongState))]
pub(crate) async fn withdraw_claim(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such claim: it was withdrawn, or they live there by now.";
    let key = key.or_made();
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer.write::<Ended>(writing, change!("withdraw.sql", claim = id)).await?;
    Ok(written.with_status(StatusCode::OK))
}
