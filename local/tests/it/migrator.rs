//! Migrations at deployment: CloudFormation asks, and is told whether the schema is the release's.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gateway::Outcome;
use http::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use stack::{
    Stack,
    faults::{Fault, Kind, Point},
    own_template,
};
use template::Template;
use tokio_postgres::Client;

use crate::support::{CloudFormation, Told, eventually};

/// What is in the schema, apart from the history and from months, which are those of the day on which it was made.
const OBJECTS: &str = "SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM (
    SELECT relname || '.' || attname AS name FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
     WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND relname NOT LIKE 'refinery%'
       AND NOT (relispartition AND relname ~ '_\\d{4}_\\d\\d(_|$)')
     UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace) objects";
const EMPTY: &str = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";

/// A stack whose database is empty, and who deploys to it.
struct Deployment {
    stack: Stack,
    db: Client,
    cloudformation: CloudFormation,
    /// What a database has after all migrations.
    schema: Vec<String>,
}

impl Deployment {
    async fn begin() -> Self {
        Self::on(Stack::start().await.unwrap()).await
    }

    /// One in which the migrator has so many seconds before it has to tell how it went.
    async fn with_seconds(seconds: u64) -> Self {
        Self::on(Stack::builder().template(template_with_seconds(seconds)).start().await.unwrap()).await
    }

    async fn on(stack: Stack) -> Self {
        let (db, cloudformation) = (stack.database().await.unwrap(), CloudFormation::start().await);
        let schema = objects(&db).await;
        db.batch_execute(EMPTY).await.unwrap();
        Self { stack, db, cloudformation, schema }
    }

    async fn invoke(&self, event: String) -> Outcome {
        self.stack.lambda().invoke("migrator", event).await.unwrap()
    }

    /// CloudFormation asks; answers all that it is told.
    async fn ask(&self, request: &str) -> Vec<Told> {
        let outcome = self.invoke(self.cloudformation.request(request)).await;
        assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
        self.cloudformation.take_told()
    }

    /// CloudFormation asks and is told of a failure; answers the reason.
    async fn fail(&self) -> String {
        let told = self.ask("Update").await;
        let [Told { answer, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!(answer["Status"], "FAILED");
        assert_eq!(answer["PhysicalResourceId"], "schema");
        answer["Reason"].as_str().unwrap().to_owned()
    }

    /// An operator asks.
    async fn run(&self) -> Value {
        let outcome = self.invoke("{}".to_owned()).await;
        let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
        serde_json::from_str(&answer).unwrap()
    }

    /// The migrations of the history, one name for each row.
    async fn history(&self) -> Vec<String> {
        let rows = "SELECT 'V' || version || '__' || name FROM refinery_schema_history ORDER BY version";
        self.db.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Somebody who is about to make a table of the second migration, for which that has to wait.
    async fn begin_outbox(&self) -> Client {
        let other = self.stack.database().await.unwrap();
        other.batch_execute("BEGIN; CREATE TABLE outbox ()").await.unwrap();
        other
    }

    /// Another run, which never ends by itself.
    async fn lock(&self) -> Client {
        let other = self.stack.database().await.unwrap();
        other.batch_execute("SELECT pg_advisory_lock(7360360)").await.unwrap();
        other
    }

    /// Ends a connection on the server's side.
    async fn cut(&self, pid: i32) {
        self.db.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
    }

    /// Waits until the migrator waits for a lock; answers its server process.
    async fn waiting(&self) -> i32 {
        let waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                          AND wait_event_type = 'Lock'";
        let mut pid = None;
        eventually("a migration waits", async || {
            pid = self.db.query_opt(waiting, &[]).await.unwrap().map(|row| row.get(0));
            pid.is_some()
        })
        .await;
        pid.unwrap()
    }

    /// Of the second migration, which makes `audit_logs` before `outbox`, nothing is there; the first one is whole.
    async fn assert_only_first(&self) {
        assert_eq!(self.history().await, &migrations()[..1]);
        let there = objects(&self.db).await;
        assert!(there.iter().any(|name| name == "flats.id"), "{there:?}");
        assert!(!there.iter().any(|name| name.starts_with("audit_logs")), "{there:?}");
    }

    /// The rest is applied, and the schema is whole.
    async fn finish(&self) {
        assert_eq!(self.run().await["applied"], json!(migrations()[1..]));
        assert_eq!(objects(&self.db).await, self.schema);
        assert_eq!(self.history().await, migrations());
    }
}

fn template_with_seconds(seconds: u64) -> Template {
    let mut template = own_template().unwrap();
    let migrator = template.functions.iter_mut().find(|function| function.name == "migrator");
    migrator.unwrap().timeout_seconds = 30 + seconds;
    template
}

async fn objects(db: &Client) -> Vec<String> {
    db.query_one(OBJECTS, &[]).await.unwrap().get(0)
}

/// All of this checkout, in their order.
fn migrations() -> Vec<String> {
    let mut names: Vec<_> = migrator::migrations().get_migrations().clone();
    names.sort();
    names.iter().map(ToString::to_string).collect()
}

/// The first deployment makes the schema, and the next one finds it.
#[tokio::test]
async fn an_empty_database_gets_the_schema() {
    let deployment = Deployment::begin().await;
    assert_eq!(objects(&deployment.db).await, [""; 0]);
    for request in ["Create", "Update"] {
        let told = deployment.ask(request).await;
        let [Told { method, headers, answer }] = &told[..] else { panic!("{request}: {told:?}") };
        assert_eq!(method, Method::PUT);
        assert!(!headers.contains_key(CONTENT_TYPE), "{headers:?}");
        let asked = tasks::events::migrations(request);
        let expected = json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": "schema",
            "StackId": asked["StackId"],
            "RequestId": asked["RequestId"],
            "LogicalResourceId": asked["LogicalResourceId"],
        });
        assert_eq!(*answer, expected);
        assert_eq!(objects(&deployment.db).await, deployment.schema);
        assert_eq!(deployment.history().await, migrations());
    }
}

/// An operator sees what was applied, and that the second time it was nothing.
#[tokio::test]
async fn running_twice_applies_nothing_more() {
    let deployment = Deployment::begin().await;
    let last = migrations().pop().unwrap();
    let version: usize = last.trim_start_matches('V').split("__").next().unwrap().parse().unwrap();
    assert_eq!(
        deployment.run().await,
        json!({"applied": migrations(), "version": version, "renewed": false})
    );
    assert_eq!(deployment.run().await, json!({"applied": [], "version": version, "renewed": false}));
    assert_eq!(deployment.history().await, migrations());
    assert!(deployment.cloudformation.take_told().is_empty());
}

/// Five runs at once on an empty database: all succeed, and each migration is applied by one of them.
#[tokio::test]
async fn parallel_runs_come_one_after_the_other() {
    let deployment = Deployment::begin().await;
    let answers = join_all((0..5).map(|_| deployment.run())).await;
    let applied = answers.iter().flat_map(|answer| answer["applied"].as_array().unwrap().clone());
    assert_eq!(applied.collect::<Vec<_>>(), migrations());
    assert_eq!(deployment.history().await, migrations());
    assert_eq!(objects(&deployment.db).await, deployment.schema);
}

/// Nothing is left of a migration that fails half-way; when its cause is gone, the rest is applied.
#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    let deployment = Deployment::begin().await;
    deployment.db.batch_execute("CREATE TABLE outbox ()").await.unwrap();
    let reason = deployment.fail().await;
    assert_eq!(reason, "error applying migration V2__writes: 42P07 relation \"outbox\" already exists");
    deployment.assert_only_first().await;
    let by_hand = deployment.invoke("{}".to_owned()).await;
    assert!(matches!(&by_hand, Outcome::Failed(said) if said.contains("42P07")), "{by_hand:?}");

    deployment.db.batch_execute("DROP TABLE outbox").await.unwrap();
    deployment.finish().await;
}

/// A migration that ended its transaction could be left half-way.
#[test]
fn migrations_leave_their_transaction_open() {
    // In the bodies of functions such lines are indented.
    let ends = ["ABORT;", "BEGIN;", "COMMIT;", "END;", "ROLLBACK;", "START TRANSACTION;"];
    for migration in migrator::migrations().get_migrations() {
        for line in migration.sql().unwrap().lines() {
            assert!(!ends.contains(&&*line.trim_end().to_uppercase()), "{migration}: {line}");
        }
    }
}

/// What a migration finds in a row is for nobody who deploys.
#[tokio::test]
async fn a_reason_quotes_no_row() {
    let deployment = Deployment::begin().await;
    let stumble = "CREATE SCHEMA elsewhere;
        CREATE FUNCTION elsewhere.stumble() RETURNS event_trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM 'Kiran'::text::integer; END $$;
        CREATE EVENT TRIGGER stumbling ON ddl_command_end WHEN TAG IN ('CREATE VIEW')
            EXECUTE FUNCTION elsewhere.stumble()";
    deployment.stack.database_as_superuser().await.unwrap().batch_execute(stumble).await.unwrap();
    assert_eq!(deployment.fail().await, "error applying migration V1__people_and_places: 22P02");
}

/// The process is killed when a migration is done but not yet in the history.
#[tokio::test]
async fn a_killed_run_leaves_no_half_migration() {
    let deployment = Deployment::begin().await;
    let other = deployment.begin_outbox().await;
    let request = deployment.cloudformation.request("Update");
    let kill = async {
        deployment.waiting().await;
        let kill = Fault::killed("migrator", Point::BeforeCommit).times(1);
        deployment.stack.faults().set([kill]).unwrap();
        other.batch_execute("ROLLBACK").await.unwrap();
    };
    let (outcome, ()) = tokio::join!(deployment.invoke(request), kill);
    assert!(matches!(&outcome, Outcome::Failed(said) if said.contains("killed")), "{outcome:?}");
    assert!(deployment.cloudformation.take_told().is_empty());
    deployment.assert_only_first().await;
    deployment.finish().await;
}

/// The database ends the connection in the middle of a migration.
#[tokio::test]
async fn a_lost_connection_leaves_no_half_migration() {
    let deployment = Deployment::begin().await;
    let other = deployment.begin_outbox().await;
    let cut = async {
        deployment.cut(deployment.waiting().await).await;
    };
    let (reason, ()) = tokio::join!(deployment.fail(), cut);
    assert!(reason.starts_with("error applying migration V2__writes: 57P01 "), "{reason}");
    other.batch_execute("ROLLBACK").await.unwrap();
    deployment.assert_only_first().await;
    deployment.finish().await;
}

/// Users of a table that a migration waits for have to wait as well, so it gives up soon.
#[tokio::test]
async fn a_migration_does_not_wait_for_a_lock_for_long() {
    let deployment = Deployment::with_seconds(20).await;
    let other = deployment.begin_outbox().await;
    let reason = deployment.fail().await;
    assert!(reason.starts_with("error applying migration V2__writes: 55P03 "), "{reason}");
    other.batch_execute("ROLLBACK").await.unwrap();
    deployment.assert_only_first().await;
    deployment.finish().await;
}

/// CloudFormation is told in time when the database is away, and when another run takes too long.
#[tokio::test]
async fn a_failure_is_told_before_the_time_is_up() {
    let deployment = Deployment::with_seconds(8).await;
    let started = Instant::now();
    deployment.stack.faults().set([Fault::new(Kind::PostgresDown)]).unwrap();
    let reason = deployment.fail().await;
    assert!(reason.starts_with("database: "), "{reason}");
    deployment.stack.faults().clear();

    let first_run = deployment.lock().await;
    let reason = deployment.fail().await;
    assert_eq!(reason, "it was not done in time");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    drop(first_run);
    assert_eq!(deployment.run().await["applied"], json!(migrations()));
}

/// Functions that could not sign in get no new code: the deployment fails, with the schema up to date.
#[tokio::test]
async fn functions_that_cannot_sign_in_end_a_deployment() {
    let nowhere = "postgres://society360_lambda:secret@127.0.0.1:1/society360?sslmode=disable";
    let stack = Stack::builder().template(template_with_seconds(12)).variable("DATABASE_URL", nowhere);
    let deployment = Deployment::on(stack.own_server().start().await.unwrap()).await;
    let reason = deployment.fail().await;
    assert!(reason.starts_with("the functions' user is not admitted: "), "{reason}");
    assert!(!reason.contains("secret"), "{reason}");
    assert_eq!(deployment.history().await, migrations());
}

/// A database that is just being made is waited for.
#[tokio::test]
async fn a_database_that_comes_up_late_is_migrated() {
    let deployment = Deployment::begin().await;
    let faults = deployment.stack.faults();
    faults.set([Fault::new(Kind::PostgresDown)]).unwrap();
    let come_up = async {
        eventually("a try in vain", async || faults.struck().contains_key(&Kind::PostgresDown)).await;
        faults.clear();
    };
    let (answer, ()) = tokio::join!(deployment.run(), come_up);
    assert_eq!(answer["applied"], json!(migrations()));
}

/// A connection that ends before the first migration, as RDS Proxy's do while nothing is behind it, is
/// opened again.
#[tokio::test]
async fn a_connection_that_ends_early_is_opened_again() {
    let deployment = Deployment::begin().await;
    let first_run = deployment.lock().await;
    let cut = async {
        deployment.cut(deployment.waiting().await).await;
        drop(first_run);
    };
    let (answer, ()) = tokio::join!(deployment.run(), cut);
    assert_eq!(answer["applied"], json!(migrations()));
}

/// The stack goes, the data stay.
#[tokio::test]
async fn deleting_the_resource_touches_nothing() {
    let deployment = Deployment::begin().await;
    let told = deployment.ask("Delete").await;
    let [Told { answer, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(deployment.stack.wire().total().statements, 0);
    assert_eq!(objects(&deployment.db).await, [""; 0]);
}

/// An answer that was not taken fails the invocation, so that Lambda repeats it; the address stays secret.
#[tokio::test]
async fn an_answer_is_told_until_it_is_taken() {
    let deployment = Deployment::begin().await;
    deployment.cloudformation.refuse_one();
    let request = deployment.cloudformation.request("Create");
    let outcome = deployment.invoke(request.clone()).await;
    let Outcome::Failed(said) = outcome else { panic!("{outcome:?}") };
    assert!(said.contains("503") && !said.contains("X-Amz-Signature"), "{said}");
    deployment.stack.lambda().send("migrator", request).unwrap();
    let mut told = Vec::new();
    eventually("an answer", async || {
        told.extend(deployment.cloudformation.take_told());
        !told.is_empty()
    })
    .await;
    assert_eq!(told[0].answer["Status"], "SUCCESS");
    assert_eq!(deployment.history().await, migrations());
}

/// An older release finds what a newer one has left, and is deployed all the same.
#[tokio::test]
async fn an_older_release_lives_with_a_newer_schema() {
    let deployment = Deployment::begin().await;
    deployment.run().await;
    let newer = "INSERT INTO refinery_schema_history VALUES (999, 'later', '2026-01-01T00:00:00Z', '1')";
    deployment.db.batch_execute(newer).await.unwrap();
    assert_eq!(deployment.run().await, json!({"applied": [], "version": 999, "renewed": false}));
}

/// A migration that was edited after it had been applied, or that others have overtaken, is no success.
#[tokio::test]
async fn a_history_that_differs_is_refused() {
    let deployment = Deployment::begin().await;
    deployment.run().await;
    for (change, reason) in [
        (
            "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2",
            "applied migration V2__writes is different than filesystem one V2__writes",
        ),
        (
            "DELETE FROM refinery_schema_history WHERE version = 2",
            "V2__writes was never applied, although later ones were: give it a new number",
        ),
    ] {
        deployment.db.batch_execute(change).await.unwrap();
        assert_eq!(deployment.fail().await, reason);
    }
}
