//! A PostgreSQL server of our own: found on this machine or fetched, started, and gone again.
//!
//! - It listens on 127.0.0.1 alone, with SCRAM and a random password.
//! - It never outlives this process: it runs under a tiny shell that holds a pipe from us, and
//!   stops (and removes a temporary directory) when the pipe closes, be it by SIGKILL.
//! - As root, everything that touches the data runs as an unprivileged account, since `initdb` and
//!   `postgres` refuse root.
//!
//! [`Postgres::start`] and dropping block; they belong on a thread that may.

mod account;
mod error;
mod fetch;
mod install;
mod place;
mod progress;
mod server;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use postgres_protocol::password::scram_sha_256;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Config, NoTls};

pub use error::Error;
use install::Installation;
use place::Place;
pub use progress::Progress;
use server::{Running, Stop};

/// Made with the data, and used for making the owner alone.
const SUPERUSER: &str = "postgres";
/// Who owns the tables, as RDS's master user does, who is no superuser either.
const OWNER: &str = "society360";
/// Who signs in for the functions; the migrator makes them.
const FUNCTIONS: &str = "society360_lambda";
/// What RDS's master user has of a superuser's rights, as far as anything here needs it.
const MAKE_OWNER: &str = "DO $$ BEGIN
        IF to_regrole('society360') IS NULL THEN
            CREATE ROLE society360 LOGIN CREATEDB CREATEROLE;
            GRANT pg_monitor, pg_signal_backend TO society360;
        END IF;
    END $$";
/// Ports that were free a moment ago may be taken by the time the server asks for them.
const PORT_TRIES: u32 = 5;

/// Where the data lie and how carefully they are kept.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A directory that is kept; without one, a temporary directory that is removed.
    pub directory: Option<PathBuf>,
    /// Several stacks use the server, so none of them may stop it.
    pub shared: bool,
    /// Who hears what is being done.
    pub progress: Progress,
}

/// A running PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    installation: Installation,
    place: Place,
    password: String,
    port: u16,
    shared: bool,
    running: Mutex<Option<Running>>,
}

impl Postgres {
    /// Finds or fetches PostgreSQL, makes the data directory where there is none, starts the server
    /// and waits until it takes connections.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let place = Place::prepare(options.directory.as_deref())?;
        let progress = options.progress;
        let installation = Installation::find_or_fetch(place.made_by_version().as_deref(), progress)?;
        place.check_version(&installation)?;
        let password = place.initialise(&installation, progress)?;
        progress.say(format_args!("Starting PostgreSQL {}", installation.major()));
        for attempt in 1.. {
            let port = free_port()?;
            match Running::start(&installation, &place, port) {
                Ok(running) => {
                    let running = Mutex::new(Some(running));
                    let shared = options.shared;
                    let server = Self { installation, place, password, port, shared, running };
                    server.make_owner()?;
                    return Ok(server);
                }
                Err(server::Failure::PortTaken) if attempt < PORT_TRIES => {}
                Err(failure) => {
                    place.remove_if_temporary();
                    return Err(failure.into());
                }
            }
        }
        Err(Error::Postgres("no free port was found".to_owned()))
    }

    /// Stops the server as a power cut would. [`Postgres::resume`] recovers it.
    pub async fn cut_power(self: &Arc<Self>) -> Result<(), Error> {
        self.blocking(|server| server.stop(Stop::Immediately)).await
    }

    /// Starts the server again, on the same port and the same data. A running one stays as it is.
    pub async fn resume(self: &Arc<Self>) -> Result<(), Error> {
        self.blocking(Self::start_again).await
    }

    /// Stops the server, closing all connections, and starts it again.
    pub async fn restart(self: &Arc<Self>) -> Result<(), Error> {
        self.blocking(|server| {
            server.stop(Stop::Orderly)?;
            server.start_again()
        })
        .await
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the server keeps its data; the directory's owner may be another account.
    pub fn directory(&self) -> &Path {
        self.place.base()
    }

    /// Connection string of a database on this server for its owner, reached through `port`.
    pub fn url(&self, database: &str, port: u16) -> String {
        self.url_of(OWNER, database, port)
    }

    /// The same for the functions, who own nothing.
    pub fn functions_url(&self, database: &str, port: u16) -> String {
        self.url_of(FUNCTIONS, database, port)
    }

    /// A connection of the owner's to one of the databases. It is served on the runtime this is called in.
    pub async fn connect(&self, database: &str) -> Result<Client, Error> {
        self.connect_as(OWNER, database).await
    }

    /// A connection of the functions'.
    pub async fn connect_as_functions(&self, database: &str) -> Result<Client, Error> {
        self.connect_as(FUNCTIONS, database).await
    }

    /// A connection of a superuser's, for what not even the owner may.
    pub async fn connect_as_superuser(&self, database: &str) -> Result<Client, Error> {
        self.connect_as(SUPERUSER, database).await
    }

    fn url_of(&self, user: &str, database: &str, port: u16) -> String {
        format!("postgres://{user}:{}@127.0.0.1:{port}/{database}?sslmode=disable", self.password_of(user))
    }

    async fn connect_as(&self, user: &str, database: &str) -> Result<Client, Error> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user(user).password(self.password_of(user)).dbname(database);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// The superuser's is in a file; nobody can tell another one's from their own.
    fn password_of(&self, user: &str) -> String {
        match user {
            SUPERUSER => self.password.clone(),
            other => place::hex(&Sha256::digest(format!("{}{other}", self.password))),
        }
    }

    /// Makes the owner of all databases, where they are not there yet.
    fn make_owner(&self) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Error::io("starting threads"))?.block_on(async {
            let superuser = self.connect_as_superuser("postgres").await.map_err(|error| {
                Error::Postgres(format!(
                    "the data in {} cannot be opened ({error}), as where an older checkout made them; start with \
                     --fresh to make new ones",
                    self.place.base().display()
                ))
            })?;
            superuser.batch_execute(MAKE_OWNER).await?;
            let password = scram_sha_256(self.password_of(OWNER).as_bytes());
            Ok(superuser.batch_execute(&format!("ALTER ROLE {OWNER} PASSWORD '{password}'")).await?)
        })
    }

    /// Makes a database, as a copy of `template` where one is named. One that is there stays.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), Error> {
        let client = self.connect("postgres").await?;
        let known = client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?;
        if known.is_none() {
            let template = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
            client.batch_execute(&format!("CREATE DATABASE {name}{template}")).await?;
        }
        Ok(())
    }

    /// Removes a database and ends its connections.
    pub async fn drop_database(&self, name: &str) -> Result<(), Error> {
        let client = self.connect("postgres").await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        Ok(())
    }

    async fn blocking(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        if self.shared {
            return Err(Error::Postgres(
                "other stacks use this server; start this one with own_server()".to_owned(),
            ));
        }
        let server = self.clone();
        let working = tokio::task::spawn_blocking(move || work(&server));
        working.await.map_err(|error| Error::Postgres(error.to_string()))?
    }

    fn start_again(&self) -> Result<(), Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(Running::start(&self.installation, &self.place, self.port)?);
        }
        Ok(())
    }

    fn stop(&self, how: Stop) -> Result<(), Error> {
        match self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(running) => running.stop(how),
            None => Ok(()),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match self.running.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Closing the pipe is the order to stop and to remove what is temporary.
            Some(running) => drop(running.stop(Stop::ForGood)),
            None => self.place.remove_if_temporary(),
        }
    }
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::io("asking for a free port"))?;
    Ok(listener.local_addr().map_err(Error::io("asking for a free port"))?.port())
}

/// What [`Postgres::start`] would find, without anything being made or started.
pub struct Prospect {
    /// The major version that would run and where its programs are; without them, they would be fetched.
    pub programs: Option<(u32, PathBuf)>,
    /// Where the data are, or would be made.
    pub directory: PathBuf,
    /// What is there.
    pub data: Data,
}

/// What a data directory is good for.
pub enum Data {
    /// Nothing is there yet.
    None,
    /// Data that this version made.
    Of(String),
    /// Another process serves them.
    InUse,
    /// They cannot be used, for this reason.
    Unusable(Error),
}

/// Looks what a start with this directory would find.
pub fn look(directory: &Path) -> Result<Prospect, Error> {
    let place = Place::find(directory)?;
    let version = place.made_by_version();
    let fetched = || Installation::at(&fetch::fetched().ok()??);
    let installation = Installation::find(version.as_deref()).or_else(fetched);
    let fitting = installation.as_ref().map_or(Ok(()), |installation| place.check_version(installation));
    let usable = place.check_owner().and(fitting).and_then(|()| place.check_writable());
    let data = match (usable, version) {
        (Err(error), _) => Data::Unusable(error),
        (Ok(()), _) if place.is_served() => Data::InUse,
        (Ok(()), Some(version)) => Data::Of(version),
        (Ok(()), None) => Data::None,
    };
    let programs = installation.map(|installation| (installation.major(), installation.bin().to_owned()));
    Ok(Prospect { programs, directory: place.base().to_owned(), data })
}

/// Whether a server could be fetched, and of which version.
pub async fn try_fetching() -> Result<&'static str, String> {
    fetch::try_reach().await.map(|()| fetch::VERSION)
}

/// `wanted`, or where the account that runs servers cannot get there, a directory in the temporary one that stands for it.
pub fn reachable(wanted: &Path) -> Result<PathBuf, Error> {
    Ok(place::reachable(account::Account::choose()?, wanted))
}

/// Removes what a server with this directory has left, for a fresh start.
pub fn remove_data(directory: &Path) -> Result<(), Error> {
    place::remove(directory)
}
