//! What PostgreSQL does for a request, and the table of it in `docs/performance.md`: CPU, as a multiple of pgbench's
//! simple update on the same server in the same run, and what can be counted.
//!
//! CPU is that of the server's processes, as Linux counts it; buffers and WAL are the server's own figures. Functions run
//! in this process, so their CPU is not in any of it. The dispatcher is not rung, since its work is not the request's.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::{
    Error, Identity, Progress, Seed, Stack,
    faults::{Fault, Kind},
    measure::FLAT,
};

/// Requests that make one figure.
const REQUESTS: usize = 300;
/// Requests before them, after which PostgreSQL keeps the plans it will use (it plans the first five anew).
const WARMING: usize = 20;
/// Turns of pgbench's.
const TURNS: usize = 3000;
/// A backend tells its figures at the end of a statement, where the last time was a second ago.
const TOLD_AFTER: Duration = Duration::from_millis(1100);
/// Ticks of a second in `/proc` (proc(5); the value on every Linux there is for these machines).
const TICKS: f64 = 100.0;

/// What one request costs PostgreSQL.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Method and route.
    pub endpoint: &'static str,
    /// CPU in milliseconds, on this machine.
    pub cpu: f64,
    /// Statements.
    pub statements: f64,
    /// Pages read, in the cache or not.
    pub buffers: f64,
    /// Bytes written ahead.
    pub wal: f64,
}

const SIMPLE_UPDATE: &str = "pgbench's simple update";

/// The figures of the server at one moment.
struct Reading {
    cpu: f64,
    buffers: i64,
    wal: i64,
    statements: u64,
}

struct Bench {
    stack: Stack,
    db: Client,
    http: reqwest::Client,
    postmaster: u32,
    requests: usize,
}

/// Sends `requests` of each kind, one after the other, as the people of the demo society do in a day at the gate.
///
/// # Errors
/// The system does not tell CPU of processes, or a request is refused.
pub async fn costs(requests: usize, progress: Progress) -> Result<Vec<Cost>, Error> {
    let stack = Stack::builder().progress(progress).seed(Seed::Demo).start().await?;
    stack.faults().set([Fault::new(Kind::InvokeRefused)])?;
    let db = stack.database().await?;
    let backend: i32 = db.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    let postmaster = stat(u32::try_from(backend).unwrap_or_default())?.parent;
    let bench = Bench { stack, db, http: reqwest::Client::new(), postmaster, requests };
    let token = |uid: &str| bench.stack.issuer().token(&Identity::of(uid));
    let (guard, resident) = (token("demo-guard-1")?, token("demo-resident-101a")?);
    let mut costs = Vec::new();

    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT});
    let accept = json!({"decision": "accept"});
    costs.push(bench.same("GET /v1/profile/me", Method::GET, "/v1/profile/me", &guard, None).await?);
    bench.call(Method::POST, "/v1/visitors", &guard, Some(&visitor)).await?;
    let pending = "/v1/visitors/pending";
    let named = "GET /v1/visitors/pending, one waits";
    costs.push(bench.same(named, Method::GET, pending, &resident, None).await?);
    let (cost, made) = bench
        .each("POST /v1/visitors", vec![(); requests + WARMING + 1], async |()| {
            bench.call(Method::POST, "/v1/visitors", &guard, Some(&visitor)).await
        })
        .await?;
    costs.push(cost);
    let ids: Vec<String> = made.iter().map(|made| text(&made["visitor"]["id"])).collect();
    let (cost, _) = bench
        .each("POST /v1/visitors/{id}/respond", ids.clone(), async |id: String| {
            bench.call(Method::POST, &format!("/v1/visitors/{id}/respond"), &resident, Some(&accept)).await
        })
        .await?;
    costs.push(cost);
    let accepted = "/v1/visitors?status=accepted&limit=100";
    let named = "GET /v1/visitors?status=accepted, a page of 100";
    costs.push(bench.same(named, Method::GET, accepted, &guard, None).await?);
    let (cost, visits) = bench
        .each("POST /v1/visits/checkin", ids, async |id: String| {
            bench.call(Method::POST, "/v1/visits/checkin", &guard, Some(&json!({"visitor_id": id}))).await
        })
        .await?;
    costs.push(cost);
    let (cost, _) = bench
        .each("POST /v1/visits/checkout", visits, async |visit: Value| {
            let visit = json!({"visit_id": visit["id"]});
            bench.call(Method::POST, "/v1/visits/checkout", &guard, Some(&visit)).await
        })
        .await?;
    costs.push(cost);
    let pass = bench.call(Method::POST, "/v1/visitors/guest-pass", &resident, Some(&visitor)).await?;
    let by_code = format!("/v1/visitors/by-access-code/{}", text(&pass["visitor"]["access_code"]));
    let named = "GET /v1/visitors/by-access-code/{code}";
    costs.push(bench.same(named, Method::GET, &by_code, &guard, None).await?);
    costs.insert(0, bench.simple_update().await?);
    Ok(costs)
}

/// The table, with what each costs as a multiple of the simple update.
pub(crate) async fn table(progress: Progress) -> Result<String, Error> {
    let costs = costs(REQUESTS, progress).await?;
    let simple = costs.first().map_or(1.0, |cost| cost.cpu);
    let mut table = String::from(
        "| Request | PostgreSQL's CPU, against the simple update | Statements | Buffers | WAL, bytes |\n|---|---|---|---|---|\n",
    );
    for Cost { endpoint, cpu, statements, buffers, wal } in &costs {
        let name = if *endpoint == SIMPLE_UPDATE { endpoint.to_string() } else { format!("`{endpoint}`") };
        table.push_str(&format!(
            "| {name} | {:.1} ({cpu:.2} ms here) | {statements:.0} | {buffers:.0} | {wal:.0} |\n",
            cpu / simple
        ));
    }
    Ok(table)
}

impl Bench {
    /// What pgbench calls a simple update (its manual: `-N`), prepared, by the pgbench that came with the server.
    async fn simple_update(&self) -> Result<Cost, Error> {
        let server = format!("/proc/{}/exe", self.postmaster);
        let server = fs::read_link(&server).map_err(Error::path(Path::new(&server)))?;
        let pgbench = server.with_file_name("pgbench");
        let url = self.stack.database_url();
        let run = async |words: &[&str]| {
            let mut command = Command::new(&pgbench);
            command.args(words).arg(&url).stdout(Stdio::null()).stderr(Stdio::null());
            let ended = tokio::task::spawn_blocking(move || command.status()).await;
            let status = ended.map_err(std::io::Error::other).flatten().map_err(Error::path(&pgbench))?;
            // What a backend has used is the server's once it has noticed that the backend is gone.
            sleep(TOLD_AFTER).await;
            if status.success() {
                Ok(())
            } else {
                Err(Error::Postgres(format!("pgbench ended with {status}")))
            }
        };
        let turns = TURNS.to_string();
        run(&["-i", "-q"]).await?;
        let before = self.read().await?;
        run(&["-N", "-n", "-M", "prepared", "-t", &turns]).await?;
        let after = self.read().await?;
        let count = TURNS as f64;
        Ok(Cost {
            endpoint: SIMPLE_UPDATE,
            cpu: (after.cpu - before.cpu) * 1000.0 / count,
            statements: (after.statements - before.statements) as f64 / count,
            buffers: (after.buffers - before.buffers) as f64 / count,
            wal: (after.wal - before.wal) as f64 / count,
        })
    }

    /// The same request again and again.
    async fn same(
        &self,
        endpoint: &'static str,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Cost, Error> {
        let turns = vec![(); self.requests + WARMING + 1];
        let work = async |()| self.call(method.clone(), path, token, body).await;
        Ok(self.each(endpoint, turns, work).await?.0)
    }

    /// One request for each thing: some to warm, those that count, and a last one, with which the backends tell.
    async fn each<T>(
        &self,
        endpoint: &'static str,
        things: Vec<T>,
        work: impl AsyncFn(T) -> Result<Value, Error>,
    ) -> Result<(Cost, Vec<Value>), Error> {
        let mut answers = Vec::with_capacity(things.len());
        let mut things = things.into_iter();
        for thing in things.by_ref().take(WARMING - 1) {
            answers.push(work(thing).await?);
        }
        sleep(TOLD_AFTER).await;
        for thing in things.by_ref().take(1) {
            answers.push(work(thing).await?);
        }
        let before = self.read().await?;
        for thing in things.by_ref().take(self.requests) {
            answers.push(work(thing).await?);
        }
        let cpu = self.cpu()?;
        sleep(TOLD_AFTER).await;
        for thing in things {
            answers.push(work(thing).await?);
        }
        let after = self.read().await?;
        let count = self.requests as f64;
        let cost = Cost {
            endpoint,
            cpu: (cpu - before.cpu) * 1000.0 / count,
            statements: (after.statements - before.statements) as f64 / (count + 1.0),
            buffers: (after.buffers - before.buffers) as f64 / (count + 1.0),
            wal: (after.wal - before.wal) as f64 / (count + 1.0),
        };
        Ok((cost, answers))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let url = format!("{}{path}", self.stack.base_url());
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let failed = |error: reqwest::Error| Error::Arguments(format!("{path}: {error}"));
        let mut answer: Value = request.send().await.map_err(failed)?.json().await.map_err(failed)?;
        if answer["success"] != true {
            return Err(Error::Arguments(format!("{path} answered {answer}")));
        }
        Ok(answer["data"].take())
    }

    /// The server's figures. Reading them is no statement on the wire.
    async fn read(&self) -> Result<Reading, Error> {
        let sql = "SELECT blks_hit + blks_read, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
                     FROM pg_stat_database WHERE datname = current_database()";
        // A snapshot of the figures may not be older than this.
        self.db.batch_execute("SELECT pg_stat_clear_snapshot()").await?;
        let row = self.db.query_one(sql, &[]).await?;
        let statements = self.stack.wire().total().statements;
        Ok(Reading { cpu: self.cpu()?, buffers: row.get(0), wal: row.get(1), statements })
    }

    /// Seconds of CPU that the server's backends have had, and those that have ended.
    fn cpu(&self) -> Result<f64, Error> {
        let mut ticks = stat(self.postmaster)?.of_children;
        for entry in fs::read_dir("/proc").map_err(Error::io("reading /proc"))? {
            let name = entry.map_err(Error::io("reading /proc"))?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that ends meanwhile is among the children that have ended at the next reading.
            if let Ok(stat) = stat(pid)
                && stat.parent == self.postmaster
                && is_backend(pid)
            {
                ticks += stat.own;
            }
        }
        Ok(ticks as f64 / TICKS)
    }
}

/// Whether a process serves a client; the others write behind, clean up, and wait.
fn is_backend(pid: u32) -> bool {
    let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    title.starts_with("postgres: society360")
}

struct Stat {
    parent: u32,
    /// Ticks of the process, and of those of its children that have ended.
    own: u64,
    of_children: u64,
}

/// Reads `/proc/<pid>/stat` (proc(5)).
fn stat(pid: u32) -> Result<Stat, Error> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(Error::path(Path::new(&path)))?;
    // The name may hold anything, and ends with the last bracket.
    let fields: Vec<&str> = text.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    let field =
        |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    Ok(Stat {
        parent: u32::try_from(field(1)).unwrap_or_default(),
        own: field(11) + field(12),
        of_children: field(13) + field(14),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
