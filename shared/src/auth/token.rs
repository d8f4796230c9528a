//! Firebase ID tokens: RS256 only, every claim checked, no exception for any environment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;

use super::keys::{ALGORITHM, Keys};
use crate::{StartError, config::FirebaseConfig, digest::sha256, error::ApiError};

/// How far the issuer's clock may be ahead of ours, in seconds.
const CLOCK_SKEW: i64 = 30;
/// Firebase uids have at most 128 characters (Firebase: "Create custom tokens").
const MAX_UID: usize = 128;
/// Longer than any ID token of Firebase, shorter than any attack on memory.
const MAX_TOKEN: usize = 8 * 1024;

/// Tokens that an environment remembers: those of its apps in an hour, at about a kilobyte each.
const REMEMBERED: usize = 1_000;

/// What a verified token says.
#[derive(Clone, Debug, Deserialize)]
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
    /// Which of their sign-ins it belongs to, in the tokens that we made ourselves; others have none and are as the first.
    #[serde(default)]
    pub session: i32,
}

/// Verifies tokens of one Firebase project.
pub struct Verifier {
    keys: Keys,
    validation: Validation,
    /// Tokens by their digest: apps show one with each request of its hour, and an RSA signature is a quarter of what a
    /// read costs.
    remembered: Mutex<HashMap<[u8; 32], Arc<Remembered>>>,
}

/// A token that was verified, and with which key.
struct Remembered {
    kid: String,
    key: Arc<DecodingKey>,
    claims: Claims,
}

/// A valid token.
pub(super) struct Verified {
    /// What it says.
    pub(super) claims: Claims,
    /// Its SHA-256 digest.
    pub(super) digest: [u8; 32],
}

impl Verifier {
    /// A verifier for `config`'s project; keys are fetched on first use.
    pub fn new(config: FirebaseConfig) -> Result<Self, StartError> {
        let mut validation = Validation::new(ALGORITHM);
        validation.leeway = 0;
        validation.set_audience(&[&config.project_id]);
        validation.set_issuer(&[format!("https://securetoken.google.com/{}", config.project_id)]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        Ok(Self { keys: Keys::new(config.jwks_url)?, validation, remembered: Mutex::default() })
    }

    /// Fetches the keys ahead of the first request.
    pub async fn warm(&self) {
        if self.keys.warm().await.is_err() {
            tracing::warn!("the token keys are not reachable yet");
        }
    }

    /// A valid token. Keys that cannot be fetched are 503, never 401.
    pub(super) async fn verify(&self, token: &str) -> Result<Verified, ApiError> {
        if token.len() > MAX_TOKEN {
            return Err(ApiError::TokenInvalid);
        }
        let digest = sha256(token);
        if let Some(known) = self.recall(&digest) {
            // A key that the issuer has withdrawn or fetched anew verifies again.
            let key = self.keys.find(&known.kid).await?;
            if key.is_some_and(|key| Arc::ptr_eq(&key, &known.key)) {
                return Ok(Verified { claims: known.claims.clone(), digest });
            }
        }
        let header = decode_header(token).map_err(|_| ApiError::TokenInvalid)?;
        let kid = header.kid.filter(|_| header.alg == ALGORITHM).ok_or(ApiError::TokenInvalid)?;
        let key = self.keys.find(&kid).await?.ok_or(ApiError::TokenInvalid)?;
        let claims = decode::<Claims>(token, &key, &self.validation).map_err(refusal)?.claims;
        let latest = now().saturating_add(CLOCK_SKEW);
        let uid_fits = !claims.sub.trim().is_empty() && claims.sub.chars().count() <= MAX_UID;
        if uid_fits && !claims.sub.contains('\0') && claims.iat <= latest && claims.auth_time <= latest {
            self.remember(digest, Remembered { kid, key, claims: claims.clone() });
            Ok(Verified { claims, digest })
        } else {
            Err(ApiError::TokenInvalid)
        }
    }

    /// What is remembered of a token that is not over; one that is gets its refusal from its verification.
    fn recall(&self, digest: &[u8; 32]) -> Option<Arc<Remembered>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(digest).filter(|known| known.claims.exp > now()).cloned()
    }

    fn remember(&self, digest: [u8; 32], known: Remembered) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            let now = now();
            remembered.retain(|_, known| known.claims.exp > now);
        }
        // A token that is not remembered is verified.
        if remembered.len() < REMEMBERED {
            remembered.insert(digest, Arc::new(known));
        }
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn refusal(error: jsonwebtoken::errors::Error) -> ApiError {
    if matches!(error.kind(), ErrorKind::ExpiredSignature) {
        ApiError::TokenExpired
    } else {
        ApiError::TokenInvalid
    }
}
