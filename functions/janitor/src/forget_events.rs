//! Forgetting events that are older than their society keeps them. Whoever asks for one of these is told
//! that not everything can be sent again. What is not pushed yet, and what opened an emergency that is
//! not resolved, is kept.

use shared::{
    db::Type,
    http::ApiError,
    metrics::{self, Metric},
    policy::EVENT_RETENTION_HOURS,
};

use crate::Janitor;

/// Events that one statement deletes, so that none takes long.
const BATCH: i64 = 5_000;

impl Janitor {
    /// Deletes batch after batch, until nothing is left to delete.
    pub(crate) async fn forget_events(&self) -> Result<(), ApiError> {
        let mut forgotten = 0;
        loop {
            let params = [
                (&EVENT_RETENTION_HOURS.name as _, Type::TEXT),
                (&EVENT_RETENTION_HOURS.default as _, Type::INT4),
                (&BATCH as _, Type::INT8),
            ];
            let deleted = self.db.execute(include_str!("forget_events.sql"), &params).await?;
            let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
            forgotten += deleted;
            if deleted < BATCH {
                break;
            }
        }
        metrics::put(&[Metric::count("EventsForgotten", forgotten)]);
        Ok(())
    }
}
