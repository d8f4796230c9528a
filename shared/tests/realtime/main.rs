//! The connections table and the publisher, on the DynamoDB emulator and on a gateway that does as
//! it is told, through the real AWS clients.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests too")]

mod connections;
mod publish;
mod support;
