//! Removing what is known of visitors as persons, once it is older than their society keeps it. Whoever is still
//! inside, or may still come with a pass, is left alone.

use shared::{db::Type, policy::VISITOR_RETENTION_DAYS};

use crate::{Janitor, clean::Work};

/// Visitors that one statement strips; each has rows in several tables.
const BATCH: i64 = 500;

impl Janitor {
    /// Strips batch after batch. Any number may be at it.
    pub(crate) async fn strip_visitors(&self) -> Work {
        let policy = [
            (&VISITOR_RETENTION_DAYS.name as _, Type::TEXT),
            (&VISITOR_RETENTION_DAYS.default as _, Type::INT4),
        ];
        self.in_batches(include_str!("strip_visitors.sql"), &policy, BATCH).await
    }
}
