//! The one library under all functions: configuration, database, identity, HTTP, realtime, logs.
//!
//! What is here has at least two users; what one function needs alone lives in that function.

// Derived code says `::shared`, here too.
extern crate self as shared;

pub mod auth;
pub mod catalogue;
mod cause;
mod code;
pub mod config;
pub mod db;
pub mod decision_link;
pub mod device;
pub mod digest;
pub mod entry;
mod error;
mod fields;
pub mod http;
pub mod input;
pub mod lambda;
pub mod metrics;
mod misread;
pub mod notify;
pub mod openapi;
pub mod outbound;
pub mod pin;
pub mod place;
pub mod policy;
#[cfg(test)]
mod properties;
mod rate;
pub mod realtime;
mod sent_time;
pub mod service_account;
mod start;
pub mod statement;
mod store;
pub mod telemetry;
pub mod text;
mod timestamp;
pub mod vocabulary;
pub mod write;

pub use auth::App;
pub use cause::Cause;
#[doc(hidden)]
pub use pastey;
pub use sent_time::SentTime;
pub use start::StartError;
pub use store::StoreError;
pub use timestamp::Timestamp;
