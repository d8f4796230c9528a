//! Applying the migrations that are missing: each in a transaction with its row of the history, so that
//! none is half there, and one run after the other, so that none is applied twice.

use std::time::Duration;

use refinery::Runner;
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Client;

use crate::{Failure, Granted, Migrator, Person, admit, grant_super_admin, replace_functions};

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// How long the database is waited for: RDS Proxy needs some minutes before it answers for the first time.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long it is left alone between two tries.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Runs wait for each other; the number is any. A migration then waits for a lock no longer than callers wait
/// for a statement (`shared/src/db.rs`), since they all queue behind it.
const BEGIN: &str = "SELECT pg_advisory_lock(7360360); SET lock_timeout = '5s'";
/// Ends a session whose connection RDS Proxy may give to others.
const END: &str = "RESET ALL; SELECT pg_advisory_unlock(7360360)";

/// All migrations, of which a runner applies those that are missing.
pub fn migrations() -> Runner {
    embedded::migrations::runner()
}

/// What a run has come to.
#[derive(Debug, Serialize)]
pub struct Schema {
    /// The migrations that this run has applied, such as `V1__people_and_places`, in their order.
    applied: Vec<String>,
    /// The number of the last one that is applied; that of a later release where one was there before.
    version: i32,
    /// Whether the rooms have another epoch now: it was asked for, or the database is elsewhere than before, as after a
    /// restore (`docs/decisions/052`).
    renewed: bool,
    /// What came of making somebody a super admin, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    super_admin: Option<Granted>,
}

impl Migrator {
    /// Applies what is missing. When the time is up, the connection is closed and the server rolls back.
    pub(crate) async fn migrate(
        &self,
        until: Instant,
        renew: bool,
        super_admin: Option<&Person>,
    ) -> Result<Schema, Failure> {
        let patience = until.min(Instant::now() + PATIENCE);
        let work = async {
            loop {
                let done = self.migrate_once(until, renew, super_admin).await;
                match &done {
                    // Nothing has been begun then.
                    Err(failure @ Failure::Database(_)) if Instant::now() + RETRY_AFTER < patience => {
                        tracing::info!(%failure, "the database is not there yet");
                        sleep(RETRY_AFTER).await;
                    }
                    Ok(_) | Err(_) => return done,
                }
            }
        };
        timeout_at(until, work).await.unwrap_or(Err(Failure::OutOfTime))
    }

    async fn migrate_once(
        &self,
        until: Instant,
        renew: bool,
        super_admin: Option<&Person>,
    ) -> Result<Schema, Failure> {
        let (mut client, serving) = self.owner.connect().await?;
        let work = async move {
            begin(&client, until).await?;
            let mut done = self.bring_up(&mut client, until, renew).await;
            if let (Ok(schema), Some(person)) = (&mut done, super_admin) {
                match grant_super_admin(&client, person).await {
                    Ok(granted) => schema.super_admin = Some(granted),
                    Err(failure) => done = Err(failure),
                }
            }
            // A connection that is lost has given its lock back.
            let _ = client.batch_execute(END).await;
            done
        };
        tokio::join!(work, serving).0
    }

    async fn bring_up(&self, client: &mut Client, until: Instant, renew: bool) -> Result<Schema, Failure> {
        let mut schema = apply_missing(client).await?;
        replace_functions(client).await?;
        // Before anybody is let in who would believe a position.
        schema.renewed = self.renew_epochs(client, renew).await?;
        admit(client, &self.functions, until.min(Instant::now() + PATIENCE)).await?;
        Ok(schema)
    }

    /// Gives the rooms another epoch where that is asked for, or where the database was found elsewhere before; answers
    /// whether it did.
    async fn renew_epochs(&self, client: &Client, renew: bool) -> Result<bool, Failure> {
        let is_elsewhere: bool =
            client.query_one("SELECT note_place($1)", &[&self.owner.place()]).await?.get(0);
        if renew && !is_elsewhere {
            client.execute("SELECT renew_epochs()", &[]).await?;
        }
        Ok(renew || is_elsewhere)
    }
}

/// Begins a session: through RDS Proxy, only its first statement reaches the database.
async fn begin(client: &Client, until: Instant) -> Result<(), tokio_postgres::Error> {
    // A second later the server gives up a statement, too, in case nobody is left to tell it.
    let left = until.duration_since(Instant::now()) + Duration::from_secs(1);
    client.batch_execute(&format!("SET statement_timeout = {}", left.as_millis())).await?;
    client.batch_execute(BEGIN).await
}

async fn apply_missing(client: &mut Client) -> Result<Schema, Failure> {
    // After a rollback the database is ahead of the release, which has to be deployed all the same.
    let runner = migrations().set_abort_missing(false);
    let report = runner.run_async(client).await?;
    let history = runner.get_applied_migrations_async(client).await?;
    let is_applied = |version| history.iter().any(|applied| applied.version() == version);
    match runner.get_migrations().iter().find(|migration| !is_applied(migration.version())) {
        Some(overtaken) => Err(Failure::Overtaken(overtaken.to_string())),
        None => Ok(Schema {
            applied: report.applied_migrations().iter().map(ToString::to_string).collect(),
            version: history.last().map_or(0, |last| last.version()),
            renewed: false,
            super_admin: None,
        }),
    }
}
