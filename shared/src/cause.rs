//! What something comes from: the request that a log line, an event or a message belongs to.

use serde::{Deserialize, Serialize};

/// The request that something comes from, by which its lines are found in all logs. It says nothing about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The gateway's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

tokio::task_local! {
    static CAUSE: Cause;
}

impl Cause {
    /// Does some work as what comes from this.
    pub(crate) async fn of<T>(self, work: impl Future<Output = T>) -> T {
        CAUSE.scope(self, work).await
    }
}

/// The request being served; none outside of one.
pub(crate) fn cause() -> Option<Cause> {
    CAUSE.try_with(Clone::clone).ok()
}

/// The gateway's id of the request being served; empty outside of one.
pub(crate) fn request_id() -> String {
    CAUSE.try_with(|cause| cause.request_id.clone()).ok().flatten().unwrap_or_default()
}
