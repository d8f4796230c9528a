//! Every function as it is deployed, under AWS's own Runtime Interface Emulator and against the local stores:
//! `cargo dev emulate`, after `cargo binaries`.
//!
//! Each release binary gets the environment that the local stack gives it, is started several times, serves its
//! sample events, and is told to end. How long it takes to start, what it needs and how large it is becomes a
//! table, and so does the function [`HELLO`], which does nothing with the same libraries.

mod emulated;
mod tool;

use std::{fmt::Display, fs, io::Write, path::Path, time::Duration};

use flate2::{Compression, write::DeflateEncoder};
use stack::{Progress, Seed, Stack, own_template};
use tokio::time::timeout;

use crate::{Error, samples};
use emulated::Emulated;

/// The crate of the function that others are compared with.
const HELLO: &str = "hello";
/// Starts of each function; the fastest one counts, since whatever else the machine does only adds to it.
const STARTS: usize = 7;
/// How long all starts and events of one function may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the start of the largest function may take, against that of [`HELLO`].
const MOST_INIT: f64 = 1.5;
/// Bytes that an archive to be uploaded may have.
const MOST_ZIPPED: usize = 6_000_000;
/// What a ZIP archive holds besides its one file `bootstrap`, in bytes: two headers with the name, and the end
/// (PKWARE, "ZIP File Format Specification", 4.3.6).
const ZIP_FRAME: usize = 30 + 46 + 22 + 2 * "bootstrap".len();

/// What was measured of one function.
pub(crate) struct Measured {
    name: String,
    bytes: usize,
    zipped: usize,
    /// From the start of the process to its first poll.
    init: Duration,
    /// The most memory it had, in kB; 0 where the system does not tell.
    peak_kb: u64,
    /// The sample events it served.
    events: usize,
}

/// Serves all sample events by the release binaries.
pub(crate) async fn measure(checkout: &Path, progress: Progress) -> Result<Vec<Measured>, Error> {
    let release = checkout.join("target").join("release");
    let functions = own_template()?.functions.into_iter().map(|function| function.name);
    let names: Vec<String> = functions.chain([HELLO.to_owned()]).collect();
    if let Some(missing) = names.iter().find(|name| !release.join(name).is_file()) {
        let build = "cargo binaries";
        return Err(Error::Failed(format!("target/release/{missing} is not there: run `{build}` first")));
    }
    progress.say("Looking for the emulator; .ci/tools installs it the first time, which takes minutes");
    let tool = tool::fetch(checkout).await?;
    let mut measured = Vec::new();
    for name in names {
        progress.say(format_args!("Starting {name} {STARTS} times and serving its events"));
        let binary = release.join(&name);
        let failed = |error: &dyn Display| Error::Lambda(format!("{name}: {error}"));
        let done = timeout(PATIENCE, one(&tool, &name, &binary)).await;
        measured.push(done.map_err(|late| failed(&late))?.map_err(|error| failed(&error))?);
    }
    Ok(measured)
}

async fn one(tool: &Path, name: &str, binary: &Path) -> Result<Measured, Error> {
    // Its own, since events of one function are still pushed while the next one serves: sample connections are gone.
    let stack = &Stack::builder().seed(Seed::Demo).start().await?;
    let file = fs::read(binary).map_err(Error::path(binary))?;
    let variables = stack.lambda().variables(name).cloned().unwrap_or_else(|| stack.variables());
    let mut inits = Vec::with_capacity(STARTS);
    for _ in 1..STARTS {
        inits.push(Emulated::start(tool, binary, &variables).await?.end().await?.init);
    }
    let emulated = Emulated::start(tool, binary, &variables).await?;
    let invoke = async |function: &str, event: String| {
        if function == name {
            emulated.invoke(event).await
        } else {
            samples::in_process(stack, function, event).await
        }
    };
    let mut events = 0;
    for event in samples::of(name) {
        samples::serve(stack, &invoke, &event).await?;
        events += 1;
    }
    let ended = emulated.end().await?;
    inits.push(ended.init);
    let init = inits.into_iter().min().unwrap_or_default();
    let zipped = zipped(&file).map_err(Error::path(binary))?;
    Ok(Measured { name: name.to_owned(), bytes: file.len(), zipped, init, peak_kb: ended.peak_kb, events })
}

/// How large an archive with this one file is.
fn zipped(file: &[u8]) -> Result<usize, std::io::Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file)?;
    Ok(encoder.finish()?.len() + ZIP_FRAME)
}

/// The functions as a table of Markdown; the start as a ratio to that of [`HELLO`], in the same run.
pub(crate) fn table(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| Function | MB | MB zipped | Init, against hello | Peak memory, MB | Sample events served |\n|---|---|---|---|---|---|\n",
    );
    let hello = hello(measured);
    for Measured { name, bytes, zipped, init, peak_kb, events } in measured {
        let (megabytes, zipped) = (*bytes as f64 / 1e6, *zipped as f64 / 1e6);
        let (ratio, milliseconds) = (init.as_secs_f64() / hello, init.as_secs_f64() * 1e3);
        let peak = *peak_kb as f64 / 1e3;
        table.push_str(&format!(
            "| {name} | {megabytes:.1} | {zipped:.1} | {ratio:.1} ({milliseconds:.0} ms here) | {peak:.0} | {events} |\n"
        ));
    }
    table
}

/// Whether every function keeps within the bounds.
pub(crate) fn check(measured: &[Measured]) -> Result<(), Error> {
    let hello = hello(measured);
    let functions = || measured.iter().filter(|one| one.name != HELLO);
    let mut broken: Vec<String> = functions()
        .filter(|one| one.zipped > MOST_ZIPPED)
        .map(|one| format!("{} is {} bytes zipped, more than {MOST_ZIPPED}", one.name, one.zipped))
        .collect();
    if let Some(largest) = functions().max_by_key(|one| one.bytes) {
        let ratio = largest.init.as_secs_f64() / hello;
        if ratio > MOST_INIT {
            broken.push(format!(
                "{} starts in {ratio:.2} of hello's time, more than {MOST_INIT}",
                largest.name
            ));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Error::Lambda(broken.join("; "))) }
}

/// Seconds that [`HELLO`] takes to start.
fn hello(measured: &[Measured]) -> f64 {
    measured.iter().find(|one| one.name == HELLO).map_or(f64::NAN, |one| one.init.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, bytes: usize, zipped: usize, init: u64) -> Measured {
        let init = Duration::from_millis(init);
        Measured { name: name.to_owned(), bytes, zipped, init, peak_kb: 9000, events: 2 }
    }

    #[test]
    fn what_is_too_large_or_slow_is_named() {
        let hello = || measured(HELLO, 9_000_000, 7_000_000, 10);
        assert!(check(&[measured("visits", 8, MOST_ZIPPED, 15), hello()]).is_ok());
        // A small function may take longer than the largest one.
        assert!(check(&[measured("visits", 8, 1, 15), measured("health", 1, 1, 16), hello()]).is_ok());
        let broken = [measured("visits", 8, 1, 16), measured("health", 1, MOST_ZIPPED + 1, 1), hello()];
        let said = check(&broken).unwrap_err().to_string();
        assert!(said.contains("visits starts in 1.60") && said.contains("health is 6000001"), "{said}");
    }

    #[test]
    fn a_start_is_compared_with_that_of_hello() {
        let table = table(&[measured("visits", 8_000_000, 3_100_000, 15), measured(HELLO, 1, 1, 10)]);
        assert!(table.contains("| visits | 8.0 | 3.1 | 1.5 (15 ms here) | 9 | 2 |"), "{table}");
    }
}
