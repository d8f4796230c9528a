//! What is done with the system on one machine besides running it: measuring, documents, sample events, examinations.
//!
//! Each is a command of `cargo dev`; tests use most of them, too.

pub mod audit;
pub mod bench;
pub mod budget;
pub mod catalogue;
mod crowd;
pub mod doctor;
mod emulator;
pub mod epochs;
mod error;
pub mod events;
pub mod explain;
pub mod grant;
pub mod measure;
pub mod openapi;
pub mod readme;
mod rings;
pub mod samples;
mod stuck;
pub mod trace;

pub use error::Error;
