//! Draining the outbox: rooms that nobody pushes to, and connections that lag behind.

use std::time::Duration;

use futures_util::future::join_all;
use shared::{
    StoreError,
    metrics::{self, Metric},
    realtime::Outbox,
    sql,
};
use tokio::time::Instant;

use crate::{Dispatcher, counts::Counts, turns::Round};

/// How long the posts of one round may take together. Shorter than the lease of a room.
const ROUND: Duration = Duration::from_millis(2500);
/// Rooms of one round.
const ROOMS: i32 = 8;
/// Lagging connections of one round.
const CONNECTIONS: i32 = 32;

impl Dispatcher {
    /// Pushes what waits, a part of it.
    pub(crate) async fn push_round(&self) -> Result<Round, StoreError> {
        let outbox = Outbox::new(&self.db);
        let batches = outbox.claim_rooms(ROOMS).await?;
        let backlogs = outbox.claim_lagging(CONNECTIONS).await?;
        if batches.is_empty() && backlogs.is_empty() {
            return Ok(Round::default());
        }
        let is_full = batches.len() >= ROOMS as usize || backlogs.len() >= CONNECTIONS as usize;
        let rooms = outbox.carry(&self.pusher, batches, Instant::now() + ROUND);
        let connections = join_all(backlogs.into_iter().map(|backlog| self.serve_lagging(&outbox, backlog)));
        let (carried, connections) = tokio::join!(rooms, connections);
        let given_up = connections.into_iter().filter(|closed| *closed).count();
        let again = carried.unsettled.then_some(Outbox::LEASE);
        let counts = Counts { dead: carried.dead, given_up, ..Counts::default() };
        Ok(Round { did: true, is_full, again, counts, ..Round::default() })
    }

    /// Tells how much is waiting, for the alarms.
    pub(crate) async fn report(&self) -> Result<(), StoreError> {
        let load = Outbox::new(&self.db).load().await?;
        self.db.execute(sql!("SELECT forget_put_off()")).await?;
        metrics::put(&[
            Metric::seconds("OutboxAge", load.oldest_seconds),
            Metric::count("RoomsBehind", load.rooms),
            Metric::count("ConnectionsLagging", load.lagging),
            Metric::seconds("MessagesAge", load.message_seconds),
            Metric::count("DeadlinesPutOff", load.put_off),
        ]);
        Ok(())
    }
}
