//! The system tested as its users meet it: over HTTP and WebSocket, on the local stack.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod asyncapi;
mod attacks;
mod authorisation;
mod clients;
mod crowd;
mod decide;
mod dispatcher;
mod events;
mod faults;
mod flow;
mod gateway;
mod idempotency;
mod janitor;
mod limits;
mod malformed;
mod notifications;
mod openapi;
mod outages;
mod pagination;
mod postgres;
mod races;
mod realtime;
mod recovery;
mod replay;
mod revoked;
mod round_trips;
mod screens;
mod socket_io;
mod support;
mod template;
mod tokens;
mod watch;
mod workflows;
