//! Deadlines and steps: what is due is done, one society after the other in short transactions, so that a society that is
//! stuck holds up no other. What cannot be done is put off, with its reason.

use serde::Deserialize;
use shared::{StoreError, realtime::Emitted, sql};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Dispatcher,
    turns::{Round, Works},
};

/// Societies of one round.
const SOCIETIES: i32 = 32;
/// Steps that one statement takes.
const STEPS: i32 = 50;
/// Visitors whose waiting one statement ends; it holds the rooms of their flats meanwhile.
const VISITORS: i32 = 25;
/// Events that are pushed at once. Their rooms are held from the commit on.
const EVENTS: usize = 100;

/// A society with something due.
#[derive(Deserialize)]
struct Society {
    society: Uuid,
    steps: bool,
    deadlines: bool,
}

/// What came of the steps of a society.
#[derive(Deserialize)]
struct Stepped {
    queued: i64,
    done: i32,
    failed: i32,
}

/// What came of the deadlines of a society.
#[derive(Deserialize)]
struct TimedOut {
    events: Vec<Emitted>,
    done: i32,
    failed: i32,
}

impl Dispatcher {
    /// Takes the steps that are due, and then ends the waiting of those whose time is over, some of each society.
    pub(crate) async fn watch_round(&self, end: Instant) -> Result<Round, StoreError> {
        let due = sql!("SELECT due_societies(:societies)", societies = SOCIETIES);
        let societies: Vec<Society> = self.db.read(due).await?;
        let mut round = Round {
            did: !societies.is_empty(),
            is_full: societies.len() >= SOCIETIES as usize,
            ..Round::default()
        };
        let mut failed = 0;
        for Society { society, .. } in societies.iter().filter(|society| society.steps) {
            match self.take_steps(*society).await {
                Ok(taken) => {
                    round.more.send |= taken.queued > 0;
                    round.is_full |= taken.done >= STEPS;
                    failed += taken.failed;
                }
                Err(error) => self.put_off(*society, &error).await?,
            }
        }
        let mut events = Vec::new();
        for Society { society, .. } in societies.iter().filter(|society| society.deadlines) {
            if Instant::now() >= end {
                break;
            }
            match self.time_out(*society).await {
                Ok(denied) => {
                    round.is_full |= denied.done >= VISITORS;
                    failed += denied.failed;
                    events.extend(denied.events);
                }
                Err(error) => self.put_off(*society, &error).await?,
            }
            if events.len() >= EVENTS {
                round.more = round.more.and(self.tell(std::mem::take(&mut events)).await);
            }
        }
        if failed > 0 {
            tracing::warn!(failed, "deadlines or steps were put off; the table put_off says why");
        }
        round.more = Works { watch: false, ..round.more.and(self.tell(events).await) };
        Ok(round)
    }

    async fn take_steps(&self, society: Uuid) -> Result<Stepped, StoreError> {
        let take = sql!("SELECT take_steps_of_society(:society, :steps)", society, steps = STEPS);
        let taken = self.db.read_one(take).await?;
        taken.ok_or_else(|| StoreError::Defect("steps were taken without an answer".into()))
    }

    async fn time_out(&self, society: Uuid) -> Result<TimedOut, StoreError> {
        let deny = sql!("SELECT time_out_society(:society, :visitors)", society, visitors = VISITORS);
        let denied = self.db.read_one(deny).await?;
        denied.ok_or_else(|| StoreError::Defect("deadlines were ended without an answer".into()))
    }

    /// Leaves a society alone for a while, whose statement failed as a whole. The reason that is kept is PostgreSQL's code
    /// alone, or ours, as a message may quote a row.
    async fn put_off(&self, society: Uuid, error: &StoreError) -> Result<(), StoreError> {
        tracing::warn!(%society, ?error, "a society's deadlines and steps were put off");
        let reason = error.sqlstate().unwrap_or(error.code().as_str());
        self.db.execute(sql!("SELECT put_off('society', :society, :reason)", society, reason)).await.map(drop)
    }
}
