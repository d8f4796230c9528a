//! Exchanges an ID token for the user, their roles, home and post.

use axum::{extract::State, response::Response};
use serde::Serialize;
use shared::{
    App,
    auth::{RequestMeta, Role, User},
    http::{Answer, ApiError, with_rate},
    input::{Body, FromFields},
    openapi::TokenExpired,
    place::{Flat, GuardPost, Home},
    sql,
};
use utoipa::ToSchema;

/// `{ "idToken": … }`.
#[derive(ToSchema, FromFields)]
pub(crate) struct SignIn {
    /// A Firebase ID token.
    #[schema(rename = "idToken")]
    #[field(rename = "idToken")]
    id_token: String,
}

#[derive(Serialize, ToSchema)]
struct SignInAnswer {
    user: User,
    is_new_user: bool,
    roles: Vec<Role>,
    flat: Option<Flat>,
    guard: Option<GuardPost>,
}

/// Signs in: who the holder of a Firebase ID token is here.
///
/// **Permissions:** anyone with a valid ID token in the body.
///
/// A user who is seen for the first time is created.
#[utoipa::path(post, path = "/v1/auth/firebase", request_body = SignIn, security(()),
    responses((status = 200, body = Answer<SignInAnswer>), TokenExpired))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    meta: RequestMeta,
    body: Body<SignIn>,
) -> Result<Response, ApiError> {
    let identified = app.identify(&body.input.id_token, &meta).await?;
    let caller = identified.caller;
    let home = app.db.read_one::<Home>(sql!("SELECT home_of(:user)", user = caller.user_id())).await?;
    let (flat, guard) = home.map_or((None, None), |home| (home.flats.into_iter().next(), home.guard));
    let answer =
        SignInAnswer { user: caller.user, is_new_user: caller.is_new, roles: caller.roles, flat, guard };
    Ok(with_rate(identified.rate, Answer::new(answer)))
}
