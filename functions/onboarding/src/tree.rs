//! Cities, societies, complexes and blocks: short lists, always whole, in the order people look for them.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    db::Type,
    http::{ApiError, List},
    input::{Fields, FromFields, Query},
    text::ShortText,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Lists the cities that have societies.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/cities", responses((status = 200, body = List<String>)))]
pub(crate) async fn list_cities(State(app): State<App>) -> Result<List<String>, ApiError> {
    app.db
        .read("SELECT to_jsonb(city) FROM societies GROUP BY city ORDER BY city", &[])
        .await
        .map(List::complete)
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

/// Lists societies, of one city or all.
///
/// **Permissions:** any user.
#[utoipa::path(get, path = "/v1/societies", params(InCity), responses((status = 200, body = List<Society>)))]
pub(crate) async fn list_societies(
    State(app): State<App>,
    Query(query): Query<InCity>,
) -> Result<List<Society>, ApiError> {
    let city = query.city.as_ref().map(ShortText::as_str);
    app.db.read(include_str!("societies.sql"), &[(&city, Type::TEXT)]).await.map(List::complete)
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
#[utoipa::path(get, path = "/v1/complexes", params(InSociety), responses((status = 200, body = List<Complex>)))]
pub(crate) async fn list_complexes(
    State(app): State<App>,
    Query(query): Query<InSociety>,
) -> Result<List<Complex>, ApiError> {
    app.db.read(include_str!("complexes.sql"), &[(&query.society_id, Type::UUID)]).await.map(List::complete)
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
#[utoipa::path(get, path = "/v1/blocks", params(InComplex), responses((status = 200, body = List<Block>)))]
pub(crate) async fn list_blocks(
    State(app): State<App>,
    Query(query): Query<InComplex>,
) -> Result<List<Block>, ApiError> {
    app.db.read(include_str!("blocks.sql"), &[(&query.complex_id, Type::UUID)]).await.map(List::complete)
}
