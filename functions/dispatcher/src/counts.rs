//! What a dispatcher did, for the alarms.

use std::collections::BTreeMap;

use shared::metrics::{self, Metric};

/// What was done, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Messages that a service took.
    pub(crate) sent: u64,
    /// Messages that will never be sent, by reason.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Events that were given up.
    pub(crate) dead: i64,
    /// Connections that were given up.
    pub(crate) given_up: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.dead += other.dead;
        self.given_up += other.given_up;
        for (reason, count) in other.failed {
            *self.failed.entry(reason).or_default() += count;
        }
    }

    /// Writes them into the log, where there are any.
    pub(crate) fn put(&self) {
        let (dead, given_up) = (self.dead, self.given_up);
        if dead > 0 || given_up > 0 {
            tracing::error!(events = dead, connections = given_up, "pushing was given up");
            let given_up = i64::try_from(given_up).unwrap_or(i64::MAX);
            metrics::put(&[
                Metric::count("DeadLetters", dead),
                Metric::count("ConnectionsGivenUp", given_up),
            ]);
        }
        let failed: u64 = self.failed.values().sum();
        if self.sent > 0 || failed > 0 {
            metrics::put(&[
                Metric::count("MessagesSent", i64::try_from(self.sent).unwrap_or(i64::MAX)),
                Metric::count("MessagesFailed", i64::try_from(failed).unwrap_or(i64::MAX)),
            ]);
        }
        for (reason, count) in &self.failed {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            metrics::put_by("Reason", reason, &[Metric::count("MessagesFailedBy", count)]);
        }
    }
}
