//! How many requests are served, and of whom: all bounds stand here, with their reasons.
//!
//! A request with a verified identity counts for its user, one without for its address, since one address may be a
//! whole building. Each bound is a multiple of `RATE_LIMIT_MAX_REQUESTS` (100) and holds for a window of
//! `RATE_LIMIT_WINDOW_MS` (a quarter of an hour). The counts are kept by the database, those of a verified caller by the
//! statement that finds them; here is besides the memory of who is over, so that they are refused without asking.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Method;
use serde::Deserialize;

use super::Role;
use crate::{config::RateLimitConfig, db::Db, http::ApiError, statement, vocabulary::RoleName};

/// Requests without a valid token, of one address: 100. Nobody needs more, and a flood of them harms only others
/// that have no token either.
const UNVERIFIED: i32 = 1;
/// Socket.IO connections of one address that have said nothing yet: 100. One that says hello is taken off the count, so
/// that a building which comes back at once gets in.
const WAITING: i32 = 1;
/// Hellos without a valid token, of one address: 1,000. Past that it opens no connection without a token. An app that
/// has none comes back every 20 seconds, and twenty of them must not keep out one that has.
const REJECTED: i32 = 10;
/// Emergencies, and answers to a ring, of one user: 100. They are counted apart from all else that the user does, and
/// not for the address, so that neither a noisy app nor a noisy neighbour stops them.
const URGENT: i32 = 1;
/// Requests of a user without a role: 200. Finding one's flat takes ten.
const NEWCOMER: i32 = 2;
/// Requests of a resident: 600. An open app asks twice in half a minute, which makes 60.
const RESIDENT: i32 = 6;
/// Requests of a guard: 2,000. A busy gate has 40 visitors in a quarter of an hour with eight calls each, and its
/// devices may share an account.
const GUARD: i32 = 20;
/// Requests of an admin: 2,000, as for the guards whose screens they also use.
const ADMIN: i32 = 20;
/// Requests of one address over all, but for urgent ones: 30,000. That is 500 open apps behind one address.
const ADDRESS: i32 = 300;

/// What is counted as urgent, as a method and a route.
pub const URGENT_ROUTES: [(Method, &str); 5] = [
    (Method::POST, "/v1/decide"),
    (Method::POST, "/v1/decide/visitor"),
    (Method::POST, "/v1/emergencies"),
    (Method::POST, "/v1/visitors/{id}/guard-respond"),
    (Method::POST, "/v1/visitors/{id}/respond"),
];

/// Callers remembered at most; past that the memory is dropped and the database counts again.
const MAX_REMEMBERED: usize = 10_000;

/// As what a request counts that shows a valid token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// For the user, and for the address.
    #[default]
    Ordinary,
    /// For the user, apart from all else.
    Urgent,
    /// As an ordinary one; and a connection of the address waits no longer.
    Arrival,
}

impl Counting {
    /// As what a request to a route counts.
    pub fn of(method: &Method, route: &str) -> Self {
        match URGENT_ROUTES.iter().any(|(urgent, path)| urgent == method && *path == route) {
            true => Self::Urgent,
            false => Self::Ordinary,
        }
    }

    /// The kind of a user's count.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Ordinary | Self::Arrival => "user",
            Self::Urgent => "urgent",
        }
    }
}

/// What an address is counted for without a verified identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// A request without a valid token.
    Request,
    /// A connection whose token comes later.
    Connection,
    /// A hello on such a connection, without a valid token or of a user who is over their bound.
    Hello,
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

/// What the database counted of a verified caller, this request included.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Hits {
    /// Of the user.
    own: i32,
    /// Of the address; none where the request does not count for it.
    address: Option<i32>,
    /// Seconds until the window ends.
    reset_seconds: u64,
}

/// The row of `count_request.sql`.
#[derive(Deserialize)]
struct Count {
    /// None where there were as many as there may be.
    hits: Option<i32>,
    reset_seconds: u64,
}

/// The bounds, and who is over one.
pub struct Limits {
    config: RateLimitConfig,
    over: Mutex<HashMap<String, Refused>>,
}

/// For how long somebody is refused, and by which bound.
#[derive(Clone, Copy)]
struct Refused {
    until: Instant,
    limit: i32,
}

impl Limits {
    /// Bounds that nobody is over yet.
    pub fn new(config: RateLimitConfig) -> Self {
        Self { config, over: Mutex::new(HashMap::new()) }
    }

    /// Length of a window in seconds.
    pub(super) fn window_seconds(&self) -> f64 {
        self.config.window.as_secs_f64()
    }

    /// Counts a request of an address that shows no valid token. A hello frees the place of its connection.
    ///
    /// # Errors
    /// The address is over its bound; or the database cannot count.
    pub async fn count_anonymous(&self, db: &Db, what: Anonymous, ip: &str) -> Result<RateState, ApiError> {
        let (waiting, rejected) = (format!("waiting:{ip}"), format!("rejected:{ip}"));
        let (subject, bound, given_back, full) = match what {
            Anonymous::Request => (format!("unverified:{ip}"), UNVERIFIED, None, None),
            Anonymous::Connection => (waiting, WAITING, None, Some(rejected)),
            Anonymous::Hello => (rejected, REJECTED, Some(waiting), None),
        };
        self.recall(&subject)?;
        let limit = self.times(bound);
        let count = db
            .read_first::<Count>(statement!(
                "count_request.sql",
                subject,
                window = self.window_seconds(),
                most = limit,
                given_back,
                full,
                full_at = self.times(REJECTED)
            ))
            .await?;
        let Count { hits, reset_seconds } =
            count.ok_or_else(|| ApiError::Internal("a request was not counted".into()))?;
        if let Some(hits) = hits {
            return Ok(RateState { limit, remaining: limit - hits, reset_seconds });
        }
        // A connection may say hello at any moment, and then another may wait.
        if what == Anonymous::Request {
            self.remember(subject, limit, reset_seconds);
        }
        Err(refusal(limit, reset_seconds))
    }

    /// Refuses a verified caller who is known to be over a bound. `user` names them as the token does.
    pub(super) fn check(&self, user: &str, counting: Counting, ip: &str) -> Result<(), ApiError> {
        self.recall(&format!("{}:{user}", counting.kind()))?;
        if counting == Counting::Urgent { Ok(()) } else { self.recall(&format!("address:{ip}")) }
    }

    /// Judges a fresh count of a verified caller, and remembers who is over.
    pub(super) fn judge(
        &self,
        user: &str,
        roles: &[Role],
        counting: Counting,
        ip: &str,
        hits: Hits,
    ) -> Result<RateState, ApiError> {
        let Hits { own, address, reset_seconds } = hits;
        let limit = self.times(if counting == Counting::Urgent { URGENT } else { bound_of(roles) });
        if own > limit {
            self.remember(format!("{}:{user}", counting.kind()), limit, reset_seconds);
            return Err(refusal(limit, reset_seconds));
        }
        let ceiling = self.times(ADDRESS);
        if address.is_some_and(|hits| hits > ceiling) {
            self.remember(format!("address:{ip}"), ceiling, reset_seconds);
            return Err(refusal(ceiling, reset_seconds));
        }
        Ok(RateState { limit, remaining: limit - own, reset_seconds })
    }

    fn times(&self, multiple: i32) -> i32 {
        self.config.max_requests.saturating_mul(multiple)
    }

    fn recall(&self, subject: &str) -> Result<(), ApiError> {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Refused { until, limit }) = over.get(subject).copied() else { return Ok(()) };
        match until.saturating_duration_since(Instant::now()) {
            left if left.is_zero() => Ok(()),
            left => Err(refusal(limit, left.as_secs() + 1)),
        }
    }

    fn remember(&self, subject: String, limit: i32, reset_seconds: u64) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if over.len() >= MAX_REMEMBERED {
            over.clear();
        }
        over.insert(subject, Refused { until: Instant::now() + Duration::from_secs(reset_seconds), limit });
    }
}

/// The bound of a user with these roles: the highest of them.
fn bound_of(roles: &[Role]) -> i32 {
    let bounds = roles.iter().map(|role| match RoleName::of(&role.role) {
        Some(RoleName::Resident) => RESIDENT,
        Some(RoleName::Guard) => GUARD,
        Some(RoleName::BlockAdmin | RoleName::SocietyAdmin | RoleName::SuperAdmin) => ADMIN,
        None => NEWCOMER,
    });
    bounds.max().unwrap_or(NEWCOMER)
}

fn refusal(limit: i32, reset_seconds: u64) -> ApiError {
    ApiError::RateLimited(RateState { limit, remaining: 0, reset_seconds: reset_seconds.max(1) })
}
