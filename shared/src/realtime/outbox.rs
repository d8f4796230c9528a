//! The outbox: which events wait to be pushed, who is at it, and what came of it. The statements are
//! functions of the migrations; here they meet the pusher.

use std::time::Duration;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use tokio::time::Instant;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::{Batch, Event, Lagging, Pushed, Pusher, Room};
use crate::{StoreError, db::Db, sql, statement};

/// Failures of a room in a row, with pauses between them of half an hour together, after which its
/// events are given up. They stay for clients that join with `since`.
const MAX_ROOM_ATTEMPTS: i32 = 16;

/// The outbox of a database.
pub struct Outbox<'a> {
    db: &'a Db,
}

/// What came of carrying events to their rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Rooms that could not be read.
    pub failed: usize,
    /// Connections that lag behind from now on.
    pub lagging: usize,
    /// Rooms that have more events than there was time for.
    pub behind: usize,
    /// Events that were given up.
    pub dead: i64,
    /// Whether the database could not be told; another pusher takes over when the lease ends.
    pub unsettled: bool,
}

impl Carried {
    /// Whether something is left for the dispatcher.
    pub fn is_unfinished(&self) -> bool {
        *self != Self { dead: self.dead, ..Self::default() }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            failed: self.failed + other.failed,
            lagging: self.lagging + other.lagging,
            behind: self.behind + other.behind,
            dead: self.dead + other.dead,
            unsettled: self.unsettled || other.unsettled,
        }
    }
}

/// What came of one batch.
struct Settlement {
    room: Room,
    pusher: Uuid,
    failed: bool,
    upto: i64,
    lagging: Vec<Lagging>,
}

/// A caller without a key who is about to be answered (the SQL function `note_answered`).
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// Who they are.
    pub user: Uuid,
    /// The method of their call.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The key that was made for it.
    pub key: String,
}

/// What the database says of a settlement that leaves something to do.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Settled {
    Next(Batch),
    Behind(IgnoredAny),
    Dead(i64),
}

/// A connection that lags behind, and what it lacks; the SQL function `lagging_batch` returns it.
#[derive(Clone, Debug, Deserialize)]
pub struct Backlog {
    /// The room.
    pub room: Room,
    /// The gateway's id of the connection.
    pub connection_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
    /// The last event it has.
    pub since: i64,
    /// Tries, this one included, since it last took an event.
    pub attempts: i32,
    /// Users who belong into the room now.
    pub users: Vec<Uuid>,
    /// What it lacks, in the order of `seq`; at most a part of it.
    pub events: Vec<Event>,
}

/// How much is waiting.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Load {
    /// Age of the oldest event that is not pushed, in seconds.
    pub oldest_seconds: f64,
    /// Rooms with such events.
    pub rooms: i64,
    /// Connections that lag behind.
    pub lagging: i64,
    /// Age of the oldest message that is due, in seconds.
    pub message_seconds: f64,
    /// Visitors and societies whose deadlines or steps failed three times or more.
    pub put_off: i64,
}

impl<'a> Outbox<'a> {
    /// How long a room is a dead pusher's, and a little more (the SQL function `push_lease`).
    pub const LEASE: Duration = Duration::from_millis(5100);

    /// The outbox of this database.
    pub fn new(db: &'a Db) -> Self {
        Self { db }
    }

    /// Pushes batches and what comes after them in the same rooms, until `deadline`. One statement for
    /// each round, and where nothing else happened in the rooms there is one round.
    pub async fn carry(&self, pusher: &Pusher, batches: Vec<Batch>, deadline: Instant) -> Carried {
        self.carry_and_note(pusher, batches, deadline, None).await
    }

    /// The same, and notes in the statement of the first round who is about to be answered.
    pub async fn carry_and_note(
        &self,
        pusher: &Pusher,
        batches: Vec<Batch>,
        deadline: Instant,
        mut answered: Option<Answered>,
    ) -> Carried {
        let (mut batches, mut carried) = (batches, Carried::default());
        while !batches.is_empty() {
            let pushed = pusher.push_all(&batches, deadline).await;
            let mut settlements: Vec<_> = batches.drain(..).zip(pushed).map(settlement).collect();
            // All writers lock rooms in this order.
            settlements.sort_by_key(|settlement| settlement.room.to_string());
            carried.failed += settlements.iter().filter(|settlement| settlement.failed).count();
            carried.lagging += settlements.iter().map(|settlement| settlement.lagging.len()).sum::<usize>();
            match self.settle(&settlements, Instant::now() < deadline, answered.take()).await {
                Ok(settled) => settled.into_iter().for_each(|settled| match settled {
                    Settled::Next(batch) => batches.push(batch),
                    Settled::Behind(_) => carried.behind += 1,
                    Settled::Dead(events) => carried.dead += events,
                }),
                Err(error) => {
                    let rooms: Vec<_> = settlements.iter().map(|done| done.room.to_string()).collect();
                    tracing::warn!(?rooms, ?error, "a push could not be noted");
                    carried.unsettled = true;
                }
            }
        }
        if let Some(answered) = answered {
            self.note_answered(&answered).await;
        }
        carried
    }

    /// Notes it alone. Where that fails, the same again within a few minutes is taken for a repetition.
    async fn note_answered(&self, answered: &Answered) {
        let Ok(key) = serde_json::to_value(answered) else { return };
        let noted = self.db.execute(sql!("SELECT note_answered(:key)", key)).await;
        if let Err(error) = noted {
            tracing::warn!(?error, "an answer could not be noted");
        }
    }

    async fn settle(
        &self,
        settlements: &[Settlement],
        keep: bool,
        answered: Option<Answered>,
    ) -> Result<Vec<Settled>, StoreError> {
        let each = settlements.iter();
        let settle = statement!(
            "settle_pushes.sql",
            rooms = each.clone().map(|settlement| settlement.room.to_string()).collect::<Vec<_>>(),
            pushers = each.clone().map(|settlement| settlement.pusher).collect::<Vec<_>>(),
            failed = each.clone().map(|settlement| settlement.failed).collect::<Vec<_>>(),
            upto = each.clone().map(|settlement| settlement.upto).collect::<Vec<_>>(),
            lagging = each.map(|settlement| Json(&settlement.lagging)).collect::<Vec<_>>(),
            keep,
            tries = MAX_ROOM_ATTEMPTS,
            answered = answered.as_ref().map(Json)
        );
        Ok(self.db.read_one(settle).await?.unwrap_or_default())
    }

    /// Takes rooms that wait for a push, at most so many.
    pub async fn claim_rooms(&self, limit: i32) -> Result<Vec<Batch>, StoreError> {
        self.db.read(sql!("SELECT claim_rooms(:limit)", limit)).await
    }

    /// Takes connections that lag behind and are due, at most so many.
    pub async fn claim_lagging(&self, limit: i32) -> Result<Vec<Backlog>, StoreError> {
        self.db.read(sql!("SELECT claim_lagging(:limit)", limit)).await
    }

    /// Notes that a lagging connection has everything up to `since`; answers what it lacks still.
    pub async fn advance(&self, backlog: &Backlog, since: i64) -> Result<Option<Backlog>, StoreError> {
        let advance = sql!(
            "SELECT advance_lagging(:room, :connection, :since)",
            room = backlog.room.to_string(),
            connection = backlog.connection_id,
            since
        );
        Ok(self.db.read_one::<Option<Backlog>>(advance).await?.flatten())
    }

    /// Notes that a lagging connection did not take what comes after `since`; it is due again later.
    pub async fn postpone(&self, backlog: &Backlog, since: i64) -> Result<(), StoreError> {
        self.db
            .execute(statement!(
                "postpone_lagging.sql",
                room = backlog.room.to_string(),
                connection = backlog.connection_id,
                since
            ))
            .await
            .map(drop)
    }

    /// Forgets a lagging connection, since it is gone or does not belong into the room.
    pub async fn forget(&self, backlog: &Backlog) -> Result<(), StoreError> {
        let forget = sql!(
            "DELETE FROM lagging_connections WHERE room = :room AND connection_id = :connection",
            room = backlog.room.to_string(),
            connection = backlog.connection_id
        );
        self.db.execute(forget).await?;
        Ok(())
    }

    /// How much is waiting.
    pub async fn load(&self) -> Result<Load, StoreError> {
        let load = self.db.read_first(statement!("load.sql")).await?;
        load.ok_or_else(|| StoreError::Defect("the load's statement answered no row".into()))
    }
}

fn settlement((batch, pushed): (Batch, Pushed)) -> Settlement {
    let Batch { room, pusher, events, .. } = batch;
    let upto = events.last().map_or(0, |last| last.seq);
    match pushed {
        Pushed::Done(lagging) => Settlement { room, pusher, failed: false, upto, lagging },
        Pushed::Failed => Settlement { room, pusher, failed: true, upto, lagging: Vec::new() },
    }
}
