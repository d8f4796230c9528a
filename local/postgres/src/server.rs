//! The server's process, under a shell that ends it when we end.

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Error,
    install::Installation,
    place::{Place, in_use},
};

/// How long the server may take to start; recovery after a power cut is part of it.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// `postmaster.pid` can only be looked at, not waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Runs the server ($3...) with its log in the directory $1 until an order comes. `now` is a power cut,
/// `end` an orderly stop; when the pipe closes without an order we are gone, and a directory that is
/// temporary ($2) goes too. That the server has ended, the file `stopped-<our pid>` tells the parent.
const WATCHDOG: &str = r#"
base=$1 temporary=$2 stopped=$1/stopped-$$
shift 2
exec 3<&0
"$@" 3<&- </dev/null >>"$base/log" 2>&1 &
server=$!
(
    read -r order <&3
    if ! [ -e "$stopped" ]; then
        case $order in
            now) kill -QUIT "$server" ;;
            *) kill -INT "$server" ;;
        esac
    fi
    [ -z "$order" ]
) &
orders=$!
wait "$server"
: >"$stopped"
wait "$orders" && [ -n "$temporary" ] && exec rm -rf -- "$base"
rm -f -- "$stopped"
"#;

/// How the server is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// All connections are closed, the data are written.
    Orderly,
    /// Nothing is written any more.
    Immediately,
    /// As [`Stop::Orderly`], and a temporary directory is removed.
    ForGood,
}

/// Why the server did not start.
pub(super) enum Failure {
    /// Another program took the port first.
    PortTaken,
    /// Anything else.
    Other(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::PortTaken => Self::Postgres("its port has been taken by another program".to_owned()),
            Failure::Other(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The shell and the server under it.
#[derive(Debug)]
pub(super) struct Running {
    shell: Child,
    orders: ChildStdin,
}

impl Running {
    /// Starts the server and waits until it takes connections.
    pub(super) fn start(installation: &Installation, place: &Place, port: u16) -> Result<Self, Failure> {
        // A file of a server that was killed says "ready" too.
        let before = fs::read_to_string(place.data().join("postmaster.pid")).unwrap_or_default();
        fs::write(place.log(), "").map_err(Error::path(place.log()))?;
        place.account().owns(&place.log())?;
        let mut shell = spawn(installation, place, port).map_err(Error::io("starting the server"))?;
        let Some(orders) = shell.stdin.take() else {
            return Err(Error::Postgres("the shell has no input".to_owned()).into());
        };
        let stopped = place.base().join(format!("stopped-{}", shell.id()));
        let running = Self { shell, orders };
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            let now = fs::read_to_string(place.data().join("postmaster.pid")).unwrap_or_default();
            if now != before && is_ready(&now, port) {
                return Ok(running);
            }
            if stopped.exists() {
                running.stop(Stop::Orderly)?;
                return Err(reason(&fs::read_to_string(place.log()).unwrap_or_default(), place));
            }
            thread::sleep(LOOK_AGAIN);
        }
        running.stop(Stop::Immediately)?;
        Err(Error::Postgres(format!("it was not ready in {START_TIMEOUT:?}; see {}", place.log().display()))
            .into())
    }

    /// Stops the server and waits until it is gone.
    pub(super) fn stop(mut self, how: Stop) -> Result<(), Error> {
        let told = match how {
            Stop::Orderly => self.orders.write_all(b"end\n"),
            Stop::Immediately => self.orders.write_all(b"now\n"),
            Stop::ForGood => Ok(()),
        };
        drop(self.orders);
        self.shell.wait().map_err(Error::io("waiting for the server to stop"))?;
        told.map_err(Error::io("telling the server to stop"))
    }
}

fn spawn(installation: &Installation, place: &Place, port: u16) -> std::io::Result<Child> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        "timezone=UTC".to_owned(),
        "max_connections=500".to_owned(),
    ];
    if place.is_temporary() {
        // Nobody reads these data after a crash.
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(WATCHDOG).arg("postgres-watchdog").arg(place.base());
    command.arg(if place.is_temporary() { "temporary" } else { "" });
    command.arg(installation.program("postgres")).arg("-D").arg(place.data());
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    command
        // The log is read for what went wrong.
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C at the terminal is for us; the server stops when we say so.
        .process_group(0);
    place.account().applied_to(&mut command).spawn()
}

/// `postmaster.pid`: the port is line 4, the status line 8 (PostgreSQL source, `pidfile.h`).
fn is_ready(pid_file: &str, port: u16) -> bool {
    let line = |number: usize| pid_file.lines().nth(number - 1).map(str::trim);
    line(4) == Some(port.to_string().as_str()) && line(8) == Some("ready")
}

/// Why a server has stopped that was just started.
fn reason(log: &str, place: &Place) -> Failure {
    if log.contains("Address already in use") {
        return Failure::PortTaken;
    }
    if log.contains("lock file \"postmaster.pid\" already exists") {
        return in_use(place.base()).into();
    }
    let line = log.lines().find(|line| line.contains("FATAL:")).or(log.lines().last()).unwrap_or_default();
    Error::Postgres(format!("it does not start: {line}")).into()
}
