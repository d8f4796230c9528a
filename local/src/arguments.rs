//! The command line of `cargo dev`.

use std::{num::NonZeroUsize, path::PathBuf};

use admin::Anchor;
use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use deploy::Question;
use stack::{Seed, default_data_directory};
use tasks::{
    audit::{Audit, Task},
    bench::Bench,
    doctor::{Deployed, Machine},
    epochs::Renewal,
    grant::{Grant, Person},
    trace::Trace,
};
use uuid::Uuid;

/// The whole of Society360 on this machine: PostgreSQL, DynamoDB, both APIs, all functions, a token issuer
#[derive(Debug, PartialEq, Eq, Parser)]
#[command(
    bin_name = "cargo dev",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "LOG_LEVEL (warn), RATE_LIMIT_MAX_REQUESTS (100000) and RATE_LIMIT_WINDOW_MS are handed on to the functions."
)]
pub struct Line {
    /// What is done in place of starting the system.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub arguments: Arguments,
}

/// What the system is started with.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Arguments {
    /// Port of everything; 0 is any free one
    #[arg(long, value_name = "N", default_value_t = 3000)]
    pub port: u16,
    #[command(flatten)]
    pub data: Data,
    /// Begin with no data
    #[arg(long)]
    pub fresh: bool,
    /// What a new database holds
    #[arg(long, default_value = "demo", value_parser = PossibleValuesParser::new(["demo", "none"]).map(seed))]
    pub seed: Seed,
    /// Written once all is up, with the JSON of /_local/info
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    /// Call functions there (cargo lambda watch, sam local start-lambda), whose variables are written into functions.env
    /// beside the data
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub invoke: Option<String>,
    /// Accept the tokens of a real Firebase project
    #[arg(long, value_name = "ID")]
    pub firebase_project: Option<String>,
}

/// Where data are kept.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Data {
    /// Where data are kept [default: target/local]
    #[arg(long = "data", value_name = "DIR", default_value_os_t = default_data_directory(), hide_default_value = true)]
    directory: PathBuf,
}

impl Data {
    /// Those of PostgreSQL.
    pub fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }
}

impl Arguments {
    /// Where the variables are written that functions need which run elsewhere.
    pub fn functions_file(&self) -> PathBuf {
        self.data.directory.join("functions.env")
    }
}

fn seed(name: String) -> Seed {
    if name == "none" { Seed::None } else { Seed::Demo }
}

fn endpoint(address: &str) -> Result<String, &'static str> {
    if address.starts_with("http://") {
        return Ok(address.to_owned());
    }
    Err("it is the http:// address of an Invoke endpoint, such as http://localhost:9000")
}

/// What is done in place of starting the system.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Whether this machine has what is needed, or whether a deployed stack answers as it should
    ///
    /// Without --url it says what to do where something is missing; with an ID token in SOCIETY360_TOKEN, whether a deployed
    /// stack also answers signed-in users.
    Doctor(Doctor),
    /// Counts round trips, into docs/performance.md
    Measure,
    /// Measures what requests cost with target/release, into docs/performance.md
    Bench(Benches),
    /// Serves all sample events with target/release under AWS's emulator; sizes and starts into docs/performance.md
    Emulate,
    /// Shows how lists are read from a million visits, into docs/performance.md
    Explain,
    /// A push to a room of 500 connections, into docs/performance.md
    Crowd,
    /// What the dispatcher is used for while visitors come, into docs/performance.md
    Rings,
    /// What a room that is held for 45 s does to others, into docs/performance.md
    Stuck,
    /// Writes the API reference and the Postman collection into docs/
    Openapi,
    /// Writes a sample event of every route into events/
    Events,
    /// Whether the audit is as it was written, or the audit of a society as JSON lines
    #[command(subcommand)]
    Audit(AuditTask),
    /// What became of a visitor, in order, with the request ids that find the lines of the logs
    ///
    /// Who did what, which events and messages it made, and when they arrived.
    Trace {
        /// The visitor's id
        visitor: Uuid,
        #[command(flatten)]
        place: Place,
    },
    /// Makes somebody a super admin who has signed in once
    ///
    /// They grant all other roles through the API. A deployed database that cannot be reached from here has an event of the
    /// migrator (docs/operations.md).
    Grant(Granting),
    /// After a restore: no client is told any more that it has missed nothing since before
    RenewEpochs {
        #[command(flatten)]
        place: Place,
    },
    #[command(flatten)]
    Question(Question),
}

/// Which database is asked.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Place {
    /// Where `cargo dev` listens, whose database it is
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
    /// Another database, by its connection string
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Who becomes a super admin, and where.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Granting {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, PartialEq, Eq, Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// The number with which they sign in
    #[arg(long, value_name = "+91…")]
    phone: Option<String>,
    /// Firebase's id of them
    #[arg(long, value_name = "UID")]
    uid: Option<String>,
}

impl Granting {
    /// The run of `grant` there.
    pub fn at(self) -> Grant {
        let Self { who: Who { phone, uid }, place: Place { port, database } } = self;
        let person = match phone {
            Some(phone) => Person::Phone(phone),
            None => Person::FirebaseUid(uid.unwrap_or_default()),
        };
        Grant { person, port, database }
    }
}

/// What the doctor is to examine.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Doctor {
    /// Port that `cargo dev` would be started with
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
    #[command(flatten)]
    data: Data,
    /// A deployed stack, by the URL of its HTTP API
    #[arg(long, value_name = "https://…")]
    url: Option<String>,
    /// The URL of its WebSocket API
    #[arg(long, value_name = "wss://…", requires = "url")]
    websocket: Option<String>,
}

/// Whom the doctor examines.
#[derive(Debug, PartialEq, Eq)]
pub enum Patient {
    Machine(Machine),
    Deployed(Deployed),
}

impl From<Doctor> for Patient {
    fn from(Doctor { port, data, url, websocket }: Doctor) -> Self {
        match url {
            Some(url) => Self::Deployed(Deployed { url, websocket }),
            None => Self::Machine(Machine { port, data: data.postgres() }),
        }
    }
}

/// What of requests is measured.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Benches {
    /// In turn with another checkout
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Rounds, of which the median counts [default: 3]
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroUsize>,
    #[command(flatten)]
    other: OtherBench,
}

#[derive(Debug, PartialEq, Eq, Args)]
#[group(multiple = false, conflicts_with_all = ["against", "rounds"])]
struct OtherBench {
    /// Writes what can be counted of every endpoint's cost into local/budgets.json
    #[arg(long)]
    budget: bool,
    /// What requests cost after 10,000 visits, 1,000,000 and 10,000,000, up to that many
    #[arg(long, value_name = "VISITS")]
    growth: Option<usize>,
    /// 200 environments against 100 connections, directly and through pgbouncer
    #[arg(long)]
    environments: bool,
    /// 500 sockets and steady visits: what is held, what was lost
    #[arg(long, value_name = "MINUTES")]
    soak: Option<u64>,
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

impl From<Benches> for Measured {
    fn from(Benches { against, rounds, other }: Benches) -> Self {
        match other {
            OtherBench { budget: true, .. } => Self::Budget,
            OtherBench { growth: Some(most), .. } => Self::Growth(most),
            OtherBench { environments: true, .. } => Self::Environments,
            OtherBench { soak: Some(minutes), .. } => Self::Soak(minutes),
            OtherBench { .. } => {
                let usual = Bench::default().rounds;
                Self::Requests(Bench { against, rounds: rounds.map_or(usual, NonZeroUsize::get) })
            }
        }
    }
}

/// What is done with the audit.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum AuditTask {
    /// Whether the audit is as it was written: every chain of it, or a society's
    Verify {
        /// The society, or one of the sixteen chains of users
        #[arg(long, value_name = "ID")]
        society: Option<Uuid>,
        /// What was noted of that chain
        #[arg(long, value_name = "NUMBER:HASH", value_parser = anchor, requires = "society")]
        anchor: Option<Anchor>,
        #[command(flatten)]
        place: Place,
    },
    /// The audit of a society as JSON lines
    Export {
        /// The society
        #[arg(long, value_name = "ID")]
        society: Uuid,
        #[command(flatten)]
        place: Place,
    },
}

fn anchor(text: &str) -> Result<Anchor, &'static str> {
    Anchor::parse(text).ok_or("it is NUMBER:HASH")
}

impl From<AuditTask> for Audit {
    fn from(task: AuditTask) -> Self {
        let (task, chain, Place { port, database }) = match task {
            AuditTask::Verify { society, anchor, place } => (Task::Verify { anchor }, society, place),
            AuditTask::Export { society, place } => (Task::Export, Some(society), place),
        };
        Self { task, chain, port, database }
    }
}

impl Place {
    /// The run of `trace` there.
    pub fn trace(self, visitor: Uuid) -> Trace {
        Trace { visitor, port: self.port, database: self.database }
    }

    /// The run of `renew-epochs` there.
    pub fn renewal(self) -> Renewal {
        Renewal { port: self.port, database: self.database }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn line(line: &str) -> Result<Line, clap::Error> {
        Line::try_parse_from(["cargo dev"].into_iter().chain(line.split_whitespace()))
    }

    fn command(words: &str) -> Result<Command, clap::Error> {
        Ok(line(words)?.command.unwrap())
    }

    #[test]
    fn the_command_line_can_be_built() {
        Line::command().debug_assert();
    }

    #[test]
    fn a_machine_or_a_stack_is_examined() {
        let patient = |words: &str| match command(&format!("doctor {words}")) {
            Ok(Command::Doctor(doctor)) => Ok(Patient::from(doctor)),
            other => Err(other),
        };
        let machine = Machine { port: 3001, data: "/d/postgres".into() };
        assert_eq!(patient("--port 3001 --data /d").unwrap(), Patient::Machine(machine));
        let deployed = Deployed { url: "https://u".to_owned(), websocket: Some("wss://w".to_owned()) };
        assert_eq!(patient("--url https://u --websocket=wss://w").unwrap(), Patient::Deployed(deployed));
        for words in ["--websocket wss://w", "--token secret", "--url", "x"] {
            assert!(patient(words).is_err(), "{words}");
        }
    }

    #[test]
    fn an_audit_is_verified_or_exported() {
        let read = |words: &str| match command(&format!("audit {words}")) {
            Ok(Command::Audit(task)) => Ok(Audit::from(task)),
            other => Err(other),
        };
        let society = Uuid::from_u128(0x11111111_1111_1111_1111_111111111111);
        let hash = "0a".repeat(32);
        let anchor = Anchor::parse(&format!("7:{hash}"));
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
        let alone = format!("verify --anchor 7:{hash}");
        for words in
            ["", "export", "forge", "verify --anchor x", &alone, "verify --society x", "verify --all"]
        {
            assert!(read(words).is_err(), "{words}");
        }
    }

    #[test]
    fn a_bench_may_have_another_checkout_beside_it() {
        let read = |words: &str| match command(&format!("bench {words}")) {
            Ok(Command::Bench(benches)) => Ok(Measured::from(benches)),
            other => Err(other),
        };
        assert_eq!(read("").unwrap(), Measured::Requests(Bench::default()));
        let against = Bench { against: Some("/before".into()), rounds: 5 };
        assert_eq!(read("--against /before --rounds 5").unwrap(), Measured::Requests(against));
        for (words, other) in [
            ("--budget", Measured::Budget),
            ("--growth 1000000", Measured::Growth(1_000_000)),
            ("--environments", Measured::Environments),
            ("--soak 15", Measured::Soak(15)),
        ] {
            assert_eq!(read(words).unwrap(), other);
        }
        for words in [
            "--rounds 0",
            "--rounds many",
            "--against",
            "all",
            "--budget --against /before",
            "--growth",
            "--soak 1 --budget",
        ] {
            assert!(read(words).is_err(), "{words}");
        }
    }

    #[test]
    fn a_visitor_is_traced_and_epochs_are_renewed_somewhere() {
        let trace = |words: &str| match command(&format!("trace {words}")) {
            Ok(Command::Trace { visitor, place }) => Ok(place.trace(visitor)),
            other => Err(other),
        };
        let renewal = |words: &str| match command(&format!("renew-epochs {words}")) {
            Ok(Command::RenewEpochs { place }) => Ok(place.renewal()),
            other => Err(other),
        };
        let visitor = Uuid::from_u128(0x11111111_1111_1111_1111_111111111111);
        let database = Some("postgres://d".to_owned());
        let at_home = Trace { visitor, port: 3001, database: None };
        assert_eq!(trace(&format!("{visitor} --port 3001")).unwrap(), at_home);
        let elsewhere = Trace { visitor, port: 3000, database: database.clone() };
        assert_eq!(trace(&format!("--database postgres://d {visitor}")).unwrap(), elsewhere);
        for words in ["", "kiran", "--visitor x", &format!("{visitor} {visitor}")] {
            assert!(trace(words).is_err(), "{words}");
        }
        assert_eq!(renewal("--database postgres://d").unwrap(), Renewal { port: 3000, database });
        assert!(renewal("now").is_err());
    }

    #[test]
    fn somebody_becomes_a_super_admin_somewhere() {
        let grant = |words: &str| match command(&format!("grant {words}")) {
            Ok(Command::Grant(granting)) => Ok(granting.at()),
            other => Err(other),
        };
        let person = Person::Phone("+919876543210".to_owned());
        assert_eq!(grant("--phone +919876543210").unwrap(), Grant { person, port: 3000, database: None });
        let person = Person::FirebaseUid("u1".to_owned());
        let database = Some("postgres://d".to_owned());
        assert_eq!(
            grant("--uid u1 --database postgres://d").unwrap(),
            Grant { person, port: 3000, database }
        );
        for words in ["", "u1", "--phone", "--uid u1 --phone +919876543210"] {
            assert!(grant(words).is_err(), "{words}");
        }
    }

    #[test]
    fn a_deployment_has_its_questions_here_too() {
        let affected = Question::Affected { base: "main".to_owned() };
        assert_eq!(command("affected --base main").unwrap(), Command::Question(affected));
        let release = Question::Release { base: "1".to_owned(), deployed: "/d.yaml".into() };
        let words = "release --base 1 --deployed /d.yaml";
        assert_eq!(command(words).unwrap(), Command::Question(release));
        for words in ["affected", "release --base 1", "release --deployed /d.yaml"] {
            assert!(command(words).is_err(), "{words}");
        }
    }

    #[test]
    fn flags_are_read() {
        let read = line("--port=0 --seed none --fresh --data /d --invoke http://localhost:9000").unwrap();
        let arguments = Arguments {
            port: 0,
            data: Data { directory: "/d".into() },
            fresh: true,
            seed: Seed::None,
            ready_file: None,
            invoke: Some("http://localhost:9000".to_owned()),
            firebase_project: None,
        };
        assert_eq!(read, Line { command: None, arguments });
        let usual = line("").unwrap().arguments;
        assert_eq!((usual.port, usual.seed), (3000, Seed::Demo));
        assert_eq!(usual.data.directory, default_data_directory());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (words, named) in [
            ("--prot 1", "--port"),
            ("--port many", "many"),
            ("--seed all", "demo, none"),
            ("--invoke localhost", "http:// address"),
            ("x", "'x'"),
            ("docter", "doctor"),
            ("--data", "--data"),
            ("--port 1 openapi", "openapi"),
        ] {
            let said = line(words).unwrap_err().to_string();
            assert!(said.contains(named), "{words}: {said}");
        }
    }
}
