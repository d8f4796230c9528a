//! `$disconnect`: the connection leaves all its rooms.
//!
//! The gateway delivers this at best once and ignores the answer. What is not removed here is
//! removed by the first push that finds the connection gone, or by its expiry.

use crate::{Realtime, Source};

impl Realtime {
    /// Forgets the connection.
    pub(crate) async fn disconnect(&self, source: &Source) {
        if let Err(error) = self.connections().close(&source.connection_id, source.connected_at).await {
            tracing::warn!(
                request_id = source.request_id,
                ?error,
                "a closed connection could not be removed"
            );
        }
    }
}
