//! Two hundred environments of a function against a database that takes a hundred connections of the functions':
//! directly, and through pgbouncer in transaction mode, which has to be on the `PATH` or named by `PGBOUNCER`.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use stack::Progress;
use tokio::{net::TcpStream, time::sleep};
use tokio_postgres::{Client, NoTls};

use super::{
    gate::{guard, resident, visitor},
    percentile,
    system::{Call, System, failed, read_answer},
};
use crate::Error;

/// Environments at once, and what the database takes.
const ENVIRONMENTS: usize = 200;
const CONNECTIONS: usize = 100;
/// Requests of each kind.
const REQUESTS: usize = 1000;
/// pgbouncer 1.21 is the first that carries prepared statements.
const OLDEST: (u32, u32) = (1, 21);
/// How long pgbouncer may take to listen.
const START: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// What a transaction of the functions' must not outlast, by their role.
const BOUNDS: [&str; 3] = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"];

/// What came of the requests of one kind.
pub(super) struct Run {
    way: &'static str,
    request: &'static str,
    /// How many were answered with each status.
    statuses: BTreeMap<u64, usize>,
    /// Times of those that succeeded, and of the others, from the shortest on.
    served: Vec<Duration>,
    refused: Vec<Duration>,
    rate: f64,
    /// Backends of the functions' at the end.
    backends: usize,
}

/// Measures both ways.
pub(super) async fn run(system: &System, progress: Progress) -> Result<Vec<Run>, Error> {
    let pgbouncer = find()?;
    let superuser = system.superuser().await?;
    let limit = |most: i64| format!("ALTER ROLE society360_lambda CONNECTION LIMIT {most}");
    superuser.batch_execute(&limit(i64::try_from(CONNECTIONS).unwrap_or(-1))).await?;
    let mut runs = Vec::new();
    progress.say(format_args!("{ENVIRONMENTS} environments, {CONNECTIONS} connections, directly"));
    runs.extend(both(system, "directly", &superuser).await?);

    progress.say(format_args!("{ENVIRONMENTS} environments, {CONNECTIONS} connections, through pgbouncer"));
    let pooler = Pooler::start(system, &pgbouncer).await?;
    system.fleet.recycle();
    // The watch of the schedule may hold one.
    while backends(&superuser).await? > CONNECTIONS / 10 {
        sleep(LOOK_AGAIN).await;
    }
    check_bounds(system, pooler.port).await?;
    system.connect_by(pooler.port)?;
    runs.extend(both(system, "through pgbouncer", &superuser).await?);
    system.connect_by(system.direct()?)?;
    superuser.batch_execute(&limit(-1)).await?;
    Ok(runs)
}

async fn both(system: &System, way: &'static str, superuser: &Client) -> Result<Vec<Run>, Error> {
    let mut reads = Vec::new();
    let mut writes = Vec::new();
    for place in 0..REQUESTS {
        reads.push(system.call(Method::GET, "/v1/visitors/pending", &resident(place), None).await?);
        writes.push(system.call(Method::POST, "/v1/visitors", &guard(place), Some(&visitor(place))).await?);
    }
    // All environments start here.
    system.send(ENVIRONMENTS, reads.clone()).await?;
    let mut runs = Vec::new();
    for (request, calls) in [("GET /v1/visitors/pending", reads), ("POST /v1/visitors", writes)] {
        runs.push(one(system, way, request, calls, superuser).await?);
    }
    Ok(runs)
}

async fn one(
    system: &System,
    way: &'static str,
    request: &'static str,
    calls: Vec<Call>,
    superuser: &Client,
) -> Result<Run, Error> {
    let number = calls.len() as f64;
    let (answers, elapsed) = system.send(ENVIRONMENTS, calls).await?;
    let mut run = Run {
        way,
        request,
        statuses: BTreeMap::new(),
        served: Vec::new(),
        refused: Vec::new(),
        rate: number / elapsed.as_secs_f64(),
        backends: 0,
    };
    for (answer, latency) in answers {
        let (status, _) = read_answer(&answer)?;
        *run.statuses.entry(status).or_default() += 1;
        if (200..300).contains(&status) { run.served.push(latency) } else { run.refused.push(latency) }
    }
    run.served.sort_unstable();
    run.refused.sort_unstable();
    run.backends = backends(superuser).await?;
    Ok(run)
}

/// Connections of the functions'.
async fn backends(superuser: &Client) -> Result<usize, Error> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'society360_lambda'";
    let number: i64 = superuser.query_one(sql, &[]).await?.try_get(0)?;
    Ok(usize::try_from(number).unwrap_or_default())
}

/// The bounds that the role has hold behind the pooler, too: they are said, and one ends a statement.
async fn check_bounds(system: &System, port: u16) -> Result<(), Error> {
    let connect = async |port: u16| {
        let (client, connection) = tokio_postgres::connect(&system.functions_url(port)?, NoTls).await?;
        tokio::spawn(connection);
        Ok::<_, Error>(client)
    };
    let (direct, pooled) = (connect(system.direct()?).await?, connect(port).await?);
    for bound in BOUNDS {
        let read = async |client: &Client| {
            client.query_one(&format!("SHOW {bound}"), &[]).await?.try_get::<_, String>(0)
        };
        let (own, behind) = (read(&direct).await?, read(&pooled).await?);
        if own != behind || own == "0" {
            return Err(failed(format!("{bound} is {own} directly, and {behind} behind the pooler")));
        }
    }
    match pooled.batch_execute("SELECT pg_sleep(30)").await {
        Err(error) if error.code().is_some_and(|code| code.code() == "57014") => Ok(()),
        other => Err(failed(format!("a statement of 30 s behind the pooler ended with {other:?}"))),
    }
}

/// A pgbouncer that ends when this is dropped.
struct Pooler {
    process: Child,
    port: u16,
}

impl Pooler {
    async fn start(system: &System, program: &PathBuf) -> Result<Self, Error> {
        let listener =
            std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("asking for a free port"))?;
        let port = listener.local_addr().map_err(Error::io("asking for a free port"))?.port();
        drop(listener);
        let url = url::Url::parse(&system.functions_url(port)?).map_err(failed)?;
        let directory = system.data().join("pgbouncer");
        fs::create_dir_all(&directory).map_err(Error::path(&directory))?;
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).map_err(Error::path(&path)).map(|()| path)
        };
        let user = format!("\"{}\" \"{}\"\n", url.username(), url.password().unwrap_or_default());
        let users = write("users.txt", &user)?;
        let file =
            write("pgbouncer.ini", &configuration(system.direct()?, port, &users.display().to_string()))?;
        let mut command = Command::new(program);
        command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            // It refuses root, and has to read its files.
            super::system::run("chmod", &["-R", "a+rX", &directory.display().to_string()])?;
            command.args(["-u", "nobody"]);
        }
        let process = command.spawn().map_err(Error::path(program))?;
        let pooler = Self { process, port };
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(START, listening).await.map_err(|_| failed("pgbouncer does not listen"))?;
        Ok(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What `docs/performance.md` says of it.
fn configuration(server: u16, port: u16, users: &str) -> String {
    format!(
        "[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
max_prepared_statements = 200
max_client_conn = 1000
default_pool_size = 20
"
    )
}

fn find() -> Result<PathBuf, Error> {
    let program = std::env::var_os("PGBOUNCER").map_or_else(|| PathBuf::from("pgbouncer"), PathBuf::from);
    let said = Command::new(&program).arg("--version").output();
    let said = said.map_err(|_| failed("there is no pgbouncer: install it, or name it in PGBOUNCER"))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    match version(&said) {
        Some(version) if version >= OLDEST => Ok(program),
        _ => Err(failed(format!("pgbouncer {}.{} or newer is needed: {said}", OLDEST.0, OLDEST.1))),
    }
}

/// Major and minor, from `PgBouncer 1.24.1`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The table.
pub(super) fn table(runs: &[Run]) -> String {
    let mut table = String::from(
        "| Way | Request | Succeeded | Other answers | Requests a second | Succeeded: p50, ms | p99, ms | Others: p50, ms | slowest, ms | Connections |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let milliseconds = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1000.0);
    for run in runs {
        let others: Vec<String> = run
            .statuses
            .iter()
            .filter(|(status, _)| !(200..300).contains(*status))
            .map(|(status, number)| format!("{number} × {status}"))
            .collect();
        let refused = |share: f64| match run.refused.is_empty() {
            true => String::new(),
            false => milliseconds(percentile(&run.refused, share)),
        };
        table.push_str(&format!(
            "| {} | `{}` | {} | {} | {:.0} | {} | {} | {} | {} | {} |\n",
            run.way,
            run.request,
            run.served.len(),
            if others.is_empty() { "none".to_owned() } else { others.join(", ") },
            run.rate,
            milliseconds(percentile(&run.served, 0.5)),
            milliseconds(percentile(&run.served, 0.99)),
            refused(0.5),
            refused(1.0),
            run.backends
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_that_knows_no_prepared_statements_is_told_from_one_that_does() {
        assert_eq!(version("PgBouncer 1.24.1\nlibevent 2.1"), Some((1, 24)));
        assert!(version("PgBouncer 1.18.0").unwrap() < OLDEST);
        assert_eq!(version("nothing"), None);
    }
}
