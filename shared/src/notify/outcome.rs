use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::Message;

/// What came of handing a message over. A reason is a short code, and says nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has taken it.
    Sent,
    /// It will never be sent.
    Failed(String),
    /// The device is not there any more.
    Gone(String),
    /// It may be tried again; after this time, where the service said so.
    Retry(String, Option<Duration>),
}

impl Outcome {
    pub(super) fn failed(reason: &str) -> Self {
        Self::Failed(reason.to_owned())
    }

    pub(super) fn retry(reason: &str, after: Option<Duration>) -> Self {
        Self::Retry(reason.to_owned(), after)
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
            Self::Gone(_) => "gone",
            Self::Retry(..) => "retry",
        }
    }

    /// Why it was not sent.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Failed(reason) | Self::Gone(reason) | Self::Retry(reason, _) => Some(reason),
        }
    }
}

/// The longest pause between two tries in seconds.
const LONGEST_PAUSE: f64 = 60.0;

/// What came of one try, as the SQL function `settle_notifications` reads it.
#[derive(Serialize)]
pub struct Settlement<'a> {
    id: Uuid,
    attempt: i32,
    outcome: &'static str,
    reason: Option<String>,
    retry_seconds: f64,
    address: Option<&'a str>,
}

impl<'a> Settlement<'a> {
    /// What is noted of a try. The pause before the next one is doubled each time from one second on, and
    /// never shorter than the service asks for.
    pub fn of(message: &'a Message, outcome: Outcome) -> Self {
        let name = outcome.name();
        let (reason, after) = match outcome {
            Outcome::Sent => (None, None),
            Outcome::Failed(reason) | Outcome::Gone(reason) => (Some(reason), None),
            Outcome::Retry(reason, after) => (Some(reason), after),
        };
        let pause = f64::from(message.attempt.clamp(1, 16) - 1).exp2().min(LONGEST_PAUSE);
        let asked = after.map_or(0.0, |after| after.as_secs_f64());
        Self {
            id: message.id,
            attempt: message.attempt,
            outcome: name,
            reason,
            retry_seconds: pause.max(asked),
            address: (name == "gone").then(|| message.address()),
        }
    }

    /// How long the next try has to wait; nothing where there is none.
    pub fn pause(&self) -> Option<Duration> {
        (self.outcome == "retry").then(|| Duration::from_secs_f64(self.retry_seconds))
    }
}
