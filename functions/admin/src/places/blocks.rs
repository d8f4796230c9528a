//! Blocks of a complex.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    place::Block,
    text::ShortText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

const FORBIDDEN: &str = "Only an admin of this society changes its blocks.";

#[derive(ToSchema, FromFields)]
pub(crate) struct NewBlock {
    complex_id: Uuid,
    /// No other block of the complex has it, in any case.
    name: ShortText,
}

/// Adds a block.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/blocks", request_body = NewBlock,
    responses((status = 201, body = Answer<Block>), Forbidden, NotFound, WrongState))]
pub(crate) async fn create_block(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewBlock>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such complex.";
    let key = key.or_made();
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer
        .write::<Block>(
            writing,
            change!("create_block.sql", id = Uuid::now_v7(), complex = input.complex_id, name = input.name),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

#[derive(ToSchema, FromFields)]
pub(crate) struct BlockChange {
    /// No other block of the complex has it, in any case.
    name: Option<ShortText>,
}

/// Changes a block.
///
/// **Permissions:** admins of the society, super admins.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/admin/blocks/{id}", params(("id" = Uuid, Path, description = "The block")),
    request_body = BlockChange, responses((status = 200, body = Answer<Block>), Forbidden, NotFound))]
pub(crate) async fn change_block(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<BlockChange>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such block.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written =
        writer.write::<Block>(writing, change!("change_block.sql", block = id, name = input.name)).await?;
    Ok(written.with_status(StatusCode::OK))
}
