//! What may go wrong on purpose between clients and functions. Who decides whether it does is handed in.

use futures_util::future::BoxFuture;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A post is never answered (within 30 s) and not delivered.
    PostHangs,
    /// A post is delivered but never answered (within 30 s).
    PostLate,
    /// A post is answered with 410 and not delivered.
    PostGone,
    /// A post is answered with 429 and not delivered.
    PostThrottled,
    /// A post is answered with 500 and not delivered.
    PostFails,
    /// A post is answered with 200 and not delivered.
    PostLost,
    /// A post is answered with 200, and the client's connection is cut in place of delivering it.
    ConnectionCut,
    /// The function that posts is killed, so that nobody waits for the answer and nothing is delivered.
    CallerKilled,
    /// An asynchronous invocation is run twice.
    InvokeDuplicated,
    /// An asynchronous invocation is refused with 429.
    InvokeRefused,
    /// The function never hears that a connection has ended.
    DisconnectLost,
}

/// Where something may go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At<'a> {
    /// The function that posts or is invoked, where it is known.
    pub function: Option<&'a str>,
    /// The connection that is posted to.
    pub connection: Option<&'a str>,
}

/// Decides what goes wrong.
pub trait Faults: Send + Sync + 'static {
    /// Whether it does now.
    fn strikes(&self, fault: Fault, at: At<'_>) -> bool;

    /// Waits until the function is killed, with all that it serves.
    fn killed(&self, function: &str) -> BoxFuture<'static, ()>;
}

/// Nothing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn strikes(&self, _: Fault, _: At<'_>) -> bool {
        false
    }

    fn killed(&self, _: &str) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}
