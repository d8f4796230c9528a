//! The guards of a society: their posts, and the PINs that they sign in with.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, List, Scoped},
    input::{
        Body, Cursor, FromField, FromFields, IdempotencyKey, Limit, NoInput, PathId, Problem, ProblemCode,
        Query,
    },
    openapi::{Forbidden, NotFound, WrongState, one_of},
    pin::Pin,
    statement,
    statement::Change,
    text::{GuardCode, PersonName, Phone, ShortText},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::gates::FORBIDDEN;

const UNKNOWN: &str = "There is no such guard.";

#[derive(ToSchema, FromFields)]
pub(crate) struct NewGuard {
    society_id: Uuid,
    name: PersonName,
    /// By which they may sign in, too.
    phone: Option<Phone>,
    /// By which they sign in; one is made where none is named.
    guard_code: Option<GuardCode>,
    /// The block that they are assigned to.
    block_id: Option<Uuid>,
}

/// What stays as it is where it is not said.
#[derive(ToSchema, FromFields)]
pub(crate) struct GuardChange {
    name: Option<PersonName>,
    phone: Option<Phone>,
    guard_code: Option<GuardCode>,
    block_id: Option<Uuid>,
}

/// A guard, as admins of their society see them.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Guard {
    id: Uuid,
    user_id: Uuid,
    society_id: Uuid,
    name: Option<String>,
    phone: Option<String>,
    guard_code: Option<String>,
    block_id: Option<Uuid>,
    active: bool,
    /// Whether they sign in with a PIN.
    has_pin: bool,
    /// Whether the PIN was given by an admin and not replaced yet.
    must_change_pin: bool,
    /// For how long they are locked after wrong PINs; 0 where they are not.
    #[schema(minimum = 0)]
    locked_seconds: i64,
    last_sign_in_at: Option<Timestamp>,
    /// Whether they are on duty now; who has no shifts always is.
    on_shift: bool,
    created_at: Timestamp,
}

/// A guard with a PIN to begin with.
#[derive(Serialize, ToSchema)]
pub(crate) struct GuardWithPin {
    #[serde(flatten)]
    guard: Guard,
    /// What the guard is to be told, and has to replace at the first sign-in. It is answered once: null in a repetition.
    #[schema(value_type = Option<Pin>)]
    pin: Option<String>,
}

/// `true` or `false` in a query.
pub(crate) struct Flag(bool);

shared::schema!(Flag, "Flag", one_of(["true", "false"]));

impl FromField for Flag {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.as_str() {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be true or false")),
        }
    }
}

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Part of a name, or the beginning of a code or a phone number.
    q: Option<ShortText>,
    active: Option<Flag>,
    limit: Limit,
    cursor: Cursor,
}

/// Makes a guard with a PIN to begin with, which is answered once.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/guards", request_body = NewGuard,
    responses((status = 201, body = Answer<GuardWithPin>), Forbidden, NotFound))]
pub(crate) async fn create_guard(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewGuard>,
) -> Result<Response, ApiError> {
    let unknown = "There is no such society.";
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown };
    let (pin, hash) = new_pin().await?;
    let code = input.guard_code.or_else(GuardCode::random).ok_or_else(no_randomness)?;
    let change = change!(
        "create_guard.sql",
        id = Uuid::now_v7(),
        guard_user = Uuid::now_v7(),
        society = input.society_id,
        name = input.name,
        phone = input.phone,
        code,
        block = input.block_id,
        hash
    );
    let written = writer.write::<Guard>(writing, change).await?;
    let pin = (!written.is_replayed()).then(|| pin.expose().to_owned());
    Ok(written.map(|guard| GuardWithPin { guard, pin }).with_status(StatusCode::CREATED))
}

/// Lists the guards of a society, newest first, with locks and last sign-ins.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/guards",
    params(("id" = Uuid, Path, description = "The society"), Filter),
    responses((status = 200, body = List<Guard>), Forbidden, NotFound))]
pub(crate) async fn list_guards(
    State(app): State<App>,
    caller: Caller,
    PathId(society): PathId,
    Query(filter): Query<Filter>,
) -> Result<List<Guard>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<Guard>>>(statement!(
            "list_guards.sql",
            caller = caller.user_id(),
            society,
            search = filter.q,
            active = filter.active.map(|active| active.0),
            before_at = filter.cursor.at,
            before_id = filter.cursor.id,
            rows = filter.limit.0 + 1
        ))
        .await?;
    let guards = Scoped::allowed(row, "There is no such society.")?;
    Ok(List::page(guards, filter.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}

/// Changes what a guard is called and signs in with.
///
/// **Permissions:** admins of the society, super admins.
///
/// The name of a guard with an account of their own is theirs.
#[utoipa::path(patch, path = "/v1/admin/guards/{id}", params(("id" = Uuid, Path, description = "The guard")),
    request_body = GuardChange, responses((status = 200, body = Answer<Guard>), Forbidden, NotFound))]
pub(crate) async fn change_guard(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<GuardChange>,
) -> Result<Response, ApiError> {
    let change = change!(
        "change_guard.sql",
        guard = id,
        name = input.name,
        phone = input.phone,
        code = input.guard_code,
        block = input.block_id
    );
    answer_guard(&writer, &caller, &meta, &key, change).await
}

/// Ends a guard's post: their calls, their sockets and what rings their phones.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/guards/{id}/deactivate",
    params(("id" = Uuid, Path, description = "The guard")), request_body = NoInput,
    responses((status = 200, body = Answer<Guard>), Forbidden, NotFound))]
pub(crate) async fn deactivate_guard(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let change = change!("set_guard_active.sql", guard = id, active = false);
    answer_guard(&writer, &caller, &meta, &key, change).await
}

/// Renews a guard's post that was ended.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/guards/{id}/activate",
    params(("id" = Uuid, Path, description = "The guard")), request_body = NoInput,
    responses((status = 200, body = Answer<Guard>), Forbidden, NotFound))]
pub(crate) async fn activate_guard(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let change = change!("set_guard_active.sql", guard = id, active = true);
    answer_guard(&writer, &caller, &meta, &key, change).await
}

/// Gives a guard another PIN to begin with, which is answered once. It unlocks them, and ends their sign-ins.
///
/// **Permissions:** admins of the society, super admins.
///
/// A guard with an account of their own gets none: a PIN would open all that the account may do.
#[utoipa::path(post, path = "/v1/admin/guards/{id}/pin", params(("id" = Uuid, Path, description = "The guard")),
    request_body = NoInput,
    responses((status = 200, body = Answer<GuardWithPin>), Forbidden, NotFound, WrongState))]
pub(crate) async fn give_pin(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    let (pin, hash) = new_pin().await?;
    let written = writer.write::<Guard>(writing, change!("give_pin.sql", guard = id, hash)).await?;
    let pin = (!written.is_replayed()).then(|| pin.expose().to_owned());
    Ok(written.map(|guard| GuardWithPin { guard, pin }).with_status(StatusCode::OK))
}

/// Lets a guard try again who typed five wrong PINs.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/guards/{id}/unlock",
    params(("id" = Uuid, Path, description = "The guard")), request_body = NoInput,
    responses((status = 200, body = Answer<Guard>), Forbidden, NotFound))]
pub(crate) async fn unlock_guard(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    answer_guard(&writer, &caller, &meta, &key, change!("unlock_guard.sql", guard = id)).await
}

/// Writes, and answers the guard.
async fn answer_guard(
    writer: &Writer,
    caller: &Caller,
    meta: &RequestMeta,
    key: &IdempotencyKey,
    change: Change<'_>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller, key, meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    Ok(writer.write::<Guard>(writing, change).await?.with_status(StatusCode::OK))
}

/// A PIN to begin with, and its hash.
async fn new_pin() -> Result<(Pin, String), ApiError> {
    let pin = Pin::random().ok_or_else(no_randomness)?;
    let hash = pin.hash_apart().await.map_err(ApiError::Internal)?;
    Ok((pin, hash))
}

/// The system gives no random numbers.
pub(crate) fn no_randomness() -> ApiError {
    ApiError::Internal("no randomness".into())
}
