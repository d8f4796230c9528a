//! Who is calling: the verified token, the user it belongs to, and how often his IP has called.
//!
//! Identity comes from the token alone. Scope is never taken from here: every statement asks
//! `caller_scope(user)` itself, so a role that was revoked a moment ago no longer counts.

mod caller;
mod keys;
mod rate_limit;
mod token;

pub use caller::{Caller, Identified, RequestMeta, Role, User};
pub use rate_limit::{RateLimiter, RateState};
pub use token::{Claims, Verifier};
