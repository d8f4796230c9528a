//! An admin says who lives in a flat, by a phone number.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{Forbidden, NotFound, WrongState},
    text::{PersonName, Phone},
    vocabulary::RequestedRole,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::kinds;

#[derive(ToSchema, FromFields)]
pub(crate) struct NewResident {
    flat_id: Uuid,
    phone: Phone,
    /// Taken where they have no name of their own.
    name: Option<PersonName>,
    /// Owner where it is not said.
    role: Option<RequestedRole>,
}

/// What somebody has of a flat.
#[derive(Serialize, Deserialize, ToSchema)]
struct Settled {
    id: Uuid,
    /// A `claim` becomes an `occupancy` when somebody signs in with the number.
    #[schema(schema_with = kinds)]
    kind: String,
}

/// Lets who has a phone number live in a flat: at once, or as soon as they sign in with it.
///
/// **Permissions:** admins of the society or of the block, super admins.
///
/// Those who live there already are told. A request of theirs for the flat is approved with it.
#[utoipa::path(post, path = "/v1/admin/residents", request_body = NewResident,
    responses((status = 200, body = Answer<Settled>), Forbidden, NotFound, WrongState))]
pub(crate) async fn move_in(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewResident>,
) -> Result<Response, ApiError> {
    let forbidden = "Only an admin of this flat says who lives there.";
    let key = key.or_made();
    let written = writer
        .write::<Settled>(
            Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: "There is no such flat." },
            change!(
                "move_in.sql",
                flat = input.flat_id,
                phone = input.phone,
                name = input.name,
                role = input.role.unwrap_or(RequestedRole::Owner),
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
