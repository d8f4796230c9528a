//! How large the release binaries are and how long they take from their start to their first poll of
//! the Lambda runtime, with connection and keys opened on the way: `cargo dev artefacts`, after
//! `cargo build --release --workspace --exclude local`.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{io::AsyncReadExt, net::TcpListener, time::timeout};

use crate::{Error, Seed, Stack, template::Template};

/// Starts of each binary; the middle one counts.
const STARTS: usize = 7;
/// Lambda ends an initialisation after 10 s (Lambda developer guide, "Lambda execution environment").
const PATIENCE: Duration = Duration::from_secs(10);

/// One binary.
#[derive(Debug)]
pub struct Artefact {
    /// The function's name.
    pub name: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// From the start of the process to its first poll.
    pub start: Duration,
    /// The most memory it had by then, in kB; 0 where the system does not tell.
    pub peak_kb: u64,
}

/// Starts every release binary of the template against a local stack.
pub async fn measure(checkout: &Path) -> Result<Vec<Artefact>, Error> {
    let stack = Stack::builder().seed(Seed::Demo).start().await?;
    let mut artefacts = Vec::new();
    for function in Template::embedded()?.functions {
        let path = checkout.join("target").join("release").join(&function.name);
        let bytes = fs::metadata(&path).map_err(Error::path(&path))?.len();
        let mut starts = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            starts.push(start_once(&path, &stack).await?);
        }
        starts.sort_by_key(|(start, _)| *start);
        let (start, peak_kb) = starts.get(STARTS / 2).copied().unwrap_or_default();
        artefacts.push(Artefact { name: function.name, bytes, start, peak_kb });
    }
    Ok(artefacts)
}

/// The binaries as a table of Markdown; the start as a ratio to that of the smallest one, in the same run.
pub fn table(artefacts: &[Artefact]) -> String {
    let base = artefacts.iter().min_by_key(|artefact| artefact.bytes).map_or(1.0, |a| a.start.as_secs_f64());
    let mut table = String::from(
        "| Function | MB | Start to first poll, against the smallest | Peak memory, MB |\n|---|---|---|---|\n",
    );
    for Artefact { name, bytes, start, peak_kb } in artefacts {
        let megabytes = *bytes as f64 / 1e6;
        let ratio = start.as_secs_f64() / base;
        let (milliseconds, peak) = (start.as_secs_f64() * 1e3, *peak_kb as f64 / 1e3);
        table.push_str(&format!(
            "| {name} | {megabytes:.1} | {ratio:.1} ({milliseconds:.0} ms here) | {peak:.0} |\n"
        ));
    }
    table
}

async fn start_once(path: &Path, stack: &Stack) -> Result<(Duration, u64), Error> {
    let runtime = TcpListener::bind("127.0.0.1:0").await.map_err(Error::io("opening a port"))?;
    let address = runtime.local_addr().map_err(Error::io("opening a port"))?;
    let began = Instant::now();
    let mut child = Killed(
        Command::new(path)
            .envs(stack.variables())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::path(path))?,
    );
    let polled = async {
        let (mut connection, _) = runtime.accept().await?;
        let mut first = [0; 1];
        connection.read_exact(&mut first).await?;
        Ok(connection)
    };
    // Held until the memory is read: a runtime that hangs up would end the function.
    let _runtime = match timeout(PATIENCE, polled).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(source)) => return Err(Error::Io { what: "waiting for a poll".to_owned(), source }),
        Err(_) => return Err(Error::Lambda(format!("{} did not poll in {PATIENCE:?}", path.display()))),
    };
    let start = began.elapsed();
    let peak = peak_memory(child.0.id());
    child.end();
    Ok((start, peak))
}

/// `VmHWM` of `/proc/<pid>/status` (proc(5)).
fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// A child that does not outlive its measurement.
struct Killed(Child);

impl Killed {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.end();
    }
}
