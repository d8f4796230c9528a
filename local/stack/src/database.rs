//! What goes into a fresh database: the migrations, and on request the demo society. And the way into any other one.

use std::{collections::HashMap, fmt::Display, path::Path};

use postgres::Postgres;
use shared::{
    config::{DatabaseConfig, Env},
    db::Connector,
};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::{Error, Progress, stack::ask_info};

/// One society with two blocks, forty flats, their residents, guards and an admin.
const DEMO: &str = include_str!("../seed/demo.sql");

/// What a database holds beyond the migrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seed {
    /// Nothing.
    #[default]
    None,
    /// The demo society.
    Demo,
}

/// Applies the migrations that are missing, replaces the functions, and lets the functions in. A database of a newer checkout, or one whose applied
/// migrations have been edited since, is refused in one sentence.
pub(crate) async fn migrate(postgres: &Postgres, database: &str, progress: Progress) -> Result<(), Error> {
    let mut client = postgres.connect(database).await?;
    let failed = |error| Error::Database(migrator::Failure::from(error).to_string());
    let runner = migrator::migrations();
    let known = client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[]).await?;
    let history = match known.try_get(0)? {
        true => runner.get_applied_migrations_async(&mut client).await.map_err(failed)?,
        false => Vec::new(),
    };
    let ours = runner.get_migrations();
    for applied in &history {
        match ours.iter().find(|ours| ours.version() == applied.version()) {
            Some(ours) if ours == applied => {}
            Some(_) => return Err(other_schema(postgres.directory(), applied, "has with another content")),
            None => return Err(other_schema(postgres.directory(), applied, "does not have")),
        }
    }
    let is_applied = |version| history.iter().any(|applied| applied.version() == version);
    let missing: Vec<_> = ours.iter().filter(|ours| !is_applied(ours.version())).collect();
    let last = history.last().map_or(0, |last| last.version());
    if let Some(overtaken) = missing.iter().find(|missing| missing.version() < last) {
        return Err(Error::Database(migrator::Failure::Overtaken(overtaken.to_string()).to_string()));
    }
    if !missing.is_empty() {
        progress.say(format_args!("Applying migrations, {} of {}", missing.len(), ours.len()));
    }
    runner.run_async(&mut client).await.map_err(failed)?;
    let replaced = migrator::replace_functions(&mut client).await;
    replaced.map_err(|failure| Error::Database(failure.to_string()))?;
    let url = postgres.functions_url(database, postgres.port()).into();
    let functions = Connector::new(&DatabaseConfig { url, root_certificates: None });
    let functions = functions.map_err(|error| Error::Database(error.to_string()))?;
    let admitted = migrator::admit(&client, &functions, Instant::now()).await;
    admitted.map_err(|failure| Error::Database(failure.to_string()))
}

/// What to say of data that another checkout has made.
fn other_schema(directory: &Path, migration: impl Display, which: &str) -> Error {
    Error::Database(format!(
        "the data in {} were made by another checkout: they have the migration {migration}, which this one {which}; \
         update this checkout, choose another directory with --data, or make new data with --fresh",
        directory.display()
    ))
}

/// Adds what `seed` names and is not there yet.
pub(crate) async fn seed(client: &Client, seed: Seed, progress: Progress) -> Result<(), Error> {
    match seed {
        Seed::None => Ok(()),
        Seed::Demo => {
            progress.say("Adding what is missing of the demo society");
            Ok(client.batch_execute(DEMO).await?)
        }
    }
}

/// A connection to the database with this connection string, else to that of the `cargo dev` that listens on the port.
pub async fn reach(port: u16, url: Option<&str>) -> Result<Client, Error> {
    let url = match url {
        Some(url) => url.to_owned(),
        None => {
            let info = ask_info(&format!("http://127.0.0.1:{port}")).await;
            let url = info.as_ref().and_then(|info| info["database_url"].as_str());
            let none = || {
                let text = "`cargo dev` is not running; start it, or name a database with --database URL";
                Error::NoDatabase(text.to_owned())
            };
            url.ok_or_else(none)?.to_owned()
        }
    };
    let certificates = Env::process().optional("PGSSLROOTCERT");
    let mut variables = HashMap::from([("DATABASE_URL".to_owned(), url)]);
    variables.extend(certificates.map(|path| ("PGSSLROOTCERT".to_owned(), path)));
    let config = DatabaseConfig::read(&mut Env::from_map(variables));
    let connector = Connector::new(&config).map_err(|error| Error::NoDatabase(error.to_string()))?;
    let (client, connection) = connector.connect().await?;
    tokio::spawn(connection);
    Ok(client)
}
