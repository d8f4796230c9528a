//! Flats of a block. Who lives in one is another matter; one in which somebody lives stays active.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, PathId, Whole},
    openapi::{Forbidden, NotFound, WrongState},
    text::ShortText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A flat as its admins see it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ManagedFlat {
    id: Uuid,
    block_id: Uuid,
    flat_number: String,
    unit_type: Option<String>,
    bhk: Option<String>,
    #[schema(minimum = 1)]
    square_feet: Option<i32>,
    #[schema(minimum = 0)]
    parking_slots: i32,
    /// Whether it is in the lists of flats, and can be asked for.
    is_active: bool,
    created_at: Timestamp,
}

#[derive(ToSchema, FromFields)]
pub(crate) struct NewFlat {
    block_id: Uuid,
    /// No other flat of the block has it, in any case.
    flat_number: ShortText,
    unit_type: Option<ShortText>,
    /// Bedrooms, hall, kitchen, such as `2.5`.
    bhk: Option<ShortText>,
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 1_000_000)]
    square_feet: Option<Whole<1, 1_000_000>>,
    /// None where it is not said.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1000)]
    parking_slots: Option<Whole<0, 1000>>,
}

/// Adds a flat.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/flats", request_body = NewFlat,
    responses((status = 201, body = Answer<ManagedFlat>), Forbidden, NotFound, WrongState))]
pub(crate) async fn create_flat(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewFlat>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this society adds flats.";
    let key = key.or_made();
    let writing =
        Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: "There is no such block." };
    let written = writer
        .write::<ManagedFlat>(
            writing,
            change!(
                "create_flat.sql",
                id = Uuid::now_v7(),
                block = input.block_id,
                number = input.flat_number,
                unit_type = input.unit_type,
                bhk = input.bhk,
                square_feet = input.square_feet.map(|feet| feet.0),
                parking_slots = input.parking_slots.map(|slots| slots.0)
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

#[derive(ToSchema, FromFields)]
pub(crate) struct FlatChange {
    /// No other flat of the block has it, in any case.
    flat_number: Option<ShortText>,
    unit_type: Option<ShortText>,
    bhk: Option<ShortText>,
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 1_000_000)]
    square_feet: Option<Whole<1, 1_000_000>>,
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1000)]
    parking_slots: Option<Whole<0, 1000>>,
    /// False takes it from the lists of flats, which is refused where somebody lives there.
    is_active: Option<bool>,
}

/// Changes a flat.
///
/// **Permissions:** admins of the society or of the block, super admins.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/admin/flats/{id}", params(("id" = Uuid, Path, description = "The flat")),
    request_body = FlatChange, responses((status = 200, body = Answer<ManagedFlat>), Forbidden, NotFound, WrongState))]
pub(crate) async fn change_flat(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<FlatChange>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this society or block changes its flats.";
    let writing =
        Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: "There is no such flat." };
    let written = writer
        .write::<ManagedFlat>(
            writing,
            change!(
                "change_flat.sql",
                flat = id,
                number = input.flat_number,
                unit_type = input.unit_type,
                bhk = input.bhk,
                square_feet = input.square_feet.map(|feet| feet.0),
                parking_slots = input.parking_slots.map(|slots| slots.0),
                is_active = input.is_active
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
