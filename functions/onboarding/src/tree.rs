//! Cities, societies, complexes and blocks, in the order people look for them.

use axum::extract::State;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    App, Timestamp,
    db::Type,
    http::{ApiError, List},
    input::{Fields, FromFields, PlaceCursor, PlacePage, Query},
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
    let params = [(&page.cursor.name as _, Type::TEXT), (&page.rows() as _, Type::INT8)];
    let cities = app.db.read(include_str!("cities.sql"), &params).await?;
    Ok(List::page(cities, page.limit(), |last: &String| PlaceCursor {
        name: last.clone(),
        ..PlaceCursor::default()
    }))
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InCity {
    city: Option<ShortText>,
}

impl FromFields for InCity {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { city: fields.optional("city")? })
    }
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
    let params = [
        (&city as _, Type::TEXT),
        (&page.cursor.group as _, Type::TEXT),
        (&page.cursor.name as _, Type::TEXT),
        (&page.cursor.id as _, Type::UUID),
        (&page.rows() as _, Type::INT8),
    ];
    let societies = app.db.read(include_str!("societies.sql"), &params).await?;
    Ok(List::page(societies, page.limit(), |last: &Society| PlaceCursor {
        group: last.city.clone(),
        name: last.name.clone(),
        id: last.id,
    }))
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InSociety {
    society_id: Uuid,
}

impl FromFields for InSociety {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { society_id: fields.required("society_id")? })
    }
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Complex {
    id: Uuid,
    society_id: Uuid,
    name: String,
    created_at: Timestamp,
}

/// Lists the complexes of a society.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/complexes", params(InSociety, PlacePage), responses((status = 200, body = List<Complex>)))]
pub(crate) async fn list_complexes(
    State(app): State<App>,
    Query((place, page)): Query<(InSociety, PlacePage)>,
) -> Result<List<Complex>, ApiError> {
    let complexes = read_within(&app, include_str!("complexes.sql"), place.society_id, &page).await?;
    Ok(List::page(complexes, page.limit(), |last: &Complex| after(&last.name, last.id)))
}

#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InComplex {
    complex_id: Uuid,
}

impl FromFields for InComplex {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { complex_id: fields.required("complex_id")? })
    }
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Block {
    id: Uuid,
    complex_id: Uuid,
    name: String,
    created_at: Timestamp,
}

/// Lists the blocks of a complex.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/blocks", params(InComplex, PlacePage), responses((status = 200, body = List<Block>)))]
pub(crate) async fn list_blocks(
    State(app): State<App>,
    Query((place, page)): Query<(InComplex, PlacePage)>,
) -> Result<List<Block>, ApiError> {
    let blocks = read_within(&app, include_str!("blocks.sql"), place.complex_id, &page).await?;
    Ok(List::page(blocks, page.limit(), |last: &Block| after(&last.name, last.id)))
}

/// Reads a page of what lies within a place.
async fn read_within<T: DeserializeOwned>(
    app: &App,
    sql: &str,
    place: Uuid,
    page: &PlacePage,
) -> Result<Vec<T>, ApiError> {
    let params = [
        (&place as _, Type::UUID),
        (&page.cursor.name as _, Type::TEXT),
        (&page.cursor.id as _, Type::UUID),
        (&page.rows() as _, Type::INT8),
    ];
    app.db.read(sql, &params).await
}

/// Where a list that is sorted by name goes on.
pub(crate) fn after(name: &str, id: Uuid) -> PlaceCursor {
    PlaceCursor { name: name.to_owned(), id, ..PlaceCursor::default() }
}
