//! Who is calling: the verified token, the user it belongs to, and how often they have called.
//!
//! Identity comes from the token alone. Scope is never taken from here: every statement asks
//! `caller_scope(user)` itself, so a role that was revoked a moment ago no longer counts.

mod app;
mod caller;
mod keys;
mod limits;
mod token;

pub use app::App;
pub use caller::{Caller, Identified, RequestMeta, Role, User};
pub use limits::{Anonymous, Counting, Limits, URGENT_ROUTES};
pub use token::{Claims, Verifier};

pub use crate::rate::RateState;
