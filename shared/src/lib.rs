//! The one library under all functions: configuration, database, identity, HTTP, realtime, logs.
//!
//! What is here has at least two users; what one function needs alone lives in that function.

mod app;
pub mod auth;
pub mod catalogue;
mod cause;
pub mod config;
pub mod db;
pub mod device;
pub mod digest;
pub mod entry;
pub mod http;
pub mod input;
pub mod lambda;
pub mod metrics;
mod misread;
pub mod notify;
pub mod openapi;
pub mod outbound;
pub mod place;
pub mod policy;
#[cfg(test)]
mod properties;
pub mod realtime;
mod sent_time;
pub mod statement;
pub mod telemetry;
pub mod text;
mod timestamp;
pub mod write;

pub use app::{App, StartError};
pub use cause::Cause;
#[doc(hidden)]
pub use pastey;
pub use sent_time::SentTime;
pub use timestamp::Timestamp;
