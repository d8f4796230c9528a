//! Forgetting what this function did more than a year ago.

use crate::{Janitor, clean::Work};

/// Runs that one statement deletes.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_runs(&self) -> Work {
        self.in_batches(include_str!("forget_runs.sql"), &[], BATCH).await
    }
}
