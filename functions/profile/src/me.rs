//! The caller's own profile: roles, homes, post, and his last notifications.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    App, Timestamp,
    auth::{Caller, Role, User},
    db::Type,
    http::{Answer, ApiError},
    place::{Flat, GuardPost, Home},
};
use uuid::Uuid;

/// The row of `me.sql`.
#[derive(Deserialize)]
struct ProfileRow {
    timezone: String,
    created_at: Timestamp,
    home: Home,
    recent_notifications: Vec<Notification>,
}

#[derive(Serialize)]
pub(crate) struct Profile {
    user: ProfileUser,
    roles: Vec<Role>,
    flat: Option<Flat>,
    flats: Vec<Flat>,
    guard: Option<GuardPost>,
    recent_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct ProfileUser {
    #[serde(flatten)]
    user: User,
    timezone: String,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Notification {
    id: Uuid,
    channel: String,
    payload: Value,
    status: String,
    created_at: Timestamp,
    delivered_at: Option<Timestamp>,
}

/// **Permissions:** own.
pub(crate) async fn get_me(State(app): State<App>, caller: Caller) -> Result<Answer<Profile>, ApiError> {
    let params = [(caller.user_id() as _, Type::UUID)];
    let row =
        app.db.read_one::<ProfileRow>(include_str!("me.sql"), &params).await?.ok_or(ApiError::NotFound)?;
    let Home { flats, guard } = row.home;
    Ok(Answer::new(Profile {
        user: ProfileUser { user: caller.user, timezone: row.timezone, created_at: row.created_at },
        roles: caller.roles,
        flat: flats.first().cloned(),
        flats,
        guard,
        recent_notifications: row.recent_notifications,
    }))
}
