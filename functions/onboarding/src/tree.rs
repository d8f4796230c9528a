//! Cities, societies, complexes and blocks, in the order people look for them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App,
    http::{ApiError, List},
    input::{FromFields, PlaceCursor, PlacePage, Query},
    place::{Block, Complex},
    statement,
    text::ShortText,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Lists the cities that have societies.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/cities", params(PlacePage), responses((status = 200, body = List<String>)))]
pub(crate) async fn list_cities(
    State(app): State<App>,
    Query(page): Query<PlacePage>,
) -> Result<List<String>, ApiError> {
    let cities = app.db.read(statement!("cities.sql", after = page.cursor.name, rows = page.rows())).await?;
    Ok(List::page(cities, page.limit(), |last: &String| PlaceCursor {
        name: last.clone(),
        ..PlaceCursor::default()
    }))
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InCity {
    city: Option<ShortText>,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Society {
    id: Uuid,
    name: String,
    slug: Option<String>,
    city: String,
    address: Option<String>,
}

/// Lists societies, of one city, in any case, or all.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/societies", params(InCity, PlacePage), responses((status = 200, body = List<Society>)))]
pub(crate) async fn list_societies(
    State(app): State<App>,
    Query((place, page)): Query<(InCity, PlacePage)>,
) -> Result<List<Society>, ApiError> {
    let city = place.city.as_ref().map(ShortText::as_str);
    let societies = app
        .db
        .read(statement!(
            "societies.sql",
            city,
            after_city = page.cursor.group,
            after_name = page.cursor.name,
            after_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    Ok(List::page(societies, page.limit(), |last: &Society| PlaceCursor {
        group: last.city.clone(),
        name: last.name.clone(),
        id: last.id,
    }))
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InSociety {
    society_id: Uuid,
}

/// Lists the complexes of a society.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/complexes", params(InSociety, PlacePage), responses((status = 200, body = List<Complex>)))]
pub(crate) async fn list_complexes(
    State(app): State<App>,
    Query((place, page)): Query<(InSociety, PlacePage)>,
) -> Result<List<Complex>, ApiError> {
    let society = place.society_id;
    let complexes = app
        .db
        .read(statement!(
            "complexes.sql",
            society,
            after_name = page.cursor.name,
            after_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    Ok(List::page(complexes, page.limit(), |last: &Complex| after(&last.name, last.id)))
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InComplex {
    complex_id: Uuid,
}

/// Lists the blocks of a complex.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/blocks", params(InComplex, PlacePage), responses((status = 200, body = List<Block>)))]
pub(crate) async fn list_blocks(
    State(app): State<App>,
    Query((place, page)): Query<(InComplex, PlacePage)>,
) -> Result<List<Block>, ApiError> {
    let complex = place.complex_id;
    let blocks = app
        .db
        .read(statement!(
            "blocks.sql",
            complex,
            after_name = page.cursor.name,
            after_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    Ok(List::page(blocks, page.limit(), |last: &Block| after(&last.name, last.id)))
}

/// Where a list that is sorted by name goes on.
pub(crate) fn after(name: &str, id: Uuid) -> PlaceCursor {
    PlaceCursor { name: name.to_owned(), id, ..PlaceCursor::default() }
}
