//! The system tested as its users meet it: over HTTP and WebSocket, on the local stack.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod authorisation;
mod flow;
mod idempotency;
mod limits;
mod malformed;
mod outages;
mod races;
mod round_trips;
mod support;
