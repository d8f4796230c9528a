//! Forgetting who called how often, when the window is long over: a row may hold an address.

use crate::{Janitor, clean::Work};

/// Counts that one statement deletes.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_rates(&self) -> Work {
        self.in_batches(include_str!("forget_rates.sql"), &[], BATCH).await
    }
}
