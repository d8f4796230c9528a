//! Whose turn it is. A few dispatchers do each kind of work; an invocation that finds them at it ends at once, as one that ends looks
//! once more. One of them all waits for what falls due soon.

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde::Deserialize;
use shared::{StoreError, sql};
use tokio::{
    select,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{Dispatcher, counts::Counts};

/// How long an invocation waits for what falls due; with its last round well below the function's time limit.
const PATIENCE: Duration = Duration::from_secs(48);
/// How long one kind of work goes on taking new things.
const WORKING: Duration = Duration::from_secs(20);
/// Seconds after which a turn ends by itself. Longer than a round of any work.
const LEASE: f64 = 15.0;
/// How often the one that waits looks, and so how late it notices what is new.
const LOOK: Duration = Duration::from_secs(1);

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Events that nobody pushes, and connections that lag behind.
    Push,
    /// Messages to phones.
    Send,
    /// Deadlines, and the steps before them.
    Watch,
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Works {
    pub(crate) push: bool,
    pub(crate) send: bool,
    pub(crate) watch: bool,
}

/// What the SQL functions `due_work` and `wait_turn` answer.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Due {
    #[serde(flatten)]
    now: Works,
    seconds: Option<f64>,
}

/// What came of a round.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Whether there was anything to do.
    pub(crate) did: bool,
    /// Whether there is certainly more.
    pub(crate) is_full: bool,
    /// What it made work for.
    pub(crate) more: Works,
    /// Somebody has to look again after this time.
    pub(crate) again: Option<Duration>,
    /// For the metrics.
    pub(crate) counts: Counts,
}

/// What came of all rounds of one kind.
#[derive(Debug, Default)]
struct Done {
    /// Whether the turn was taken; else others are at it.
    took: bool,
    more: Works,
    again: Option<Instant>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Send => "send",
            Self::Watch => "watch",
        }
    }
}

impl Works {
    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Push => self.push,
            Kind::Send => self.send,
            Kind::Watch => self.watch,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            push: self.push || other.push,
            send: self.send || other.send,
            watch: self.watch || other.watch,
        }
    }

    fn any(self) -> bool {
        self.push || self.send || self.watch
    }
}

impl Dispatcher {
    /// Does what is asked for where others are not at it already; the schedule does it in any case, since they may have
    /// died. Then waits, unless another one does. `again` is when somebody has to look once more.
    pub(crate) async fn work(
        &self,
        asked: Works,
        is_scheduled: bool,
        again: Option<Duration>,
    ) -> Result<(), StoreError> {
        let mut shift = Shift {
            dispatcher: self,
            is_scheduled,
            end: Instant::now() + PATIENCE,
            running: FuturesUnordered::new(),
            busy: Vec::new(),
            took: false,
            again: again.map(|again| Instant::now() + again),
            result: Ok(()),
        };
        shift.start(asked);
        while shift.next().await {}
        if shift.result.is_ok() && (shift.took || shift.again.is_some()) {
            shift.result = shift.wait().await;
        }
        shift.result
    }

    async fn take_turn(&self, kind: Kind, holder: Uuid) -> Result<bool, StoreError> {
        let take = sql!(
            "SELECT to_jsonb(take_turn(:work, :holder, :seconds))",
            work = kind.name(),
            holder,
            seconds = LEASE
        );
        Ok(self.db.read_first(take).await? == Some(true))
    }

    async fn give_turn_back(&self, kind: Kind, holder: Uuid) -> Result<(), StoreError> {
        let give = sql!("SELECT give_turn_back(:work, :holder)", work = kind.name(), holder);
        self.db.execute(give).await.map(drop)
    }

    async fn is_due(&self, kind: Kind) -> Result<bool, StoreError> {
        let due: Option<Due> = self.db.read_one(sql!("SELECT due_work(0)")).await?;
        Ok(due.is_some_and(|due| due.now.has(kind)))
    }

    async fn do_rounds(&self, kind: Kind, is_scheduled: bool, end: Instant) -> Result<Done, StoreError> {
        let (holder, end) = (Uuid::new_v4(), end.min(Instant::now() + WORKING));
        let mut counts = Counts::default();
        let done = self.do_rounds_as(kind, (!is_scheduled).then_some(holder), end, &mut counts).await;
        counts.put();
        if done.is_err() && !is_scheduled {
            // It ends by itself where this fails, too.
            let _ = self.give_turn_back(kind, holder).await;
        }
        done
    }

    async fn do_rounds_as(
        &self,
        kind: Kind,
        holder: Option<Uuid>,
        end: Instant,
        counts: &mut Counts,
    ) -> Result<Done, StoreError> {
        let (mut done, mut has_looked) = (Done::default(), false);
        loop {
            if let Some(holder) = holder
                && !self.take_turn(kind, holder).await?
            {
                return Ok(done);
            }
            done.took = true;
            let round = match kind {
                Kind::Push => self.push_round().await?,
                Kind::Send => self.send_round().await?,
                Kind::Watch => self.watch_round(end).await?,
            };
            counts.add(round.counts);
            done.more = done.more.and(round.more);
            done.again = earlier(done.again, round.again.map(|again| Instant::now() + again));
            let is_over = Instant::now() >= end;
            if round.is_full && round.did && !is_over {
                continue;
            }
            if let Some(holder) = holder {
                self.give_turn_back(kind, holder).await?;
            }
            // What is due and cannot be taken is held by somebody.
            if is_over || has_looked && !round.did || !self.is_due(kind).await? {
                return Ok(done);
            }
            has_looked = true;
        }
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = (Kind, Result<Done, StoreError>)> + Send + 'a>>;

/// What one invocation does.
struct Shift<'a> {
    dispatcher: &'a Dispatcher,
    is_scheduled: bool,
    end: Instant,
    running: FuturesUnordered<Running<'a>>,
    busy: Vec<Kind>,
    took: bool,
    again: Option<Instant>,
    result: Result<(), StoreError>,
}

impl Shift<'_> {
    /// Begins what is not under way here already.
    fn start(&mut self, works: Works) {
        for kind in [Kind::Push, Kind::Send, Kind::Watch] {
            if !works.has(kind) || self.busy.contains(&kind) {
                continue;
            }
            self.busy.push(kind);
            let (dispatcher, is_scheduled, end) = (self.dispatcher, self.is_scheduled, self.end);
            self.running
                .push(Box::pin(async move { (kind, dispatcher.do_rounds(kind, is_scheduled, end).await) }));
        }
    }

    /// Waits until one kind of work is done, and begins what that made work for. False where nothing is under way.
    async fn next(&mut self) -> bool {
        let Some((kind, done)) = self.running.next().await else { return false };
        self.busy.retain(|busy| *busy != kind);
        match done {
            Ok(Done { took, more, again }) => {
                self.took |= took;
                self.again = earlier(self.again, again);
                self.start(more);
            }
            Err(error) => self.result = std::mem::replace(&mut self.result, Ok(())).and(Err(error)),
        }
        true
    }

    /// Waits for what falls due, unless another one does.
    async fn wait(&mut self) -> Result<(), StoreError> {
        let waiter = Uuid::new_v4();
        while let Some(Due { now, seconds }) = self.look(waiter).await? {
            self.start(now);
            let pause = seconds.map_or(LOOK, |seconds| Duration::from_secs_f64(seconds.max(0.01)));
            // What cannot be done now is tried again with the next look.
            let pause = if now.any() { LOOK } else { pause.min(LOOK) };
            let until = Instant::now() + pause;
            while Instant::now() < until {
                select! {
                    () = sleep(until.saturating_duration_since(Instant::now())) => {}
                    true = self.next(), if !self.running.is_empty() => {}
                }
            }
        }
        while self.next().await {}
        std::mem::replace(&mut self.result, Ok(()))
    }

    async fn look(&mut self, waiter: Uuid) -> Result<Option<Due>, StoreError> {
        let now = Instant::now();
        let asked = self.again.take().map(|again| again.saturating_duration_since(now).as_secs_f64());
        let left = self.end.saturating_duration_since(now).as_secs_f64();
        let look = sql!("SELECT coalesce(wait_turn(:waiter, :asked, :left), 'null')", waiter, asked, left);
        Ok(self.dispatcher.db.read_one::<Option<Due>>(look).await?.flatten())
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}
