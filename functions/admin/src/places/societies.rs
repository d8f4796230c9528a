//! Societies: super admins add them, and their admins change what they are called and where they are.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, List, Scoped},
    input::{Body, FromFields, Limit, PathId, PlaceCursor, Query},
    openapi::{Forbidden, NotFound},
    statement,
    statement::Unique,
    text::{LongText, ShortText},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::words::{Slug, TimeZone};

const SLUG: Unique = Unique {
    constraint: "societies_slug_key",
    field: "slug",
    sentence: "Another society has this slug already.",
};
const UNKNOWN: &str = "There is no such society.";

/// A society as its admins see it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ManagedSociety {
    id: Uuid,
    name: String,
    slug: Option<String>,
    city: String,
    address: Option<String>,
    timezone: String,
    created_at: Timestamp,
    /// Its name as a list of them is sorted by.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    sorted_by: String,
}

#[derive(ToSchema, FromFields)]
pub(crate) struct NewSociety {
    name: ShortText,
    city: ShortText,
    address: Option<LongText>,
    /// Whose days its lists have; Asia/Kolkata where it is not said.
    timezone: Option<TimeZone>,
    /// A name for addresses, which no other society has.
    slug: Option<Slug>,
}

/// Adds a society.
///
/// **Permissions:** super admins.
#[utoipa::path(post, path = "/v1/admin/societies", request_body = NewSociety,
    responses((status = 201, body = Answer<ManagedSociety>), Forbidden))]
pub(crate) async fn create_society(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewSociety>,
) -> Result<Response, ApiError> {
    // Two of one name are two, so a repetition has to be known for one.
    let key = key.or_made();
    let forbidden = "Only a super admin adds societies.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: UNKNOWN };
    let zone = match input.timezone {
        Some(zone) => zone,
        None => TimeZone::usual(),
    };
    let written = writer
        .write::<ManagedSociety>(
            writing,
            change!(
                "create_society.sql",
                id = Uuid::now_v7(),
                name = input.name,
                slug = input.slug,
                city = input.city,
                address = input.address,
                timezone = zone
            )
            .with_unique(SLUG),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Named {
    /// How the name begins, in any case.
    q: Option<ShortText>,
    limit: Limit,
    cursor: PlaceCursor,
}

/// Lists societies by their names.
///
/// **Permissions:** super admins all, admins of a society or of a block theirs; nobody else has any.
#[utoipa::path(get, path = "/v1/admin/societies", params(Named), responses((status = 200, body = List<ManagedSociety>)))]
pub(crate) async fn list_managed_societies(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Named>,
) -> Result<List<ManagedSociety>, ApiError> {
    let societies = app
        .db
        .read::<ManagedSociety>(statement!(
            "list_societies.sql",
            caller = caller.user_id(),
            q = asked.q,
            after_name = asked.cursor.name,
            after_id = asked.cursor.id,
            rows = asked.limit.0 + 1
        ))
        .await?;
    Ok(List::page(societies, asked.limit, |last| PlaceCursor {
        name: last.sorted_by.clone(),
        id: last.id,
        ..PlaceCursor::default()
    }))
}

/// Answers a society.
///
/// **Permissions:** admins of the society or of one of its blocks, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}", params(("id" = Uuid, Path, description = "The society")),
    responses((status = 200, body = Answer<ManagedSociety>), Forbidden, NotFound))]
pub(crate) async fn get_society(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Answer<impl Serialize>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<ManagedSociety>>(statement!(
            "get_society.sql",
            caller = caller.user_id(),
            society = id
        ))
        .await?;
    Scoped::allowed(row, UNKNOWN).map(Answer::new)
}

#[derive(ToSchema, FromFields)]
pub(crate) struct SocietyChange {
    name: Option<ShortText>,
    city: Option<ShortText>,
    address: Option<LongText>,
    timezone: Option<TimeZone>,
    slug: Option<Slug>,
}

/// Changes a society.
///
/// **Permissions:** admins of the society, super admins.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/admin/societies/{id}", params(("id" = Uuid, Path, description = "The society")),
    request_body = SocietyChange, responses((status = 200, body = Answer<ManagedSociety>), Forbidden, NotFound))]
pub(crate) async fn change_society(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<SocietyChange>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this society changes it.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: UNKNOWN };
    let written = writer
        .write::<ManagedSociety>(
            writing,
            change!(
                "change_society.sql",
                society = id,
                name = input.name,
                slug = input.slug,
                city = input.city,
                address = input.address,
                timezone = input.timezone
            )
            .with_unique(SLUG),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
