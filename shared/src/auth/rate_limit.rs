//! Requests per IP and window. The count is kept by the statement that finds the caller; here is
//! only the memory of who is over the limit, so that he is refused without asking.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{config::RateLimitConfig, http::ApiError};

/// IPs remembered at most; past that the memory is dropped and the database counts again.
const MAX_REMEMBERED: usize = 10_000;

/// What the database counted.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Hits {
    /// Requests so far, this one included.
    hits: i32,
    /// Seconds until the window ends.
    reset_seconds: u64,
}

/// Where a caller stands against a limit; told in `RateLimit-*` headers
/// (draft-ietf-httpapi-ratelimit-headers-06).
#[derive(Clone, Copy, Debug)]
pub struct RateState {
    /// Requests allowed in a window.
    pub limit: i32,
    /// Requests left in it.
    pub remaining: i32,
    /// Seconds until the window ends.
    pub reset_seconds: u64,
}

/// The limit, and the IPs over it.
pub struct RateLimiter {
    config: RateLimitConfig,
    over: Mutex<HashMap<String, Instant>>,
}

impl RateLimiter {
    /// A limiter that remembers nobody yet.
    pub fn new(config: RateLimitConfig) -> Self {
        Self { config, over: Mutex::new(HashMap::new()) }
    }

    /// Requests allowed in a window.
    pub fn max_requests(&self) -> i32 {
        self.config.max_requests
    }

    /// Length of a window in seconds.
    pub fn window_seconds(&self) -> f64 {
        self.config.window.as_secs_f64()
    }

    /// Refuses an IP that is known to be over the limit.
    pub fn check(&self, ip: &str) -> Result<(), ApiError> {
        let over = self.over.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match over.get(ip).map(|until| until.saturating_duration_since(Instant::now())) {
            Some(left) if !left.is_zero() => Err(self.refusal(left.as_secs() + 1)),
            _ => Ok(()),
        }
    }

    /// Judges a fresh count, and remembers an IP that is over.
    pub(super) fn judge(&self, ip: &str, Hits { hits, reset_seconds }: Hits) -> Result<RateState, ApiError> {
        let limit = self.config.max_requests;
        if hits <= limit {
            return Ok(RateState { limit, remaining: limit - hits, reset_seconds });
        }
        let mut over = self.over.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if over.len() >= MAX_REMEMBERED {
            over.clear();
        }
        over.insert(ip.to_owned(), Instant::now() + Duration::from_secs(reset_seconds));
        Err(self.refusal(reset_seconds.max(1)))
    }

    fn refusal(&self, reset_seconds: u64) -> ApiError {
        ApiError::RateLimited(RateState { limit: self.config.max_requests, remaining: 0, reset_seconds })
    }
}
