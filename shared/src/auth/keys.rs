//! The issuer's public keys: fetched, cached as long as `Cache-Control` says, and fetched again for
//! an unknown key id, though at most once a minute.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Request, header::CACHE_CONTROL};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm},
};
use tokio::sync::Mutex;

use crate::{StartError, error::ApiError, outbound::Outbound};

/// How long fetching may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// The least time between two fetches for unknown key ids.
const REFETCH_INTERVAL: Duration = Duration::from_secs(60);
/// How long keys without a `Cache-Control` are kept.
const DEFAULT_AGE: Duration = Duration::from_secs(300);
/// How long keys may be used past their age while the issuer cannot be reached.
const GRACE: Duration = Duration::from_secs(3600);

/// The keys of one issuer.
pub(super) struct Keys {
    url: String,
    outbound: Outbound,
    cache: Mutex<Option<Cached>>,
}

struct Cached {
    keys: Vec<(String, Arc<DecodingKey>)>,
    fetched_at: Instant,
    max_age: Duration,
    /// When an unknown key id made us fetch.
    refetched_at: Option<Instant>,
}

impl Cached {
    fn find(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.keys.iter().find(|(id, _)| id == kid).map(|(_, key)| Arc::clone(key))
    }
}

impl Keys {
    pub(super) fn new(url: String) -> Result<Self, StartError> {
        Ok(Self { url, outbound: Outbound::new()?, cache: Mutex::new(None) })
    }

    /// Fetches the keys ahead of use.
    pub(super) async fn warm(&self) -> Result<(), ApiError> {
        let fresh = self.fetch().await.map_err(ApiError::Unavailable)?;
        *self.cache.lock().await = Some(fresh);
        Ok(())
    }

    /// The key with this id; `None` where the issuer has no such key.
    pub(super) async fn find(&self, kid: &str) -> Result<Option<Arc<DecodingKey>>, ApiError> {
        let mut cache = self.cache.lock().await;
        let mut refetched_at = None;
        if let Some(cached) = cache.as_mut() {
            let found = cached.find(kid);
            let rests = cached.refetched_at.is_some_and(|at| at.elapsed() < REFETCH_INTERVAL);
            if cached.fetched_at.elapsed() < cached.max_age && (found.is_some() || rests) {
                return Ok(found);
            }
            if found.is_none() {
                cached.refetched_at = Some(Instant::now());
            }
            refetched_at = cached.refetched_at;
        }
        match self.fetch().await {
            Ok(fresh) => Ok(cache.insert(Cached { refetched_at, ..fresh }).find(kid)),
            Err(cause) => match cache.as_ref() {
                Some(old) if old.fetched_at.elapsed() < old.max_age + GRACE => match old.find(kid) {
                    Some(key) => Ok(Some(key)),
                    None => Err(ApiError::Unavailable(cause)),
                },
                _ => Err(ApiError::Unavailable(cause)),
            },
        }
    }

    async fn fetch(&self) -> Result<Cached, String> {
        self.try_to_fetch().await.map_err(|cause| format!("token keys: {cause}"))
    }

    async fn try_to_fetch(&self) -> Result<Cached, String> {
        let request = Request::get(&self.url)
            .body(Default::default())
            .map_err(|_| "its URL is malformed".to_owned())?;
        let reply = self.outbound.send(request, FETCH_TIMEOUT).await?;
        if !reply.status.is_success() {
            return Err(format!("status {}", reply.status));
        }
        let max_age = reply.headers.get(CACHE_CONTROL).and_then(|v| v.to_str().ok()).and_then(max_age);
        let set: JwkSet = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
        Ok(Cached {
            keys: set.keys.iter().filter_map(signing_key).collect(),
            fetched_at: Instant::now(),
            max_age: max_age.unwrap_or(DEFAULT_AGE),
            refetched_at: None,
        })
    }
}

/// An RSA key that may sign with RS256; all others are ignored.
fn signing_key(jwk: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    let fits = matches!(jwk.algorithm, AlgorithmParameters::RSA(_))
        && jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256);
    let kid = jwk.common.key_id.clone().filter(|_| fits)?;
    Some((kid, Arc::new(DecodingKey::from_jwk(jwk).ok()?)))
}

/// `max-age` of a `Cache-Control` header (RFC 9111, section 5.2.2.1).
fn max_age(header: &str) -> Option<Duration> {
    let seconds = header.split(',').find_map(|part| part.trim().strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// The one algorithm accepted (Firebase: "Verify ID tokens").
pub(super) const ALGORITHM: Algorithm = Algorithm::RS256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_read() {
        assert_eq!(max_age("public, max-age=22000, must-revalidate"), Some(Duration::from_secs(22000)));
        assert_eq!(max_age("no-store"), None);
    }
}
