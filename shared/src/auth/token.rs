//! Firebase ID tokens: RS256 only, every claim checked, no exception for any environment.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;

use super::keys::{ALGORITHM, Keys};
use crate::{StartError, config::FirebaseConfig, http::ApiError};

/// How far the issuer's clock may be ahead of ours, in seconds.
const CLOCK_SKEW: u64 = 30;
/// Firebase uids have at most 128 characters (Firebase: "Create custom tokens").
const MAX_UID: usize = 128;
/// Longer than any ID token of Firebase, shorter than any attack on memory.
const MAX_TOKEN: usize = 8 * 1024;

/// What a verified token says.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// The Firebase uid.
    pub sub: String,
    /// Seconds since 1970 at which the token stops being valid.
    pub exp: i64,
    /// Seconds since 1970 at which it was issued.
    pub iat: i64,
    /// Seconds since 1970 at which the user signed in.
    pub auth_time: i64,
    /// The verified phone number, in E.164.
    pub phone_number: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Where the picture is.
    pub picture: Option<String>,
}

/// Verifies tokens of one Firebase project.
pub struct Verifier {
    keys: Keys,
    validation: Validation,
}

impl Verifier {
    /// A verifier for `config`'s project; keys are fetched on first use.
    pub fn new(config: FirebaseConfig) -> Result<Self, StartError> {
        let mut validation = Validation::new(ALGORITHM);
        validation.leeway = 0;
        validation.set_audience(&[&config.project_id]);
        validation.set_issuer(&[format!("https://securetoken.google.com/{}", config.project_id)]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        Ok(Self { keys: Keys::new(config.jwks_url)?, validation })
    }

    /// Fetches the keys ahead of the first request.
    pub async fn warm(&self) {
        if self.keys.warm().await.is_err() {
            tracing::warn!("the token keys are not reachable yet");
        }
    }

    /// The claims of a valid token. Keys that cannot be fetched are 503, never 401.
    pub async fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        if token.len() > MAX_TOKEN {
            return Err(ApiError::TokenInvalid);
        }
        let header = decode_header(token).map_err(|_| ApiError::TokenInvalid)?;
        let kid = header.kid.filter(|_| header.alg == ALGORITHM).ok_or(ApiError::TokenInvalid)?;
        let key = self.keys.find(&kid).await?.ok_or(ApiError::TokenInvalid)?;
        let claims = decode::<Claims>(token, &key, &self.validation).map_err(refusal)?.claims;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let latest = i64::try_from(now + CLOCK_SKEW).unwrap_or(i64::MAX);
        let uid_fits = !claims.sub.trim().is_empty() && claims.sub.chars().count() <= MAX_UID;
        if uid_fits && !claims.sub.contains('\0') && claims.iat <= latest && claims.auth_time <= latest {
            Ok(claims)
        } else {
            Err(ApiError::TokenInvalid)
        }
    }
}

fn refusal(error: jsonwebtoken::errors::Error) -> ApiError {
    if matches!(error.kind(), ErrorKind::ExpiredSignature) {
        ApiError::TokenExpired
    } else {
        ApiError::TokenInvalid
    }
}
