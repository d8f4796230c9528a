//! The flats and residents of a society as a file of comma-separated values (RFC 4180), in and out.

pub(crate) mod catalogue;
mod columns;
mod export;
mod import;
mod rows;

pub(crate) use self::{export::*, import::*};
