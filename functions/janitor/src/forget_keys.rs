//! Forgetting idempotency keys whose answer is repeated no longer.

use crate::{Janitor, clean::Work};

/// Keys that one statement deletes; each holds a whole answer.
const BATCH: i64 = 2_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_keys(&self) -> Work {
        self.in_batches(include_str!("forget_keys.sql"), &[], BATCH).await
    }
}
