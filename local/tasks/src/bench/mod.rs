//! What a request costs, measured: `cargo dev bench`, into `docs/performance.md`.
//!
//! Release binaries behind a Runtime API of our own ([`fleet`]) serve a day at the gate ([`gate`]). CPU is what Linux
//! counts for the server's backends and for the functions' processes; buffers and WAL are the server's own figures.
//! Each is a multiple of pgbench's simple update, prepared, on the same server in the same run. With `--against`
//! another checkout's system is measured in turn.

mod cpu;
mod environments;
mod fleet;
mod gate;
mod growth;
mod report;
mod ring;
mod soak;
mod system;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use stack::Progress;
use tokio::time::sleep;

use crate::{Error, measure};
use gate::{Meter, Size, day};
use ring::rings;
use system::{Call, System};

/// Callers at once, and how many requests make a figure.
const SIZES: [Size; 3] = [
    Size { callers: 1, warming: 40, counted: 200 },
    Size { callers: 8, warming: 80, counted: 600 },
    Size { callers: 32, warming: 320, counted: 960 },
];
/// Requests that are counted on the wire.
const COUNTED: Size = Size { callers: 1, warming: 60, counted: 40 };
const RINGS: usize = 100;
/// Turns of pgbench's in a round.
const TURNS: usize = 10_000;
/// A backend tells its figures at the end of a statement, where the last time was a second ago.
const TOLD_AFTER: Duration = Duration::from_millis(1100);

/// How often a process that will be gone is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// Another checkout, which is measured in turn with this one.
    pub against: Option<PathBuf>,
    /// Rounds, of which the median counts.
    pub rounds: usize,
}

impl Default for Bench {
    fn default() -> Self {
        Self { against: None, rounds: 3 }
    }
}

/// All that was measured of one system.
struct Measured {
    machine: String,
    commit: String,
    /// Milliseconds of PostgreSQL's CPU for a simple update, a figure a round.
    simple: Vec<f64>,
    /// What can be counted, of the simple update first.
    counts: Vec<(&'static str, Count)>,
    /// By endpoint and callers, a figure a round.
    timed: BTreeMap<(&'static str, usize), Vec<Timed>>,
    /// The median and the 99th percentile of the way to the frame and to the push, a figure a round.
    rings: Vec<[Duration; 4]>,
}

/// What one request can be counted to cost.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    round_trips: f64,
    statements: f64,
    buffers: f64,
    wal: f64,
    /// Milliseconds of PostgreSQL's CPU.
    postgres: f64,
}

/// What requests of one kind took in one round.
#[derive(Clone, Copy, Debug)]
struct Timed {
    /// Milliseconds of CPU for each request.
    postgres: f64,
    function: f64,
    p50: Duration,
    p99: Duration,
    /// Requests a second.
    rate: f64,
}

impl Bench {
    /// Measures, and writes the tables into `docs/performance.md` of the checkout.
    ///
    /// # Errors
    /// Release binaries are missing, or a request is refused.
    pub async fn run(&self, checkout: &Path, progress: Progress) -> Result<(), Error> {
        let mut systems = Vec::new();
        if let Some(other) = &self.against {
            systems.push(System::start("before", other, progress).await?);
        }
        systems.push(System::start("here", checkout, progress).await?);
        let mut measured = Vec::new();
        for system in &systems {
            progress.say(format_args!("Counting what requests to {} cost", system.name));
            measured.push(Measured::count(system).await?);
        }
        for round in 1..=self.rounds {
            for (system, measured) in systems.iter().zip(&mut measured) {
                progress.say(format_args!("Round {round} of {}, {}", self.rounds, system.name));
                measured.round(system).await?;
            }
        }
        report::write(checkout, &measured, progress)
    }
}

/// Measures what years of history cost, with no more visits than that.
///
/// # Errors
/// As [`Bench::run`].
pub async fn growth(most: usize, checkout: &Path, progress: Progress) -> Result<(), Error> {
    let system = System::start("here", checkout, progress).await?;
    let steps = growth::grow(&system, most, progress).await?;
    let table = format!("{}\n\n{}", report::machine(&system).await?, growth::table(&steps));
    measure::write_between(checkout, "bench --growth", &table, progress)
}

/// Measures 200 environments against 100 connections, directly and through pgbouncer.
///
/// # Errors
/// As [`Bench::run`].
pub async fn environments(checkout: &Path, progress: Progress) -> Result<(), Error> {
    let system = System::start("here", checkout, progress).await?;
    let runs = environments::run(&system, progress).await?;
    let table = format!("{}\n\n{}", report::machine(&system).await?, environments::table(&runs));
    measure::write_between(checkout, "bench --environments", &table, progress)
}

/// Runs the system for so long with 500 sockets and steady visits.
///
/// # Errors
/// As [`Bench::run`].
pub async fn soak(minutes: u64, checkout: &Path, progress: Progress) -> Result<(), Error> {
    let system = System::start("here", checkout, progress).await?;
    let soaked = soak::run(&system, Duration::from_secs(60 * minutes), progress).await?;
    let table = format!("{}\n\n{}", report::machine(&system).await?, soak::table(&soaked));
    measure::write_between(checkout, "bench --soak", &table, progress)
}

impl Measured {
    /// Counts, with functions that reach PostgreSQL over a wire that counts.
    async fn count(system: &System) -> Result<Self, Error> {
        pgbench(system, &["-i", "-q"]).await?;
        let before = Reading::read(system).await?;
        pgbench(system, &simple_update(&(TURNS / 10).to_string())).await?;
        let simple = Reading::read(system).await?.since(before, TURNS / 10);
        system.connect_by(system.wire.port())?;
        // What it reads is the database's, too, and pages are written whole now and then.
        system.configure("\nautovacuum = off\nfull_page_writes = off\n")?;
        let mut counting =
            Counting { counts: vec![(report::SIMPLE_UPDATE, Count { statements: 1.0, ..simple })] };
        day(system, COUNTED, &mut counting).await?;
        system.configure("\nautovacuum = on\nfull_page_writes = on\n")?;
        system.connect_by(system.direct()?)?;
        Ok(Self {
            machine: report::machine(system).await?,
            commit: system.commit.clone(),
            simple: Vec::new(),
            counts: counting.counts,
            timed: BTreeMap::new(),
            rings: Vec::new(),
        })
    }

    async fn round(&mut self, system: &System) -> Result<(), Error> {
        // Before and after, since a machine is not as fast all the time.
        let before = pgbench(system, &simple_update(&TURNS.to_string())).await?;
        let rings = rings(system, RINGS).await?;
        let of = |sorted: &[Duration]| [percentile(sorted, 0.5), percentile(sorted, 0.99)];
        let ([frame, late_frame], [push, late_push]) = (of(&rings.frames), of(&rings.pushes));
        self.rings.push([frame, late_frame, push, late_push]);
        for size in SIZES {
            day(system, size, &mut Timing { timed: &mut self.timed }).await?;
        }
        let after = pgbench(system, &simple_update(&TURNS.to_string())).await?;
        self.simple.push((before + after) / 2.0 * 1000.0 / TURNS as f64);
        Ok(())
    }
}

/// Counts requests one after the other, while nothing else goes on.
#[derive(Default)]
struct Counting {
    counts: Vec<(&'static str, Count)>,
}

impl Meter for Counting {
    async fn measure(
        &mut self,
        system: &System,
        endpoint: &'static str,
        size: Size,
        mut calls: Vec<Call>,
    ) -> Result<Vec<Value>, Error> {
        let last = calls.split_off(calls.len().saturating_sub(1));
        let counted = calls.split_off(size.warming.saturating_sub(1).min(calls.len()));
        let told = calls.split_off(calls.len().saturating_sub(1));
        let number = counted.len();
        let mut answers = system.drive(size.callers, calls).await?.answers;
        // What preparing its statements cost is told with this one.
        sleep(TOLD_AFTER).await;
        answers.extend(system.drive(size.callers, told).await?.answers);
        let before = Reading::read(system).await?;
        let cpu = system.server.backends();
        answers.extend(system.drive(size.callers, counted).await?.answers);
        let cpu = (system.server.backends() - cpu) * 1000.0 / number.max(1) as f64;
        // With the last one the backends tell of all before it; what that one costs is counted, too.
        sleep(TOLD_AFTER).await;
        answers.extend(system.drive(size.callers, last).await?.answers);
        let spent = Reading::read(system).await?.since(before, number + 1);
        self.counts.push((endpoint, Count { postgres: cpu, ..spent }));
        Ok(answers)
    }
}

/// Measures how long requests take, and the CPU they need.
struct Timing<'a> {
    timed: &'a mut BTreeMap<(&'static str, usize), Vec<Timed>>,
}

impl Meter for Timing<'_> {
    async fn measure(
        &mut self,
        system: &System,
        endpoint: &'static str,
        size: Size,
        mut calls: Vec<Call>,
    ) -> Result<Vec<Value>, Error> {
        let counted = calls.split_off(size.warming.min(calls.len()));
        let number = counted.len().max(1) as f64;
        let function = counted.first().map(|call| call.function.clone()).unwrap_or_default();
        let mut answers = system.drive(size.callers, calls).await?.answers;
        let before = (system.server.backends(), system.fleet.cpu(&function));
        let driven = system.drive(size.callers, counted).await?;
        let after = (system.server.backends(), system.fleet.cpu(&function));
        self.timed.entry((endpoint, size.callers)).or_default().push(Timed {
            postgres: (after.0 - before.0) * 1000.0 / number,
            function: (after.1 - before.1) * 1000.0 / number,
            p50: percentile(&driven.latencies, 0.5),
            p99: percentile(&driven.latencies, 0.99),
            rate: number / driven.elapsed.as_secs_f64(),
        });
        answers.extend(driven.answers);
        Ok(answers)
    }
}

/// The figures of a server at one moment.
#[derive(Clone, Copy)]
struct Reading {
    round_trips: u64,
    statements: u64,
    buffers: i64,
    wal: i64,
}

impl Reading {
    /// Reading them is no statement on the wire.
    async fn read(system: &System) -> Result<Self, Error> {
        let sql = "SELECT blks_hit + blks_read, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
                     FROM pg_stat_database WHERE datname = current_database()";
        // A snapshot of the figures may not be older than this.
        system.db.batch_execute("SELECT pg_stat_clear_snapshot()").await?;
        let row = system.db.query_one(sql, &[]).await?;
        let wire = system.wire.total();
        Ok(Self {
            round_trips: wire.round_trips,
            statements: wire.statements,
            buffers: row.try_get(0)?,
            wal: row.try_get(1)?,
        })
    }

    fn since(self, before: Self, requests: usize) -> Count {
        let requests = requests as f64;
        Count {
            round_trips: (self.round_trips - before.round_trips) as f64 / requests,
            statements: (self.statements - before.statements) as f64 / requests,
            buffers: (self.buffers - before.buffers) as f64 / requests,
            wal: (self.wal - before.wal) as f64 / requests,
            postgres: 0.0,
        }
    }
}

/// What pgbench calls a simple update (its manual: `-N`), prepared.
fn simple_update(turns: &str) -> [&str; 6] {
    ["-N", "-n", "-M", "prepared", "-t", turns]
}

/// Runs the pgbench that came with the server; answers the seconds of CPU that its backends have had.
async fn pgbench(system: &System, words: &[&str]) -> Result<f64, Error> {
    let server = format!("/proc/{}/exe", system.server.postmaster());
    let server = fs::read_link(&server).map_err(Error::path(Path::new(&server)))?;
    let program = server.with_file_name("pgbench");
    let mut command = Command::new(&program);
    command.args(words).arg(&system.database_url).stdout(Stdio::null()).stderr(Stdio::null());
    let others = system.server.backend_ids();
    let mut running = tokio::task::spawn_blocking(move || command.status());
    let mut used = BTreeMap::new();
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            // What a backend has had is gone with it.
            () = sleep(LOOK_AGAIN) => {
                let backends = system.server.backend_ids();
                used.extend(backends.into_iter().filter(|id| !others.contains(id)).map(|id| (id, cpu::of(id))));
            }
        }
    };
    let status = ended.map_err(std::io::Error::other).flatten().map_err(Error::path(&program))?;
    // A backend tells the server what it has read at its end.
    sleep(TOLD_AFTER).await;
    if status.success() {
        Ok(used.values().sum())
    } else {
        Err(Error::Failed(format!("pgbench ended with {status}")))
    }
}

/// Of figures from the smallest on: the one that this share is not larger than.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let place = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_figures_that_were_measured() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 0.5), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 0.99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted[..1], 0.99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
