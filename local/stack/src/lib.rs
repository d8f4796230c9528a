//! The whole system on one machine: PostgreSQL, DynamoDB, API Gateway, Lambda and a token issuer
//! in one process, with the functions that are deployed to AWS.
//!
//! `cargo dev` runs it; tests start a [`Stack`] each.
//!
//! - Routes, variables, limits and tables are read from `template.yaml`, never said a second time.
//! - Functions are called with the events that AWS builds and answer in its format, as JSON text.
//! - Nothing outlives the process: no server, no temporary directory, even after SIGKILL.

mod builder;
mod checkout;
mod database;
mod dynamodb;
mod error;
pub mod faults;
mod front;
mod functions;
pub mod issuer;
pub mod messages;
mod proxy;
mod stack;
mod variables;
pub mod wire;

pub use builder::{Builder, Project};
pub use checkout::{checkout, default_data_directory, http_routes, own_template};
pub use database::{Seed, reach};
pub use dynamodb::DynamoDb;
pub use error::Error;
pub use front::Pages;
pub use functions::start_function;
pub use issuer::Identity;
pub use postgres::Progress;
pub use stack::{Stack, ask_info, listen};

/// The region that everything here pretends to be in.
pub const REGION: &str = "ap-south-1";
