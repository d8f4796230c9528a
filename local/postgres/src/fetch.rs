//! Fetches PostgreSQL for a machine that has none.
//!
//! The archives are those of theseus-rs/postgresql-binaries, which the embedded-Postgres crates use
//! too; those crates would add a second HTTP client and some hundred others to every build, for a
//! step that most machines never take. Each archive has its SHA-256 beside it. They are unpacked
//! beside their final place and moved there, so that a broken download is never taken for a server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use sha2::{Digest, Sha256};

use crate::{Progress, account::Account, place};

/// What is fetched.
pub(super) const VERSION: &str = "16.4.0";
const HOST: &str = "github.com";
const RELEASES: &str = "https://github.com/theseus-rs/postgresql-binaries/releases/download";
/// GitHub redirects to its storage, once.
const MAX_REDIRECTS: u32 = 4;
/// How long the way there may take to answer.
const REACH: Duration = Duration::from_secs(5);
const SAY_AGAIN: Duration = Duration::from_secs(2);

type Reason = String;

/// The directory of the programs, where they have been fetched before.
pub(super) fn fetched() -> Result<Option<PathBuf>, Reason> {
    let bin = home()?.join("bin");
    Ok(bin.join("postgres").is_file().then_some(bin))
}

/// Whether they can be fetched: there are some for this machine, and the way there is open.
pub(super) async fn try_reach() -> Result<(), Reason> {
    let name = format!("postgresql-{VERSION}-{}", target()?);
    Command::new("tar").arg("--version").output().map_err(|error| format!("tar cannot be run: {error}"))?;
    let url = format!("{RELEASES}/{VERSION}/{name}.tar.gz.sha256");
    let reaching = tokio::time::timeout(REACH, get(&url, Progress::default()));
    reaching.await.map_err(|_| format!("{HOST} does not answer"))?.map(drop)
}

/// Fetches the programs unless they have been fetched before. Answers the directory they are in.
pub(super) fn fetch(progress: Progress) -> Result<PathBuf, Reason> {
    if let Some(bin) = fetched()? {
        return Ok(bin);
    }
    fs::create_dir_all(downloads()).map_err(|error| error.to_string())?;
    let home = home()?;
    let name = format!("postgresql-{VERSION}-{}", target()?);
    progress.say(format_args!("No PostgreSQL is installed: fetching {VERSION} from {HOST}, once"));
    let archive = download(&name, progress)?;
    let beside = home.with_extension(format!("part-{}", std::process::id()));
    fs::create_dir_all(&beside).map_err(|error| error.to_string())?;
    let unpacked = unpack(&archive, &beside).and_then(|()| {
        let _ = fs::remove_dir_all(&home);
        fs::rename(beside.join(&name), &home).map_err(|error| error.to_string())
    });
    let _ = fs::remove_dir_all(&beside);
    unpacked.map(|()| home.join("bin"))
}

fn home() -> Result<PathBuf, Reason> {
    let account = Account::choose().map_err(|error| error.to_string())?;
    let wanted = downloads().join(format!("postgresql-{VERSION}"));
    Ok(place::reachable(account, &wanted))
}

/// In the checkout this was built from.
fn downloads() -> PathBuf {
    let checkout =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).filter(|checkout| checkout.is_dir());
    checkout.unwrap_or(Path::new(".")).join("target/local")
}

/// The Rust target the archives are named after.
fn target() -> Result<&'static str, Reason> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("x86_64-unknown-linux-gnu"),
        ("linux", "aarch64") => Ok("aarch64-unknown-linux-gnu"),
        ("macos", "x86_64") => Ok("x86_64-apple-darwin"),
        ("macos", "aarch64") => Ok("aarch64-apple-darwin"),
        (os, processor) => Err(format!("there is no archive for {os} on {processor}")),
    }
}

fn download(name: &str, progress: Progress) -> Result<Bytes, Reason> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let url = format!("{RELEASES}/{VERSION}/{name}.tar.gz");
        let said = get(&format!("{url}.sha256"), Progress::default()).await?;
        let expected =
            String::from_utf8_lossy(&said).split_whitespace().next().unwrap_or_default().to_lowercase();
        let archive = get(&url, progress).await?;
        let actual: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
        if actual == expected { Ok(archive) } else { Err(format!("{url} is not what its checksum says")) }
    })
}

async fn get(url: &str, progress: Progress) -> Result<Bytes, Reason> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(provider)
        .map_err(|error| error.to_string())?
        .https_only()
        .enable_http1()
        .build();
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
    let mut url = url.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        let uri = url.parse().map_err(|_| format!("{url} is not an address"))?;
        let answer = client.get(uri).await.map_err(|error| cause(&error))?;
        let status = answer.status();
        if status.is_redirection() {
            let location = answer.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
            url = location.ok_or("a redirect led nowhere")?.to_owned();
        } else if status.is_success() {
            return read(answer.into_body(), progress).await;
        } else {
            return Err(format!("{url} answered {status}"));
        }
    }
    Err(format!("{url} redirects without end"))
}

/// The whole body; how far it is, is said from time to time.
async fn read<B>(mut body: B, progress: Progress) -> Result<Bytes, Reason>
where
    B: Body<Data = Bytes, Error: std::error::Error + 'static> + Unpin,
{
    let whole = body.size_hint().exact().map(|whole| format!(" of {}", megabytes(whole))).unwrap_or_default();
    let (mut bytes, mut said) = (Vec::new(), Instant::now());
    while let Some(frame) = body.frame().await {
        bytes.extend(frame.map_err(|error| cause(&error))?.into_data().unwrap_or_default());
        if said.elapsed() >= SAY_AGAIN {
            said = Instant::now();
            progress.say(format_args!("  {}{whole}", megabytes(bytes.len() as u64)));
        }
    }
    Ok(bytes.into())
}

/// What an error comes from in the end.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| (*error).source()).last().unwrap_or(error).to_string()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn unpack(archive: &[u8], directory: &Path) -> Result<(), Reason> {
    let file = directory.join("archive.tar.gz");
    fs::write(&file, archive).map_err(|error| error.to_string())?;
    let status = Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(directory).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("tar failed: {status}")),
        Err(error) => Err(format!("tar cannot be run: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_end() {
        let parts = ["one ", "", "two"].map(|part| Ok::<_, std::io::Error>(Frame::data(Bytes::from(part))));
        let body = StreamBody::new(futures_util::stream::iter(parts));
        assert_eq!(read(body, Progress::default()).await.unwrap(), "one two");
        assert_eq!(read(Full::from("all"), Progress::default()).await.unwrap(), "all");
        let broken = [Ok(Frame::data(Bytes::from("one"))), Err(std::io::Error::other("cut off"))];
        let body = StreamBody::new(futures_util::stream::iter(broken));
        assert_eq!(read(body, Progress::default()).await.unwrap_err(), "cut off");
    }
}
