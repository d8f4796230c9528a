//! Functions of this process, as whoever starts the gateway hands them in.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use lambda_runtime::Context;
use serde::{Serialize, de::DeserializeOwned};

/// The functions that can run in this process.
pub trait Host: Send + Sync + 'static {
    /// Whether there is a function of this name.
    fn contains(&self, function: &str) -> bool;

    /// Starts an environment of a function with these variables, or says why it does not start.
    fn start<'a>(
        &'a self,
        function: &'a str,
        variables: &'a HashMap<String, String>,
    ) -> BoxFuture<'a, Result<Box<dyn Environment>, String>>;
}

/// One environment of a function: it serves one event at a time, and is used again.
pub trait Environment: Send + Sync + 'static {
    /// Serves an event, which is JSON as the answer is.
    fn serve(&self, event: String, context: Context) -> BoxFuture<'_, Result<String, Failed>>;
}

/// Why an event was not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The event is no JSON, which the Lambda service refuses.
    NoJson,
    /// The function does not understand the event, or failed.
    Event(String),
}

/// An event as the runtime reads it, from its text.
pub fn read_event<T: DeserializeOwned>(event: &str) -> Result<T, Failed> {
    serde_json::from_str(event).map_err(|error| {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(event).is_ok();
        if is_json { Failed::Event(error.to_string()) } else { Failed::NoJson }
    })
}

/// An answer as the runtime writes it.
pub fn write_answer(answer: &impl Serialize) -> Result<String, Failed> {
    serde_json::to_string(answer).map_err(|error| Failed::Event(error.to_string()))
}
