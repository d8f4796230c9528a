//! Complexes of a society.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    place::Complex,
    text::ShortText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

const FORBIDDEN: &str = "Only an admin of this society changes its complexes.";

#[derive(ToSchema, FromFields)]
pub(crate) struct NewComplex {
    society_id: Uuid,
    /// No other complex of the society has it, in any case.
    name: ShortText,
}

/// Adds a complex.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/complexes", request_body = NewComplex,
    responses((status = 201, body = Answer<Complex>), Forbidden, NotFound, WrongState))]
pub(crate) async fn create_complex(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewComplex>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such society.";
    let key = key.or_made();
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer
        .write::<Complex>(
            writing,
            change!("create_complex.sql", id = Uuid::now_v7(), society = input.society_id, name = input.name),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

#[derive(ToSchema, FromFields)]
pub(crate) struct ComplexChange {
    /// No other complex of the society has it, in any case.
    name: Option<ShortText>,
}

/// Changes a complex.
///
/// **Permissions:** admins of the society, super admins.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/admin/complexes/{id}", params(("id" = Uuid, Path, description = "The complex")),
    request_body = ComplexChange, responses((status = 200, body = Answer<Complex>), Forbidden, NotFound))]
pub(crate) async fn change_complex(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<ComplexChange>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such complex.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let written = writer
        .write::<Complex>(writing, change!("change_complex.sql", complex = id, name = input.name))
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
