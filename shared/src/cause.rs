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
