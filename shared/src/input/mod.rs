//! Reading what a caller sent: every field is looked at, every problem is reported.
//!
//! A request type derives [`FromFields`]; its fields are domain types that implement [`FromField`], so a value that
//! exists is a value that is allowed.

mod body;
mod cursor;
mod fields;
mod ids;
mod query;
mod words;

pub use body::{Body, IdempotencyKey, NoInput};
pub use cursor::{Cursor, Day, PeriodBound, PlaceCursor, Position};
pub use fields::{Fields, FromField, FromFields, Problem, ProblemCode, Whole};
pub use ids::Ids;
pub use query::{Limit, Page, PathId, PathText, PlacePage, Query, WholeLimit};
