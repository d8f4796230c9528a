use axum::extract::FromRequestParts;
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use super::{
    App, Claims, Counting, RateState,
    limits::{Anonymous, Hits},
    token::Verified,
};
use crate::{
    decision_link::{DecisionClaims, DecisionLinks},
    error::ApiError,
    openapi::one_of,
    statement,
    text::PersonName,
    vocabulary::{RoleName, ScopeType},
};

/// Where a request comes from, as the gateway says.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The caller's IP address.
    pub ip: String,
    /// The gateway's id of the request.
    pub request_id: String,
    /// The trace that it belongs to, where the gateway names one.
    pub trace_id: Option<String>,
    /// As what the request counts.
    pub counting: Counting,
}

/// A user as the apps know them.
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
    /// What they are.
    #[schema(schema_with = role)]
    pub role: String,
    /// What the scope is.
    #[schema(schema_with = scope_type)]
    pub scope_type: String,
    /// The society, block or flat; none for `global`.
    pub scope_id: Option<Uuid>,
    /// Whether it is a guard's whose society lets them work in their shifts alone, outside of them.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub off_shift: bool,
}

fn role() -> Object {
    one_of(RoleName::WORDS)
}

fn scope_type() -> Object {
    one_of(ScopeType::WORDS)
}

/// The user behind a verified token, and their live roles.
#[derive(Clone, Debug, Deserialize)]
pub struct Caller {
    /// The user.
    pub user: User,
    /// Roles that are live now.
    pub roles: Vec<Role>,
    /// Whether this very request created them.
    pub is_new: bool,
}

impl Caller {
    /// The user's id, which every statement is scoped by.
    pub fn user_id(&self) -> &Uuid {
        &self.user.id
    }

    /// Whether they are guards and nothing else, and not on duty where only those on duty are served.
    pub(crate) fn is_off_shift(&self) -> bool {
        !self.roles.is_empty() && self.roles.iter().all(|role| role.off_shift)
    }
}

/// A caller, and where they stand against their bound.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who they are.
    pub caller: Caller,
    /// Where they stand.
    pub rate: RateState,
}

/// By what a verified token names its user.
enum Named<'a> {
    /// A Firebase ID token, with what it says.
    ByFirebase(&'a Verified),
    /// A link by which one of our users answers.
    ByLink(&'a DecisionClaims),
}

/// The row of `caller.sql`.
#[derive(Deserialize)]
struct CallerRow {
    rate: Hits,
    user: User,
    roles: Vec<Role>,
    is_new: bool,
    /// Which sign-ins are of use.
    #[serde(default)]
    session: i32,
}

impl App {
    /// Verifies a token and finds or creates its user, in one round trip to the database.
    pub async fn identify(&self, token: &str, meta: &RequestMeta) -> Result<Identified, ApiError> {
        let verified = match self.verifier.verify(token).await {
            Ok(verified) => verified,
            Err(error) => return Err(self.unverified(error, meta).await),
        };
        if let Err(over) = self.limits.check(&verified.claims.sub, meta.counting, &meta.ip) {
            if meta.counting == Counting::Arrival {
                // Refused from memory, it would hold the place of its connection, which others wait for.
                let _ = self.limits.count_anonymous(&self.db, Anonymous::Hello, &meta.ip).await;
            }
            return Err(over);
        }
        let found = self.find_caller(&Named::ByFirebase(&verified), meta).await?;
        found.ok_or_else(|| ApiError::Internal("a caller was neither found nor made".into()))
    }

    /// Verifies the token of a decision link and finds the resident it was made for, in one round trip to the database.
    pub async fn identify_by_link(
        &self,
        links: &DecisionLinks,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<(Identified, DecisionClaims), ApiError> {
        let Some(claims) = links.verify(token) else {
            return Err(self.unverified(ApiError::TokenInvalid, meta).await);
        };
        self.limits.check(&claims.user_id.to_string(), meta.counting, &meta.ip)?;
        let found = self.find_caller(&Named::ByLink(&claims), meta).await?;
        Ok((found.ok_or(ApiError::TokenInvalid)?, claims))
    }

    /// What a request without a valid token is refused with: `refusal`, or that its address is over the bound of such
    /// requests.
    pub async fn unverified(&self, refusal: ApiError, meta: &RequestMeta) -> ApiError {
        if refusal.status() != StatusCode::UNAUTHORIZED {
            return refusal;
        }
        let what = match meta.counting {
            Counting::Arrival => Anonymous::Hello,
            Counting::Ordinary | Counting::Urgent => Anonymous::Request,
        };
        match self.limits.count_anonymous(&self.db, what, &meta.ip).await {
            Err(over @ ApiError::RateLimited(_)) => over,
            // What cannot be counted is refused all the same.
            Ok(_) | Err(_) => refusal,
        }
    }

    /// Counts a connection that has shown no token yet.
    ///
    /// # Errors
    /// As many connections of its address wait as may; or the database cannot count.
    pub async fn let_wait(&self, meta: &RequestMeta) -> Result<(), ApiError> {
        self.limits.count_anonymous(&self.db, Anonymous::Connection, &meta.ip).await.map(drop)
    }

    async fn find_caller(
        &self,
        named: &Named<'_>,
        meta: &RequestMeta,
    ) -> Result<Option<Identified>, ApiError> {
        let (digest, claims, user_id) = match *named {
            Named::ByFirebase(verified) => (Some(&verified.digest), Some(&verified.claims), None),
            Named::ByLink(link) => (None, None, Some(link.user_id)),
        };
        let text = |claim: fn(&Claims) -> &Option<String>| claims.and_then(|claims| storable(claim(claims)));
        // Users choose it themselves, and guards and neighbours read it.
        let name = claims.and_then(|claims| PersonName::fitted(claims.name.as_deref()?));
        let row = self
            .db
            .read_first::<CallerRow>(statement!(
                "caller.sql",
                uid = claims.map(|claims| &claims.sub),
                phone = text(|claims| &claims.phone_number),
                email = text(|claims| &claims.email),
                name,
                picture = text(|claims| &claims.picture),
                token = digest.map(<[u8; 32]>::as_slice),
                issued_at = claims.map(|claims| claims.iat as f64),
                expires_at = claims.map(|claims| claims.exp as f64),
                user = user_id,
                address = meta.ip,
                window = self.limits.window_seconds(),
                kind = meta.counting.kind(),
                for_address = meta.counting != Counting::Urgent,
                arrived = meta.counting == Counting::Arrival
            ))
            .await?;
        let Some(CallerRow { rate, user, roles, is_new, session }) = row else { return Ok(None) };
        // The phone they signed in on was taken off its gate, or they were given another PIN.
        if claims.is_some_and(|claims| claims.session != session) {
            return Err(ApiError::TokenInvalid);
        }
        let caller = Caller { user, roles, is_new };
        let user = claims.map_or_else(|| caller.user_id().to_string(), |claims| claims.sub.clone());
        let rate = self.limits.judge(&user, &caller.roles, meta.counting, &meta.ip, rate)?;
        Ok(Some(Identified { caller, rate }))
    }
}

/// A claim that fits its column; the user typed it at their identity provider, so it may be anything.
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
