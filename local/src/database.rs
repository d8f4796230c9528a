//! What goes into a fresh database: the migrations, and on request the demo society.

use tokio_postgres::Client;

use crate::{Error, postgres::Postgres};

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

/// Applies the migrations that are missing. A database of a newer checkout, or one whose applied
/// migrations have been edited since, is refused in one sentence.
pub(crate) async fn migrate(postgres: &Postgres, database: &str) -> Result<(), Error> {
    let mut client = postgres.connect(database).await?;
    migrator::migrations().run_async(&mut client).await.map_err(|error| {
        Error::Database(format!(
            "{}; if a migration was edited after it had been applied, start with --fresh",
            migrator::Failure::from(error)
        ))
    })?;
    Ok(())
}

/// Adds what `seed` names and is not there yet.
pub(crate) async fn seed(client: &Client, seed: Seed) -> Result<(), Error> {
    match seed {
        Seed::None => Ok(()),
        Seed::Demo => Ok(client.batch_execute(DEMO).await?),
    }
}
