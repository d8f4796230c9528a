use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use super::{Claims, RateState, rate_limit::Hits};
use crate::{App, http::ApiError, openapi::one_of};

/// Where a request comes from, as the gateway says.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The caller's IP address.
    pub ip: String,
    /// The gateway's id of the request.
    pub request_id: String,
}

/// A user as the apps know him.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Our id.
    pub id: Uuid,
    /// Firebase's id.
    pub firebase_uid: String,
    /// Phone number in E.164.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
}

/// A live role and what it reaches.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// What he is.
    #[schema(schema_with = role)]
    pub role: String,
    /// What the scope is.
    #[schema(schema_with = scope_type)]
    pub scope_type: String,
    /// The society, block or flat; none for `global`.
    pub scope_id: Option<Uuid>,
}

fn role() -> Object {
    one_of(["super_admin", "society_admin", "block_admin", "guard", "resident"])
}

fn scope_type() -> Object {
    one_of(["global", "society", "block", "flat"])
}

/// The user behind a verified token, and his live roles.
#[derive(Clone, Debug, Deserialize)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// Roles that are live now.
    pub roles: Vec<Role>,
    /// Whether this very request created him.
    pub is_new: bool,
}

impl Caller {
    /// The user's id, which every statement is scoped by.
    pub fn user_id(&self) -> &Uuid {
        &self.user.id
    }
}

/// A caller, and where his IP stands.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who he is.
    pub caller: Caller,
    /// Where his IP stands.
    pub rate: RateState,
}

/// The row of `caller.sql`.
#[derive(Deserialize)]
struct CallerRow {
    rate: Hits,
    caller: Option<Caller>,
}

impl App {
    /// Verifies a token and finds or creates its user, in one round trip to the database.
    pub async fn identify(&self, token: &str, meta: &RequestMeta) -> Result<Identified, ApiError> {
        self.limiter.check(&meta.ip)?;
        let claims = self.verifier.verify(token).await?;
        let row = self.find_caller(&claims, token, &meta.ip).await?;
        let rate = self.limiter.judge(&meta.ip, row.rate)?;
        let caller =
            row.caller.ok_or_else(|| ApiError::Internal("a caller was neither found nor made".into()))?;
        Ok(Identified { caller, rate })
    }

    async fn find_caller(&self, claims: &Claims, token: &str, ip: &str) -> Result<CallerRow, ApiError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let (issued_at, expires_at) = (claims.iat as f64, claims.exp as f64);
        self.db
            .read_first::<CallerRow>(
                include_str!("caller.sql"),
                &[
                    (&ip, Type::TEXT),
                    (&self.limiter.window_seconds(), Type::FLOAT8),
                    (&self.limiter.max_requests(), Type::INT4),
                    (&claims.sub, Type::TEXT),
                    (&storable(&claims.phone_number), Type::TEXT),
                    (&storable(&claims.email), Type::TEXT),
                    (&storable(&claims.name), Type::TEXT),
                    (&storable(&claims.picture), Type::TEXT),
                    (&digest.as_slice(), Type::BYTEA),
                    (&issued_at, Type::FLOAT8),
                    (&expires_at, Type::FLOAT8),
                ],
            )
            .await?
            .ok_or_else(|| ApiError::Internal("the caller's statement answered no row".into()))
    }
}

/// A claim that fits its column; the user typed it at his identity provider, so it may be anything.
fn storable(claim: &Option<String>) -> Option<&str> {
    const MAX_CHARS: usize = 500;
    let text = claim.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
    (text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control)).then_some(text)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    /// The caller that [`crate::http::api`] has put there; a route outside of it has none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::TokenMissing)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestMeta {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let meta = parts.extensions.get::<Self>().cloned();
        meta.ok_or_else(|| ApiError::Internal("the request has no gateway context".into()))
    }
}
