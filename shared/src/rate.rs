//! How many requests of a caller are left.

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
