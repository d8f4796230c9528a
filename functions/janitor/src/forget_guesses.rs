//! Forgetting who tried passes in vain, when the window is long over.

use crate::{Janitor, clean::Work};

/// Guards that one statement deletes.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_guesses(&self) -> Work {
        self.in_batches(include_str!("forget_guesses.sql"), &[], BATCH).await
    }
}
