//! One function under the emulator, from its start to its end.

use std::{
    collections::HashMap,
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::Error;

/// The emulator can only be asked whether it listens already.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long the emulator may take to listen, and the function for an event.
const PATIENCE: Duration = Duration::from_secs(20);
/// What Lambda gives a function with an internal extension for its end (Lambda developer guide, "Lambda execution
/// environment lifecycle", "Shutdown phase").
const FAREWELL: Duration = Duration::from_millis(500);
/// Runs the emulator until our pipe closes, be it that we are gone. The emulator ends the function.
const WATCHDOG: &str = r#""$@" </dev/null & read -r order; kill "$!" 2>/dev/null; wait"#;
/// Before the milliseconds of a start in the emulator's log. Its `Init Duration` ends before the function has begun.
const INIT: &str = "INIT REPORT(durationMs: ";
/// What the runtime says when its handler of SIGTERM is done. A function without one would end as well, but Lambda
/// would not tell it to.
const SAID_FAREWELL: &str = "[runtime] Graceful shutdown completed";

/// A function that has started.
pub(super) struct Emulated {
    /// The shell over the emulator.
    emulator: Child,
    /// All that the function and the emulator say.
    log: JoinHandle<(String, String)>,
    /// The function's process.
    process: u32,
    invoke: String,
    http: reqwest::Client,
}

/// What is known of a function once it has ended.
pub(super) struct Ended {
    /// From the start of the process to its first poll.
    pub(super) init: Duration,
    /// The most memory it had, in kB; 0 where the system does not tell.
    pub(super) peak_kb: u64,
}

impl Emulated {
    /// Starts the emulator, and the function with it, which happens at the first event. That one is no event of any
    /// function, and what comes of it does not matter.
    pub(super) async fn start(
        tool: &Path,
        binary: &Path,
        variables: &HashMap<String, String>,
    ) -> Result<Self, Error> {
        let [here, runtime] = free_ports()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHDOG, "emulator-watchdog"])
            .arg(tool)
            .args(["--runtime-interface-emulator-address", &here.to_string()])
            .args(["--runtime-api-address", &runtime.to_string()])
            // The function's LOG_LEVEL would be the emulator's, too.
            .args(["--log-level", "info"])
            .arg(binary)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut emulator = command.spawn().map_err(Error::path(tool))?;
        let (function, tool) = (read(emulator.stdout.take()), read(emulator.stderr.take()));
        let log = tokio::spawn(async { tokio::join!(function, tool) });
        let invoke = format!("http://{here}/2015-03-31/functions/function/invocations");
        let http = reqwest::Client::builder().timeout(PATIENCE).build().map_err(failed)?;
        let mut started = Self { emulator, log, process: 0, invoke, http };
        let listening = async {
            while tokio::net::TcpStream::connect(here).await.is_err() {
                sleep(LOOK_AGAIN).await;
            }
        };
        timeout(PATIENCE, listening).await.map_err(|_| failed("the emulator does not listen"))?;
        started.send("{}".to_owned()).await?;
        let function = started.emulator.id().and_then(child_of).and_then(child_of);
        started.process = function.ok_or_else(|| failed("the function has ended"))?;
        Ok(started)
    }

    /// Has the function serve an event.
    pub(super) async fn invoke(&self, event: String) -> Result<Value, Error> {
        let answer = self.send(event).await?;
        let answer: Value = serde_json::from_str(&answer).map_err(|_| failed(&answer))?;
        if answer.get("errorType").is_some() {
            return Err(failed(answer));
        }
        Ok(answer)
    }

    async fn send(&self, event: String) -> Result<String, Error> {
        let answer = self.http.post(&self.invoke).body(event).send().await.map_err(failed)?;
        answer.text().await.map_err(failed)
    }

    /// Tells the function to end, as Lambda does, and then the emulator.
    pub(super) async fn end(mut self) -> Result<Ended, Error> {
        let status = status(self.process);
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let peak_kb = peak.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        let told = Command::new("kill").arg(self.process.to_string()).status().await;
        told.map_err(Error::io("running kill"))?;
        let farewell = async {
            while is_alive(self.process) {
                sleep(LOOK_AGAIN).await;
            }
        };
        let ended = timeout(FAREWELL, farewell).await;
        drop(self.emulator.stdin.take());
        let gone = timeout(PATIENCE, self.emulator.wait()).await;
        gone.map_err(|_| failed("the emulator does not end"))?.map_err(Error::io("ending the emulator"))?;
        let (said, log) = self.log.await.map_err(failed)?;
        if ended.is_err() || !said.contains(SAID_FAREWELL) {
            return Err(failed(format!("it did not end as it should in {FAREWELL:?}:\n{said}{log}")));
        }
        let init: Option<f64> =
            log.split_once(INIT).and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
        let init = init.ok_or_else(|| failed(format!("nobody says how long the start took:\n{log}")))?;
        Ok(Ended { init: Duration::from_secs_f64(init * 1e-3), peak_kb })
    }
}

/// Everything until the end.
async fn read(output: Option<impl AsyncRead + Unpin>) -> String {
    let mut text = Vec::new();
    if let Some(mut output) = output {
        let _ = output.read_to_end(&mut text).await;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Two ports that are free now.
fn free_ports() -> Result<[SocketAddr; 2], Error> {
    let open = || TcpListener::bind("127.0.0.1:0").map_err(Error::io("looking for a free port"));
    let both = [open()?, open()?];
    let [one, other] =
        both.map(|listener| listener.local_addr().map_err(Error::io("looking for a free port")));
    Ok([one?, other?])
}

/// The process whose parent this is, by `/proc` (proc(5)).
fn child_of(parent: u32) -> Option<u32> {
    let line = format!("PPid:\t{parent}");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.find(|id| status(*id).lines().any(|other| other == line))
}

fn is_alive(process: u32) -> bool {
    status(process).lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn status(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default()
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Lambda(format!("under the emulator: {cause}"))
}
