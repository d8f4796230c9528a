//! A checkout's system as it is measured: its own local stack with its stores, beside it its release binaries.

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use gateway::http_event;
use reqwest::Method;
use serde_json::Value;
use stack::{Progress, faults::Faults, wire::Wire};
use template::Template;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};
use url::Url;
use uuid::Uuid;

use super::{
    cpu::{self, Server},
    fleet::{self, Fleet},
};
use crate::Error;

/// The functions that a system needs here.
const FUNCTIONS: [&str; 10] = [
    "devices",
    "dispatcher",
    "emergencies",
    "guards",
    "janitor",
    "profile",
    "realtime",
    "visitors",
    "visits",
    "local",
];
/// Runs the stack until our pipe closes, be it that we are gone.
const WATCHDOG: &str = r#""$@" </dev/null & read -r order; kill "$!" 2>/dev/null; wait"#;
/// How long a stack may take to start.
const START: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Nobody here is sent away for asking often.
const RATE_LIMIT: &str = "100000000";
/// Where requests come from.
const CLIENT: ([u8; 4], u16) = ([127, 0, 0, 1], 40_000);

/// One checkout's system.
pub(super) struct System {
    /// What it is called in tables.
    pub(super) name: &'static str,
    /// The commit of the checkout, and whether there are changes beyond it.
    pub(super) commit: String,
    /// Its functions.
    pub(super) fleet: Fleet,
    /// A connection of the owner's.
    pub(super) db: Client,
    /// Its PostgreSQL.
    pub(super) server: Server,
    /// What goes to its PostgreSQL while it is counted.
    pub(super) wire: Wire,
    pub(super) base_url: String,
    pub(super) websocket_url: String,
    pub(super) database_url: String,
    variables: HashMap<String, String>,
    template: Template,
    tokens: Mutex<HashMap<String, String>>,
    http: reqwest::Client,
    stack: Option<Child>,
    data: PathBuf,
}

/// A request that is ready to be sent.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) function: String,
    event: String,
}

/// What came of requests.
pub(super) struct Driven {
    /// `data` of each answer, in the order of the requests.
    pub(super) answers: Vec<Value>,
    /// How long each took, from the shortest on.
    pub(super) latencies: Vec<Duration>,
    /// How long all of them took.
    pub(super) elapsed: Duration,
}

impl System {
    /// Starts the system of a checkout whose release binaries are built.
    pub(super) async fn start(
        name: &'static str,
        checkout: &Path,
        progress: Progress,
    ) -> Result<Self, Error> {
        let release = checkout.join("target").join("release");
        fleet::check(&release, &FUNCTIONS)?;
        let fleet = Fleet::new(&release).await?;
        let data = std::env::temp_dir().join(format!("society360-bench-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&data).map_err(Error::path(&data))?;
        let ready = data.join("ready.json");
        let log = fs::File::create(data.join("log")).map_err(Error::path(&data))?;
        let again = log.try_clone().map_err(Error::path(&data))?;
        progress.say(format_args!("Starting the system {name}, of {}", checkout.display()));
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHDOG, "bench-watchdog"])
            .arg(release.join("local"))
            .args(["--port", "0", "--invoke", &fleet.base_url(), "--data"])
            .arg(&data)
            .arg("--ready-file")
            .arg(&ready)
            .env("RATE_LIMIT_MAX_REQUESTS", RATE_LIMIT)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(again);
        let stack = command.spawn().map_err(Error::io("starting a stack"))?;
        let mut stack = Started { stack: Some(stack), data: data.clone() };
        let began = Instant::now();
        while !ready.exists() {
            if began.elapsed() > START {
                let said = fs::read_to_string(data.join("log")).unwrap_or_default();
                return Err(Error::Failed(format!(
                    "the stack of {} does not start: {said}",
                    checkout.display()
                )));
            }
            sleep(LOOK_AGAIN).await;
        }
        let info: Value = serde_json::from_str(&read(&ready)?).map_err(|_| unreadable(&ready))?;
        let text = |field: &str| info[field].as_str().unwrap_or_default().to_owned();
        let database_url = text("database_url");
        let direct = port(&database_url)?;
        let variables = variables(&read(&data.join("functions.env"))?);

        let (db, connection) = tokio_postgres::connect(&database_url, NoTls).await?;
        tokio::spawn(connection);
        let backend: i32 = db.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
        let server = Server::of_backend(backend)?;
        let template = Template::parse(&read(&checkout.join("template.yaml"))?)?;
        let faults = Faults::new(template.functions.iter().map(|function| &*function.name));
        let wire = Wire::start(([127, 0, 0, 1], direct).into(), faults).await?;
        let system = Self {
            name,
            commit: commit(checkout),
            fleet,
            db,
            server,
            wire,
            base_url: text("base_url"),
            websocket_url: text("websocket_url"),
            database_url,
            variables,
            template,
            tokens: Mutex::default(),
            http: reqwest::Client::new(),
            stack: stack.stack.take(),
            data,
        };
        system.connect_by(direct)?;
        Ok(system)
    }

    /// Gives the running server more settings.
    pub(super) fn configure(&self, settings: &str) -> Result<(), Error> {
        let file = self.data.join("postgres").join("data").join("postgresql.auto.conf");
        let written = read(&file)? + settings;
        // Written in place: it stays the server's own.
        fs::write(&file, written).map_err(Error::path(&file))?;
        run("kill", &["-HUP", &self.server.postmaster().to_string()])
    }

    /// A connection of a superuser's.
    pub(super) async fn superuser(&self) -> Result<Client, Error> {
        let password = read(&self.data.join("postgres").join("password"))?;
        let mut config = self.database_url.parse::<tokio_postgres::Config>()?;
        config.user("postgres").password(password.trim());
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A place for files, which goes with the system.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The process of the stack, in which gateway and stores are.
    pub(super) fn stack_process(&self) -> Option<u32> {
        cpu::children(self.stack.as_ref()?.id()).first().copied()
    }

    /// Has functions reach PostgreSQL on this port from now on.
    pub(super) fn connect_by(&self, port: u16) -> Result<(), Error> {
        let mut variables = self.variables.clone();
        for name in ["DATABASE_URL", "OWNER_DATABASE_URL"] {
            if let Some(url) = variables.get_mut(name) {
                *url = with_port(url, port)?;
            }
        }
        self.fleet.configure(variables);
        Ok(())
    }

    /// PostgreSQL's own port.
    pub(super) fn direct(&self) -> Result<u16, Error> {
        port(&self.database_url)
    }

    /// The connection string of the functions, through this port.
    pub(super) fn functions_url(&self, port: u16) -> Result<String, Error> {
        with_port(self.variables.get("DATABASE_URL").map_or("", String::as_str), port)
    }

    /// A token that lasts as long as any measurement.
    pub(super) async fn token(&self, uid: &str) -> Result<String, Error> {
        if let Some(known) = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(uid) {
            return Ok(known.clone());
        }
        let url = format!("{}/_local/token?uid={uid}&ttl=86400", self.base_url);
        let answer: Value = self.http.get(url).send().await.map_err(failed)?.json().await.map_err(failed)?;
        let token = answer["token"].as_str().ok_or_else(|| failed(&answer))?.to_owned();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(uid.to_owned(), token.clone());
        Ok(token)
    }

    /// A request of somebody's, as the event that the gateway would make of it.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        uid: &str,
        body: Option<&Value>,
    ) -> Result<Call, Error> {
        let token = self.token(uid).await?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "*/*");
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(()).map_err(failed)?;
        let domain = self.base_url.trim_start_matches("http://");
        let (functions, client) = (&self.template.functions, SocketAddr::from(CLIENT));
        let event = http_event(functions, request, body.as_bytes(), client, domain);
        let (function, event) = event.ok_or_else(|| failed(format!("{path} has no route")))?;
        Ok(Call { function, event: event.to_string() })
    }

    /// Sends requests: so many callers, each with an environment of its own, take one after the other. All have to
    /// succeed.
    pub(super) async fn drive(&self, callers: usize, calls: Vec<Call>) -> Result<Driven, Error> {
        let (answers, elapsed) = self.send(callers, calls).await?;
        let mut latencies: Vec<_> = answers.iter().map(|(_, latency)| *latency).collect();
        latencies.sort_unstable();
        let answers = answers.iter().map(|(answer, _)| data(answer)).collect::<Result<_, _>>()?;
        Ok(Driven { answers, latencies, elapsed })
    }

    /// The same, whatever is answered: each answer, how long it took, and how long all of them took.
    pub(super) async fn send(
        &self,
        callers: usize,
        calls: Vec<Call>,
    ) -> Result<(Vec<(String, Duration)>, Duration), Error> {
        let waiting = Mutex::new(calls.into_iter().enumerate());
        let began = Instant::now();
        let callers = (0..callers).map(|_| async {
            let mut done = Vec::new();
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((place, call)) = next else { return Ok::<_, Error>(done) };
                let sent = Instant::now();
                let answer = self.fleet.invoke(&call.function, call.event).await?;
                done.push((place, (answer, sent.elapsed())));
            }
        });
        let mut done: Vec<_> = try_join_all(callers).await?.into_iter().flatten().collect();
        let elapsed = began.elapsed();
        done.sort_unstable_by_key(|(place, _)| *place);
        Ok((done.into_iter().map(|(_, answer)| answer).collect(), elapsed))
    }

    /// One request, for what is not measured.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        uid: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let driven = self.drive(1, vec![self.call(method, path, uid, body).await?]).await?;
        Ok(driven.answers.into_iter().next().unwrap_or_default())
    }
}

impl Drop for System {
    fn drop(&mut self) {
        drop(Started { stack: self.stack.take(), data: std::mem::take(&mut self.data) });
    }
}

/// A stack that ends, with its data, when this is dropped.
struct Started {
    stack: Option<Child>,
    data: PathBuf,
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut stack) = self.stack.take() {
            drop(stack.stdin.take());
            let _ = stack.wait();
            let _ = fs::remove_dir_all(&self.data);
        }
    }
}

/// `data` of a function's answer, which has to be a success.
fn data(answer: &str) -> Result<Value, Error> {
    let (status, mut body) = read_answer(answer)?;
    if (200..300).contains(&status) { Ok(body["data"].take()) } else { Err(failed(answer)) }
}

/// Status and body of a function's answer.
pub(super) fn read_answer(answer: &str) -> Result<(u64, Value), Error> {
    let response: Value = serde_json::from_str(answer).map_err(|_| failed(answer))?;
    let status = response["statusCode"].as_u64().ok_or_else(|| failed(answer))?;
    Ok((status, serde_json::from_str(response["body"].as_str().unwrap_or_default()).unwrap_or_default()))
}

/// Variables as `cargo lambda watch` reads them from a file: `NAME='value'` a line.
fn variables(file: &str) -> HashMap<String, String> {
    let line = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
    };
    file.lines().filter_map(line).collect()
}

fn port(url: &str) -> Result<u16, Error> {
    Url::parse(url).ok().and_then(|url| url.port()).ok_or_else(|| failed("a database without a port"))
}

fn with_port(url: &str, port: u16) -> Result<String, Error> {
    let mut parsed = Url::parse(url).map_err(failed)?;
    parsed.set_port(Some(port)).map_err(|()| failed("a database without a host"))?;
    Ok(parsed.to_string())
}

/// The commit of a checkout, for the reader.
fn commit(checkout: &Path) -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").arg("-C").arg(checkout).args(words).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=9", "HEAD"]).unwrap_or_else(|| "no commit".to_owned());
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    if changed { format!("{commit} with changes") } else { commit }
}

pub(super) fn run(program: &str, words: &[&str]) -> Result<(), Error> {
    let status =
        Command::new(program).args(words).status().map_err(Error::io(format!("running {program}")))?;
    if status.success() { Ok(()) } else { Err(Error::Failed(format!("{program} ended with {status}"))) }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::path(path))
}

fn unreadable(path: &Path) -> Error {
    failed(format!("{} cannot be read", path.display()))
}

pub(super) fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Failed(format!("bench: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_they_were_written() {
        let read = variables("A='1'\nB='{\"k\":\"a=b\\u000a\"}'\nno line\n");
        assert_eq!(read.len(), 2);
        assert_eq!((&*read["A"], &*read["B"]), ("1", "{\"k\":\"a=b\\u000a\"}"));
    }

    #[test]
    fn an_answer_that_is_no_success_is_an_error() {
        let answer = |status: u16| format!(r#"{{"statusCode": {status}, "body": "{{\"data\": [7]}}"}}"#);
        assert_eq!(data(&answer(201)).unwrap(), serde_json::json!([7]));
        assert!(data(&answer(409)).unwrap_err().to_string().contains("409"));
    }

    #[test]
    fn a_database_is_reached_by_another_port() {
        let url = with_port("postgres://u:p@127.0.0.1:5432/d?sslmode=disable", 6432).unwrap();
        assert_eq!(url, "postgres://u:p@127.0.0.1:6432/d?sslmode=disable");
        assert_eq!(port(&url).unwrap(), 6432);
    }
}
