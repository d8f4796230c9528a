//! Draining the outbox: rooms that nobody pushes to, and connections that lag behind.

use std::time::Duration;

use futures_util::future::join_all;
use shared::{
    http::ApiError,
    metrics::{self, Metric},
    realtime::{Carried, Outbox},
};
use tokio::time::{Instant, sleep};

use crate::Dispatcher;

/// How long one invocation goes on taking new work; well below the function's time limit.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the posts of one round may take together. Shorter than the lease of a room.
const ROUND: Duration = Duration::from_millis(2500);
/// What falls due within this time is waited for; later work is the schedule's.
const HORIZON: f64 = 5.0;
/// Rooms of one round.
const ROOMS: i32 = 8;
/// Lagging connections of one round.
const CONNECTIONS: i32 = 32;

impl Dispatcher {
    /// Pushes everything that waits, and what falls due soon.
    pub(crate) async fn drain(&self) -> Result<(), ApiError> {
        let outbox = Outbox::new(&self.db);
        let end = Instant::now() + PATIENCE;
        let mut carried = Carried::default();
        let mut given_up = 0;
        while Instant::now() < end {
            let batches = outbox.claim_rooms(ROOMS).await?;
            let backlogs = outbox.claim_lagging(CONNECTIONS).await?;
            if batches.is_empty() && backlogs.is_empty() {
                match outbox.load().await?.due_seconds {
                    Some(due) if due <= HORIZON => sleep(Duration::from_secs_f64(due.max(0.1))).await,
                    _ => break,
                }
                continue;
            }
            let rooms = outbox.carry(&self.pusher, batches, Instant::now() + ROUND);
            let connections =
                join_all(backlogs.into_iter().map(|backlog| self.serve_lagging(&outbox, backlog)));
            let (rooms, connections) = tokio::join!(rooms, connections);
            carried = carried.and(rooms);
            given_up += connections.into_iter().filter(|closed| *closed).count();
        }
        if carried.dead > 0 || given_up > 0 {
            tracing::error!(events = carried.dead, connections = given_up, "pushing was given up");
        }
        metrics::put(&[
            Metric::count("DeadLetters", carried.dead),
            Metric::count("ConnectionsGivenUp", given_up as i64),
        ]);
        Ok(())
    }

    /// Tells how much is waiting, for the alarms.
    pub(crate) async fn report(&self) -> Result<(), ApiError> {
        let load = Outbox::new(&self.db).load().await?;
        metrics::put(&[
            Metric::seconds("OutboxAge", load.oldest_seconds),
            Metric::count("RoomsBehind", load.rooms),
            Metric::count("ConnectionsLagging", load.lagging),
        ]);
        Ok(())
    }
}
