//! Pinging, for protocols that have the server do it: what is due is pinged once. A connection that was pinged before,
//! and has not been heard of since nor for as long as its client would wait for us, is closed.

use std::time::Duration;

use futures_util::future::join_all;
use shared::{
    StoreError,
    config::PingConfig,
    realtime::{Connection, PingPlace, PingSlot, Pinged, Posted},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{Dispatcher, greet::now_ms};

/// How long one round goes on; what it leaves is the next one's.
const ROUND: Duration = Duration::from_secs(40);
/// How long nobody else pings. Longer than a round with its last posts, and over before the next one.
const LEASE: Duration = Duration::from_secs(50);
/// Connections that are read at once.
const PAGE: u16 = 320;
/// Of these, pinged at once.
const AT_ONCE: usize = 32;
/// The least time that so many take: each answers, and the stage of the WebSocket API lets through a
/// thousand messages a second.
const PACE: Duration = Duration::from_millis(100);
/// Pauses before a ping that was not taken is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// What came of a connection that was to be pinged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Pinged,
    /// It did not answer, and was closed.
    Closed,
    /// There was none any more.
    Gone,
    /// Its client waits for the opening packet, and must get nothing before.
    Early,
    /// A store or the gateway is away.
    Failed,
}

impl Dispatcher {
    /// Pings whatever is due, unless somebody else is at it.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let connections = self.pusher.connections();
        let Some(mut turn) = connections.claim_pings(LEASE).await? else { return Ok(()) };
        let pinged = self.ping_on(&mut turn.place).await;
        connections.end_pings(turn).await?;
        pinged
    }

    /// Pings from this place on, until nothing is due or the round is over.
    async fn ping_on(&self, place: &mut PingPlace) -> Result<(), StoreError> {
        let (now, end) = (now_ms(), Instant::now() + ROUND);
        let mut all = Vec::new();
        let mut result = Ok(());
        while let Some(slot) = place.slot(self.pings.every(), now) {
            if Instant::now() >= end || result.is_err() {
                break;
            }
            result = self.ping_page(slot, place, end, &mut all).await;
        }
        let count = |kind| all.iter().filter(|done| **done == kind).count();
        if !all.is_empty() {
            tracing::info!(
                pinged = count(Done::Pinged),
                closed = count(Done::Closed),
                gone = count(Done::Gone),
                failed = count(Done::Failed),
                "connections were pinged"
            );
        }
        result
    }

    async fn ping_page(
        &self,
        slot: PingSlot,
        place: &mut PingPlace,
        end: Instant,
        all: &mut Vec<Done>,
    ) -> Result<(), StoreError> {
        let connections = self.pusher.connections();
        let (page, is_more) = connections.pinged(slot, place, PAGE).await?;
        let mut found = connections.find_all(&page).await?;
        let mut rest = page.len();
        for some in page.chunks(AT_ONCE) {
            let next = Instant::now() + PACE;
            let each =
                some.iter().map(|pinged| self.ping_one(slot, pinged, found.remove(&pinged.connection_id)));
            all.extend(join_all(each).await);
            place.pass(some.last().map_or("", |last| &last.connection_id));
            rest -= some.len();
            if rest == 0 {
                break;
            }
            if Instant::now() >= end {
                return Ok(());
            }
            sleep_until(next).await;
        }
        if !is_more {
            place.turn(slot, self.pings.every());
        }
        Ok(())
    }

    /// One that can be neither pinged nor closed stands in no other's way.
    async fn ping_one(&self, slot: PingSlot, pinged: &Pinged, found: Option<Connection>) -> Done {
        self.try_to_ping(slot, pinged, found).await.unwrap_or_else(|error| {
            tracing::warn!(?error, "a connection could not be pinged");
            Done::Failed
        })
    }

    async fn try_to_ping(
        &self,
        slot: PingSlot,
        pinged: &Pinged,
        found: Option<Connection>,
    ) -> Result<Done, StoreError> {
        let Pinged { connection_id, connected_at } = pinged;
        let found = found.filter(|found| found.connected_at == *connected_at);
        let Some((frame, connection)) = found.and_then(|found| Some((found.protocol.ping()?, found))) else {
            self.pusher.connections().stop_pinging(pinged).await?;
            return Ok(Done::Gone);
        };
        let is_asked = connection.heard_at < slot.served_at;
        if is_asked && now_ms() - connection.heard_at > patience_ms(&self.pings) {
            self.hang_up(connection_id, *connected_at).await?;
            return Ok(Done::Closed);
        }
        if !connection.greeted {
            return Ok(Done::Early);
        }
        match self.post_ping(connection_id, frame).await {
            Posted::Accepted => Ok(Done::Pinged),
            Posted::Gone => {
                self.pusher.connections().close(connection_id, *connected_at).await?;
                Ok(Done::Gone)
            }
            Posted::Failed => Ok(Done::Failed),
        }
    }

    async fn post_ping(&self, connection_id: &str, frame: &str) -> Posted {
        for pause in PAUSES {
            let posted = self.pusher.gateway().post(connection_id, frame).await;
            if posted != Posted::Failed {
                return posted;
            }
            sleep(pause).await;
        }
        self.pusher.gateway().post(connection_id, frame).await
    }
}

fn patience_ms(pings: &PingConfig) -> i64 {
    i64::try_from(pings.patience().as_millis()).unwrap_or(i64::MAX)
}
