//! The whole system on one machine: PostgreSQL, DynamoDB, API Gateway, Lambda and a token issuer
//! in one process, with the functions that are deployed to AWS.
//!
//! `cargo dev` runs it (the binary of this crate); tests start a [`Stack`] each.
//!
//! - Routes, variables, limits and tables are read from `template.yaml`, never said a second time.
//! - Functions are called with the events that AWS builds and answer in its format, as JSON text.
//! - Nothing outlives the process: no server, no temporary directory, even after SIGKILL.

pub mod affected;
pub mod audit;
pub mod bench;
pub mod budget;
pub mod catalogue;
mod crowd;
mod database;
pub mod doctor;
mod dynamodb;
mod emulator;
pub mod epochs;
mod error;
pub mod events;
pub mod explain;
pub mod faults;
mod gateway;
pub mod issuer;
mod lambda;
pub mod measure;
pub mod messages;
pub mod openapi;
pub mod postgres;
mod progress;
mod proxy;
pub mod readme;
pub mod release;
mod rings;
pub mod samples;
mod schedules;
mod stack;
mod stuck;
pub mod template;
pub mod trace;
pub mod wire;

use std::path::{Path, PathBuf};

pub use database::Seed;
pub use dynamodb::DynamoDb;
pub use error::Error;
pub use gateway::{PostCount, WebSocketLimits};
pub use issuer::Identity;
pub use lambda::{Lambda, Outcome, Refused, Usage, start_function};
pub use progress::Progress;
pub use stack::{Builder, Project, Stack};

/// Method and path of every route of the HTTP API.
pub fn http_routes() -> Result<Vec<(String, String)>, Error> {
    let functions = template::Template::embedded()?.functions;
    let routes = functions.into_iter().flat_map(|function| function.routes);
    Ok(routes.map(|route| (route.method, route.path)).collect())
}

/// The checkout this was built from, or the current directory where that is gone.
pub fn checkout() -> &'static Path {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().filter(|checkout| checkout.is_dir());
    checkout.unwrap_or(Path::new("."))
}

/// Where data are kept that nobody named a place for: in the checkout this was built from.
pub fn default_data_directory() -> PathBuf {
    checkout().join("target").join("local")
}
