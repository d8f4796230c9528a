//! The flats of a block; who lives in them only for those with a part in the society.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App,
    auth::Caller,
    http::{ApiError, List},
    input::{FromFields, PlacePage, Query},
    openapi::always_true,
    statement,
    vocabulary::OccupancyRole,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::tree::after;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InBlock {
    block_id: Uuid,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct BlockFlat {
    id: Uuid,
    block_id: Uuid,
    flat_number: String,
    unit_type: Option<String>,
    bhk: Option<String>,
    #[schema(minimum = 1)]
    square_feet: Option<i32>,
    #[schema(minimum = 0)]
    parking_slots: i32,
    #[schema(schema_with = always_true)]
    is_active: bool,
    is_occupied: Option<bool>,
    resident_name: Option<String>,
    #[schema(value_type = Option<OccupancyRole>)]
    occupancy_role: Option<String>,
}

/// Lists the active flats of a block, by number.
///
/// **Permissions:** any user; `is_occupied`, `resident_name` and `occupancy_role` only for guards,
/// admins and residents of the society.
#[utoipa::path(get, path = "/v1/flats", params(InBlock, PlacePage), responses((status = 200, body = List<BlockFlat>)))]
pub(crate) async fn list_flats(
    State(app): State<App>,
    caller: Caller,
    Query((place, page)): Query<(InBlock, PlacePage)>,
) -> Result<List<BlockFlat>, ApiError> {
    let flats = app
        .db
        .read(statement!(
            "flats.sql",
            caller = caller.user_id(),
            block = place.block_id,
            after_number = page.cursor.name,
            after_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    Ok(List::page(flats, page.limit(), |last: &BlockFlat| after(&last.flat_number, last.id)))
}
