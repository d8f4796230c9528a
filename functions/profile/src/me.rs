//! The caller's own profile: roles, homes, post, and the last notifications.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    App, Timestamp,
    auth::{Caller, Role, User},
    http::{Answer, ApiError},
    openapi::one_of,
    place::{Flat, GuardPost, Home},
    statement,
    vocabulary::{Channel, MessageStatus},
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use crate::change::Language;

/// The row of `me.sql`.
#[derive(Deserialize)]
struct ProfileRow {
    timezone: String,
    language: Option<String>,
    created_at: Timestamp,
    home: Home,
    recent_notifications: Vec<Notification>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    user: ProfileUser,
    roles: Vec<Role>,
    /// The primary one of `flats`.
    flat: Option<Flat>,
    flats: Vec<Flat>,
    guard: Option<GuardPost>,
    /// The last ten.
    recent_notifications: Vec<Notification>,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ProfileUser {
    #[serde(flatten)]
    user: User,
    timezone: String,
    /// In which they want to be told things; null where they never said.
    #[schema(value_type = Option<Language>)]
    language: Option<String>,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Notification {
    id: Uuid,
    #[schema(schema_with = channel)]
    channel: String,
    #[schema(value_type = Object)]
    payload: Value,
    #[schema(schema_with = notification_status)]
    status: String,
    created_at: Timestamp,
    delivered_at: Option<Timestamp>,
}

fn channel() -> Object {
    one_of(Channel::WORDS)
}

fn notification_status() -> Object {
    one_of(MessageStatus::WORDS)
}

/// Answers the caller's profile: roles, homes, post and last notifications.
///
/// **Permissions:** own.
#[utoipa::path(get, path = "/v1/profile/me", responses((status = 200, body = Answer<Profile>)))]
pub(crate) async fn get_me(State(app): State<App>, caller: Caller) -> Result<Answer<Profile>, ApiError> {
    let row = app
        .db
        .read_one::<ProfileRow>(statement!("me.sql", caller = caller.user_id()))
        .await?
        .ok_or(ApiError::TokenInvalid)?;
    let Home { flats, guard } = row.home;
    Ok(Answer::new(Profile {
        user: ProfileUser {
            user: caller.user,
            timezone: row.timezone,
            language: row.language,
            created_at: row.created_at,
        },
        roles: caller.roles,
        flat: flats.first().cloned(),
        flats,
        guard,
        recent_notifications: row.recent_notifications,
    }))
}
