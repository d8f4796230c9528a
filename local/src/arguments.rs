//! The command line of `cargo dev`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use lexopt::{Arg, Parser, ValueExt};
use local::{
    Error, Seed,
    audit::{Audit, Task},
    bench::Bench,
    default_data_directory,
    doctor::{Deployed, Machine},
    epochs::Renewal,
    trace::Trace,
};

/// What `--help` says.
pub const HELP: &str = "\
The whole of Society360 on this machine: PostgreSQL, DynamoDB, both APIs, all functions, a token issuer.

Usage: cargo dev [OPTIONS]
       cargo dev doctor [--port N] [--data DIR]
                           whether this machine has what is needed, and what to do where it has not
       cargo dev doctor --url https://… [--websocket wss://…]
                           whether a deployed stack answers as it should; with an ID token in SOCIETY360_TOKEN
                           also to a signed-in user
       cargo dev measure   counts round trips, into docs/performance.md
       cargo dev bench [--against DIR] [--rounds N]
                           measures what requests cost with target/release, into docs/performance.md; in turn with
                           another checkout, where one is named
       cargo dev bench --budget
                           writes what can be counted of every endpoint's cost into local/budgets.json
       cargo dev bench --growth VISITS
                           what requests cost after 10,000 visits, 1,000,000 and 10,000,000, up to that many
       cargo dev bench --environments
                           200 environments against 100 connections, directly and through pgbouncer
       cargo dev bench --soak MINUTES
                           500 sockets and steady visits: what is held, what was lost
       cargo dev emulate   serves all sample events with target/release under AWS's emulator; sizes and starts
                           into docs/performance.md
       cargo dev explain   shows how lists are read from a million visits, into docs/performance.md
       cargo dev rings     what the dispatcher is used for while visitors come, into docs/performance.md
       cargo dev stuck     what a room that is held for 45 s does to others, into docs/performance.md
       cargo dev openapi   writes the API reference and the Postman collection into docs/
       cargo dev events    writes a sample event of every route into events/
       cargo dev audit verify [--society ID [--anchor NUMBER:HASH]] [--port N | --database URL]
                           whether the audit is as it was written: every chain of it, or a society's
       cargo dev audit export --society ID [--port N | --database URL]
                           the audit of a society as JSON lines
       cargo dev trace VISITOR [--port N | --database URL]
                           what became of a visitor, in order: who did what, which events and messages it made, and
                           when they arrived, with the request ids that find the lines of the logs
       cargo dev renew-epochs [--port N | --database URL]
                           after a restore: no client is told any more that it has missed nothing since before
       cargo dev affected --base REV
                           which functions a change since REV affects, as JSON
       cargo dev release --base REV --deployed FILE
                           template.yaml, keeping what a change since REV leaves alone as it is in FILE

  --port N               port of everything (3000; 0 is any free one)
  --data DIR             where data are kept (target/local)
  --fresh                begin with no data
  --seed demo|none       what a new database holds (demo)
  --ready-file PATH      written once all is up, with the JSON of /_local/info
  --invoke URL           call functions there (cargo lambda watch, sam local start-lambda), whose variables are
                         written into functions.env beside the data
  --firebase-project ID  accept the tokens of a real Firebase project
  --help                 this text

LOG_LEVEL (warn), RATE_LIMIT_MAX_REQUESTS (100000) and RATE_LIMIT_WINDOW_MS are handed on to the functions.";

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    pub port: u16,
    pub data: PathBuf,
    pub fresh: bool,
    pub seed: Seed,
    pub ready_file: Option<PathBuf>,
    pub invoke: Option<String>,
    pub firebase_project: Option<String>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            port: 3000,
            data: default_data_directory(),
            fresh: false,
            seed: Seed::Demo,
            ready_file: None,
            invoke: None,
            firebase_project: None,
        }
    }
}

/// Where PostgreSQL's data are below the directory of all.
fn postgres_data(data: &Path) -> PathBuf {
    data.join("postgres")
}

impl Arguments {
    /// Where PostgreSQL's data are.
    pub fn postgres_data(&self) -> PathBuf {
        postgres_data(&self.data)
    }

    /// Where the variables are written that functions need which run elsewhere.
    pub fn functions_file(&self) -> PathBuf {
        self.data.join("functions.env")
    }

    /// Reads the command line; `None` asks for help.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Option<Self>, Error> {
        let mut arguments = Self::default();
        let mut parser = Parser::from_args(words);
        let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
        while let Some(argument) = parser.next().map_err(wrong)? {
            match argument {
                Arg::Long("port") => {
                    arguments.port = parser.value().and_then(|value| value.parse()).map_err(wrong)?
                }
                Arg::Long("data") => arguments.data = parser.value().map_err(wrong)?.into(),
                Arg::Long("fresh") => arguments.fresh = true,
                Arg::Long("seed") => {
                    arguments.seed = match parser.value().map_err(wrong)?.to_str() {
                        Some("demo") => Seed::Demo,
                        Some("none") => Seed::None,
                        _ => return Err(Error::Arguments("--seed is demo or none".to_owned())),
                    }
                }
                Arg::Long("ready-file") => arguments.ready_file = Some(parser.value().map_err(wrong)?.into()),
                Arg::Long("invoke") => {
                    let endpoint = parser.value().and_then(|value| value.string()).map_err(wrong)?;
                    if !endpoint.starts_with("http://") {
                        let text = "--invoke is the http:// address of an Invoke endpoint, such as http://localhost:9000";
                        return Err(Error::Arguments(text.to_owned()));
                    }
                    arguments.invoke = Some(endpoint);
                }
                Arg::Long("firebase-project") => {
                    arguments.firebase_project =
                        Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
                }
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
            }
        }
        Ok(Some(arguments))
    }
}

/// What the checkout is compared with.
#[derive(Debug, PartialEq, Eq)]
pub struct Compared {
    /// The revision.
    pub base: String,
    /// The template that is deployed.
    pub deployed: Option<PathBuf>,
}

impl Compared {
    /// Reads the command line of `affected` and `release`.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut parser = Parser::from_args(words);
        let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
        let (mut base, mut deployed) = (None, None);
        while let Some(argument) = parser.next().map_err(wrong)? {
            match argument {
                Arg::Long("base") => {
                    base = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?)
                }
                Arg::Long("deployed") => deployed = Some(parser.value().map_err(wrong)?.into()),
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
            }
        }
        let base = base.ok_or_else(|| Error::Arguments("--base REV is missing".to_owned()))?;
        Ok(Self { base, deployed })
    }
}

/// Reads the command line of `audit`.
pub fn audit(words: impl Iterator<Item = OsString>) -> Result<Audit, Error> {
    let mut parser = Parser::from_args(words);
    let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
    let (mut command, mut chain, mut anchor, mut database) = (None, None, None, None);
    let mut port = Arguments::default().port;
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Arg::Value(word) if command.is_none() => command = Some(word),
            Arg::Long("society") => {
                chain = Some(parser.value().and_then(|value| value.parse()).map_err(wrong)?)
            }
            Arg::Long("anchor") => {
                let text = parser.value().and_then(|value| value.string()).map_err(wrong)?;
                let read = admin::Anchor::parse(&text);
                anchor = Some(read.ok_or_else(|| Error::Arguments("--anchor is NUMBER:HASH".to_owned()))?);
            }
            Arg::Long("port") => port = parser.value().and_then(|value| value.parse()).map_err(wrong)?,
            Arg::Long("database") => {
                database = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
            }
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
        }
    }
    let refused = |text: &str| Err(Error::Arguments(text.to_owned()));
    let task = match command.as_ref().and_then(|word| word.to_str()) {
        Some("verify") if anchor.is_some() && chain.is_none() => return refused("--anchor needs --society"),
        Some("verify") => Task::Verify { anchor },
        Some("export") if chain.is_none() => return refused("audit export needs --society ID"),
        Some("export") if anchor.is_some() => return refused("--anchor belongs to audit verify"),
        Some("export") => Task::Export,
        _ => return refused("audit is verify or export; see cargo dev --help"),
    };
    Ok(Audit { task, chain, port, database })
}

/// What `bench` is to measure.
#[derive(Debug, PartialEq, Eq)]
pub enum Measured {
    Requests(Bench),
    Budget,
    /// With no more visits than that.
    Growth(usize),
    Environments,
    /// For so many minutes.
    Soak(u64),
}

/// Reads the command line of `bench`.
pub fn bench(words: impl Iterator<Item = OsString>) -> Result<Measured, Error> {
    let mut parser = Parser::from_args(words);
    let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
    let (mut bench, mut other) = (Bench::default(), None);
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Arg::Long("against") => bench.against = Some(parser.value().map_err(wrong)?.into()),
            Arg::Long("rounds") => {
                bench.rounds = parser.value().and_then(|value| value.parse()).map_err(wrong)?;
                if bench.rounds == 0 {
                    return Err(Error::Arguments("--rounds is 1 or more".to_owned()));
                }
            }
            Arg::Long(name @ ("budget" | "growth" | "environments" | "soak")) if other.is_none() => {
                other = Some(match name {
                    "budget" => Measured::Budget,
                    "environments" => Measured::Environments,
                    "growth" => {
                        Measured::Growth(parser.value().and_then(|value| value.parse()).map_err(wrong)?)
                    }
                    _ => Measured::Soak(parser.value().and_then(|value| value.parse()).map_err(wrong)?),
                });
            }
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
        }
    }
    match other {
        None => Ok(Measured::Requests(bench)),
        Some(other) if bench == Bench::default() => Ok(other),
        Some(_) => {
            Err(Error::Arguments("bench measures one thing at a time; see cargo dev --help".to_owned()))
        }
    }
}

/// Reads the command line of `renew-epochs`.
pub fn renewal(words: impl Iterator<Item = OsString>) -> Result<Renewal, Error> {
    let mut parser = Parser::from_args(words);
    let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
    let mut renewal = Renewal { port: Arguments::default().port, database: None };
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Arg::Long("port") => {
                renewal.port = parser.value().and_then(|value| value.parse()).map_err(wrong)?
            }
            Arg::Long("database") => {
                renewal.database = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
            }
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
        }
    }
    Ok(renewal)
}

/// Reads the command line of `trace`.
pub fn trace(words: impl Iterator<Item = OsString>) -> Result<Trace, Error> {
    let mut parser = Parser::from_args(words);
    let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
    let (mut visitor, mut port, mut database) = (None, Arguments::default().port, None);
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Arg::Value(word) if visitor.is_none() => visitor = Some(word.parse().map_err(wrong)?),
            Arg::Long("port") => port = parser.value().and_then(|value| value.parse()).map_err(wrong)?,
            Arg::Long("database") => {
                database = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
            }
            Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
        }
    }
    let visitor = visitor.ok_or_else(|| Error::Arguments("trace needs the id of a visitor".to_owned()))?;
    Ok(Trace { visitor, port, database })
}

/// What the doctor is to examine.
#[derive(Debug, PartialEq, Eq)]
pub enum Patient {
    Machine(Machine),
    Deployed(Deployed),
}

impl Patient {
    /// Reads the command line of `doctor`.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut parser = Parser::from_args(words);
        let wrong = |error: lexopt::Error| Error::Arguments(format!("{error}; see cargo dev --help"));
        let Arguments { mut port, mut data, .. } = Arguments::default();
        let (mut url, mut websocket) = (None, None);
        while let Some(argument) = parser.next().map_err(wrong)? {
            match argument {
                Arg::Long("port") => port = parser.value().and_then(|value| value.parse()).map_err(wrong)?,
                Arg::Long("data") => data = parser.value().map_err(wrong)?.into(),
                Arg::Long("url") => {
                    url = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
                }
                Arg::Long("websocket") => {
                    websocket = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
                }
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => return Err(wrong(argument.unexpected())),
            }
        }
        match (url, websocket) {
            (Some(url), websocket) => Ok(Self::Deployed(Deployed { url, websocket })),
            (None, None) => Ok(Self::Machine(Machine { port, data: postgres_data(&data) })),
            (None, Some(_)) => {
                Err(Error::Arguments("--websocket needs --url; see cargo dev --help".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(line: &str) -> Result<Patient, Error> {
        Patient::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_machine_or_a_stack_is_examined() {
        let machine = Machine { port: 3001, data: "/d/postgres".into() };
        assert_eq!(patient("--port 3001 --data /d").unwrap(), Patient::Machine(machine));
        let deployed = Deployed { url: "https://u".to_owned(), websocket: Some("wss://w".to_owned()) };
        assert_eq!(patient("--url https://u --websocket=wss://w").unwrap(), Patient::Deployed(deployed));
        for line in ["--websocket wss://w", "--token secret", "--url", "x"] {
            assert!(patient(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_audit_is_verified_or_exported() {
        let read = |line: &str| audit(line.split_whitespace().map(OsString::from));
        let society = uuid::Uuid::from_u128(0x11111111_1111_1111_1111_111111111111);
        let hash = "0a".repeat(32);
        let anchor = admin::Anchor::parse(&format!("7:{hash}"));
        let whole = Audit { task: Task::Verify { anchor: None }, chain: None, port: 3000, database: None };
        assert_eq!(read("verify").unwrap(), whole);
        assert_eq!(
            read(&format!("verify --society {society} --anchor 7:{hash} --port 3001")).unwrap(),
            Audit { task: Task::Verify { anchor }, chain: Some(society), port: 3001, database: None }
        );
        assert_eq!(
            read(&format!("export --society {society} --database postgres://d")).unwrap(),
            Audit {
                task: Task::Export,
                chain: Some(society),
                port: 3000,
                database: Some("postgres://d".into())
            }
        );
        for line in ["", "export", "forge", "verify --anchor x", "verify --society x", "verify --all"] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_bench_may_have_another_checkout_beside_it() {
        let read = |line: &str| bench(line.split_whitespace().map(OsString::from));
        assert_eq!(read("").unwrap(), Measured::Requests(Bench::default()));
        let against = Bench { against: Some("/before".into()), rounds: 5 };
        assert_eq!(read("--against /before --rounds 5").unwrap(), Measured::Requests(against));
        for (line, other) in [
            ("--budget", Measured::Budget),
            ("--growth 1000000", Measured::Growth(1_000_000)),
            ("--environments", Measured::Environments),
            ("--soak 15", Measured::Soak(15)),
        ] {
            assert_eq!(read(line).unwrap(), other);
        }
        for line in [
            "--rounds 0",
            "--rounds many",
            "--against",
            "all",
            "--budget --against /before",
            "--growth",
            "--soak 1 --budget",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_visitor_is_traced_and_epochs_are_renewed_somewhere() {
        let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>().into_iter();
        let visitor = uuid::Uuid::from_u128(0x11111111_1111_1111_1111_111111111111);
        let database = Some("postgres://d".to_owned());
        assert_eq!(
            trace(words(&format!("{visitor} --port 3001"))).unwrap(),
            Trace { visitor, port: 3001, database: None }
        );
        assert_eq!(
            trace(words(&format!("--database postgres://d {visitor}"))).unwrap(),
            Trace { visitor, port: 3000, database: database.clone() }
        );
        for line in ["", "kiran", "--visitor x", &format!("{visitor} {visitor}")] {
            assert!(trace(words(line)).is_err(), "{line}");
        }
        assert_eq!(renewal(words("--database postgres://d")).unwrap(), Renewal { port: 3000, database });
        assert!(renewal(words("now")).is_err());
    }

    fn read(line: &str) -> Result<Option<Arguments>, Error> {
        Arguments::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn flags_are_read() {
        let read = read("--port=0 --seed none --fresh --data /d --invoke http://localhost:9000").unwrap();
        let expected = Arguments {
            port: 0,
            data: "/d".into(),
            fresh: true,
            seed: Seed::None,
            invoke: Some("http://localhost:9000".to_owned()),
            ..Arguments::default()
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("--prot 1", "--prot"),
            ("--port many", "many"),
            ("--seed all", "demo or none"),
            ("x", "x"),
            ("--data", "--data"),
        ] {
            let said = read(line).unwrap_err().to_string();
            assert!(said.contains(named), "{line}: {said}");
        }
    }
}
