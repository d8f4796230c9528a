//! Forgetting who called how often, when the window is long over: the row holds an address.

use crate::{Janitor, clean::Work};

/// Addresses that one statement deletes.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_rates(&self) -> Work {
        self.in_batches(include_str!("forget_rates.sql"), &[], BATCH).await
    }
}
