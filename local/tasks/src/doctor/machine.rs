//! Whether this machine has what building, running and testing need.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use futures_util::future::join_all;
use postgres::Data;
use shared::config::{Env, RateLimitConfig};
use stack::checkout;
use tokio::process::Command;
use tracing::level_filters::LevelFilter;

use super::Findings;
use crate::Error;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of what a program says; some list their libraries.
const WIDTH: usize = 60;
/// Below this PostgreSQL and the compiler fail soon, in kB.
const LEAST_DISK: u64 = 1_000_000;
/// What a build with its tests takes, with room for data, in kB.
const ENOUGH_DISK: u64 = 10_000_000;

/// What `cargo dev` would start with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The port of everything.
    pub port: u16,
    /// The directory of PostgreSQL's data.
    pub data: PathBuf,
}

/// A program that something here runs.
struct Tool {
    name: &'static str,
    /// An environment variable that names another program.
    variable: Option<&'static str>,
    /// Names on the path, or paths, also below the checkout; the first that runs counts.
    programs: &'static [&'static str],
    /// What makes it say its version.
    arguments: &'static [&'static str],
    /// The oldest version that will do.
    least: Option<&'static str>,
    /// Whether nothing goes without it.
    needed: bool,
    /// What it is for, and where it comes from.
    to_do: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        variable: Some("RUSTC"),
        least: Some(env!("CARGO_PKG_RUST_VERSION")),
        needed: true,
        ..Tool::new("Rust", &["rustc"], "install it from https://rustup.rs, or run `rustup update stable`")
    },
    Tool {
        variable: Some("CC"),
        needed: true,
        ..Tool::new(
            "C compiler",
            &["cc", "gcc", "clang"],
            "install one, for example with `apt install build-essential` or `xcode-select --install`",
        )
    },
    Tool::new("git", &["git"], "`cargo dev affected`, `cargo dev release` and deployments need it"),
    Tool::new("curl", &["curl"], "the README's examples need it, the system does not"),
    Tool {
        least: Some("20.11"),
        ..Tool::new(
            "Node.js",
            &["node"],
            "`cargo test` needs 20.11 or later for its real clients, `cargo dev` does not",
        )
    },
    Tool::new(
        "npm",
        &["npm"],
        "`cargo test` installs its real clients with it, `cargo dev` does not need it",
    ),
    // Elsewhere the tests bring their own.
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    Tool {
        variable: Some("CHROMIUM"),
        ..Tool::new(
            "Chromium",
            &[
                "chromium",
                "/Applications/Chromium.app/Contents/MacOS/Chromium",
                "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            ],
            "`cargo test` tries the page in it: install one, and name it in CHROMIUM",
        )
    },
    Tool {
        least: Some("3.10"),
        ..Tool::new(
            "Python",
            &["python3"],
            "`cargo test` (a real client), `.ci/tools` and `.ci/fuzz` need 3.10 or later, with venv",
        )
    },
    Tool {
        arguments: &["lambda", "--version"],
        ..Tool::new(
            "cargo-lambda",
            &["cargo-lambda", "target/lint/venv/bin/cargo-lambda"],
            "only deployments and `cargo dev --invoke` need it; `.ci/tools` installs it",
        )
    },
    Tool::new(
        "AWS SAM",
        &["sam", "target/lint/venv/bin/sam"],
        "only deployments and `.ci/lint-template` need it; `.ci/tools` installs it",
    ),
    Tool { least: Some("2"), ..Tool::new("AWS CLI", &["aws"], "only deployments need it, in version 2") },
];

impl Tool {
    const fn new(name: &'static str, programs: &'static [&'static str], to_do: &'static str) -> Self {
        let arguments = &["--version"];
        Self { name, variable: None, programs, arguments, least: None, needed: false, to_do }
    }

    /// The first line that it says of its version, where it is there.
    async fn ask(&self) -> Option<String> {
        let named = self.variable.and_then(env::var_os).map(PathBuf::from);
        let programs = named.into_iter().chain(self.programs.iter().map(|program| {
            if program.contains('/') { checkout().join(program) } else { PathBuf::from(program) }
        }));
        for program in programs {
            if let Some(said) = run(&program, self.arguments).await {
                let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
                return Some(line.chars().take(WIDTH).collect());
            }
        }
        None
    }

    fn judge(&self, said: Option<String>, findings: &mut Findings) {
        let found = match (said, self.least) {
            (None, _) => "not found".to_owned(),
            (Some(said), Some(least)) if version(&said) < version(least) => {
                format!("{said} is older than {least}")
            }
            (Some(said), _) => return findings.ok(self.name, said),
        };
        if self.needed {
            findings.wrong(self.name, found, self.to_do);
        } else {
            findings.warning(self.name, found, self.to_do);
        }
    }
}

impl Machine {
    pub(super) async fn find(&self, findings: &mut Findings) -> Result<(), Error> {
        for (tool, said) in TOOLS.iter().zip(join_all(TOOLS.iter().map(Tool::ask)).await) {
            tool.judge(said, findings);
        }
        self.postgres(findings).await?;
        disk(findings, &self.data).await;
        match stack::listen(self.port).await {
            Ok(_) => findings.ok("port", format_args!("{} is free", self.port)),
            Err(stack::Error::StackRuns(port)) => {
                findings.ok("port", format_args!("`cargo dev` is running on {port}"))
            }
            Err(stack::Error::PortTaken(port)) => findings.wrong(
                "port",
                format_args!("{port} is taken by another program"),
                "end that, or start with --port N, or with --port 0 for any free one",
            ),
            Err(error) => findings.wrong("port", error, "choose another one with --port"),
        }
        variables(findings, Env::process());
        Ok(())
    }

    /// The server's programs, and its data.
    async fn postgres(&self, findings: &mut Findings) -> Result<(), Error> {
        let prospect = match postgres::look(&self.data) {
            Ok(prospect) => prospect,
            Err(error) => {
                findings.wrong("PostgreSQL", error, "neither `cargo dev` nor `cargo test` can start it");
                return Ok(());
            }
        };
        match prospect.programs {
            Some((major, bin)) => findings.ok("PostgreSQL", format_args!("{major}, in {}", bin.display())),
            None => match postgres::try_fetching().await {
                Ok(version) => findings
                    .ok("PostgreSQL", format_args!("none is installed; the first start fetches {version}")),
                Err(reason) => findings.wrong(
                    "PostgreSQL",
                    format_args!("none is installed, and none can be fetched ({reason})"),
                    "install it, for example with `apt install postgresql` or `brew install postgresql@17`",
                ),
            },
        }
        let directory = prospect.directory.display();
        match prospect.data {
            Data::None => findings.ok("data", format_args!("none yet in {directory}")),
            Data::Of(version) => {
                findings.ok("data", format_args!("made by PostgreSQL {version}, in {directory}"))
            }
            Data::InUse => findings.ok(
                "data",
                format_args!("a running `cargo dev` uses {directory}; a second one needs --data DIR"),
            ),
            Data::Unusable(error) => findings.wrong("data", error, "`cargo dev` does not start with them"),
        }
        Ok(())
    }
}

/// What a program says, where it runs and succeeds.
async fn run(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(said)
}

async fn disk(findings: &mut Findings, data: &Path) {
    let there = data.ancestors().find(|path| fs::metadata(path).is_ok()).unwrap_or(Path::new("."));
    let said = match there.to_str() {
        Some(there) => run(Path::new("df"), &["-Pk", there]).await,
        None => None,
    };
    let Some(free) = said.as_deref().and_then(available) else {
        return findings.warning(
            "disk",
            "`df` does not say what is free",
            "a build with its tests takes 8 GB",
        );
    };
    let found = format!("{:.1} GB free", free as f64 / 1e6);
    match free {
        ..LEAST_DISK => findings.wrong("disk", found, "make room: PostgreSQL stops when the disk is full"),
        LEAST_DISK..ENOUGH_DISK => findings.warning("disk", found, "a build with its tests takes 8 GB"),
        ENOUGH_DISK.. => findings.ok("disk", found),
    }
}

/// The kilobytes that `df -Pk` calls available (POSIX, `df`: the fourth column of the second line).
fn available(said: &str) -> Option<u64> {
    said.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// The variables that `cargo dev` hands on to the functions.
fn variables(findings: &mut Findings, mut env: Env) {
    env.parsed("LOG_LEVEL", LevelFilter::WARN);
    RateLimitConfig::read(&mut env);
    match env.finish() {
        Ok(()) => findings
            .ok("variables", "LOG_LEVEL, RATE_LIMIT_MAX_REQUESTS and RATE_LIMIT_WINDOW_MS can be read"),
        Err(error) => findings.wrong("variables", error, "functions do not start with these; unset them"),
    }
}

/// From "rustc 1.95.0 (f2d3ce0bd 2026-03-21)" the 1 and the 95.
fn version(said: &str) -> Option<(u32, u32)> {
    let words = said.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let mut numbers = words.filter_map(|word| {
        let mut numbers = word.split('.');
        let major = numbers.next()?.parse().ok()?;
        Some((major, numbers.next().and_then(|minor| minor.parse().ok()).unwrap_or_default()))
    });
    numbers.next()
}

#[cfg(test)]
mod tests {
    use super::{super::tests::found, *};

    #[test]
    fn a_version_is_read_from_what_a_program_says() {
        assert_eq!(version("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), Some((1, 95)));
        assert_eq!(version("v18.19.1"), Some((18, 19)));
        assert_eq!(version("18"), Some((18, 0)));
        assert_eq!(version("cc: nothing"), None);
    }

    #[test]
    fn what_is_needed_is_wrong_and_the_rest_a_warning() {
        let rust = Tool { least: Some("1.95"), needed: true, ..Tool::new("Rust", &[], "install it") };
        let node = Tool { least: Some("18"), ..Tool::new("Node.js", &[], "only tests need it") };
        for (tool, said, expected, wrong) in [
            (&rust, Some("rustc 1.95.0"), "ok       Rust             rustc 1.95.0", 0),
            (
                &rust,
                Some("rustc 1.94.9"),
                "wrong    Rust             rustc 1.94.9 is older than 1.95; install it",
                1,
            ),
            (&rust, None, "wrong    Rust             not found; install it", 1),
            (&node, Some("v20.1.0"), "ok       Node.js          v20.1.0", 0),
            (
                &node,
                Some("v9.11.2"),
                "warning  Node.js          v9.11.2 is older than 18; only tests need it",
                0,
            ),
            (&node, None, "warning  Node.js          not found; only tests need it", 0),
        ] {
            let judged = found(|findings| tool.judge(said.map(str::to_owned), findings));
            assert_eq!(judged, (expected.to_owned(), wrong));
        }
    }

    #[test]
    fn free_space_is_read_from_df() {
        let said = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 264212084 40699592 54586296 43% /\n";
        assert_eq!(available(said), Some(54_586_296));
        assert_eq!(available("df: no such file"), None);
    }

    #[test]
    fn variables_that_functions_refuse_are_named() {
        let with = |name: &str, value: &str| Env::from_map([(name.to_owned(), value.to_owned())].into());
        assert_eq!(found(|findings| variables(findings, with("LOG_LEVEL", "debug"))).1, 0);
        for (name, value) in [("LOG_LEVEL", "loud"), ("RATE_LIMIT_MAX_REQUESTS", "many")] {
            let (said, wrong) = found(|findings| variables(findings, with(name, value)));
            assert!(wrong == 1 && said.contains(name), "{said}");
        }
    }
}
