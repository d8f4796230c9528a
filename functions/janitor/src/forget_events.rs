//! Forgetting events that are older than their society keeps them. Whoever asks for one of these is told
//! that not everything can be sent again. What is not pushed yet, and what opened an emergency that is
//! not resolved, is kept.

use shared::{db::Type, policy::EVENT_RETENTION_HOURS};

use crate::{Janitor, clean::Work};

/// Events that one statement deletes.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch.
    pub(crate) async fn forget_events(&self) -> Work {
        let policy = [
            (&EVENT_RETENTION_HOURS.name as _, Type::TEXT),
            (&EVENT_RETENTION_HOURS.default as _, Type::INT4),
        ];
        self.in_batches(include_str!("forget_events.sql"), &policy, BATCH).await
    }
}
