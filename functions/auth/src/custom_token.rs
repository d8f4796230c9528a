//! Custom tokens of Firebase (Firebase: "Create custom tokens", by a third-party JWT library).

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use shared::service_account::ServiceAccount;
use uuid::Uuid;

/// Whom every custom token is for.
const AUDIENCE: &str =
    "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit";
/// How long a token is good for, in seconds: the app exchanges it at once. Firebase allows an hour.
pub(crate) const LIFETIME: u64 = 300;

#[derive(Serialize)]
struct Token<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    uid: &'a str,
    claims: &'a Claims,
}

/// What the ID tokens hold that Firebase gives for the custom token.
#[derive(Serialize)]
pub(crate) struct Claims {
    /// The post.
    pub(crate) guard: Uuid,
    /// Its society.
    pub(crate) society: Uuid,
    /// Which of the guard's sign-ins it belongs to: `shared::auth` refuses those that have ended.
    pub(crate) session: i32,
}

/// A token by which an app signs in as `uid`.
pub(crate) fn sign(account: &ServiceAccount, uid: &str, claims: &Claims) -> Result<String, String> {
    let iat = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (iss, exp) = (account.email(), iat + LIFETIME);
    account.sign(&Token { iss, sub: iss, aud: AUDIENCE, iat, exp, uid, claims })
}
