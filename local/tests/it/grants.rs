//! The functions sign in as a user who owns nothing, and may do what `docs/grants.md` says: a thief of their
//! credentials rewrites no history, makes nothing and switches nothing off.

use std::{collections::BTreeSet, fs, sync::Arc};

use serde_json::json;
use shared::{config::DatabaseConfig, db::Connector};
use stack::checkout;
use tokio::time::Instant;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{
    World, logs,
    world::{FLAT_101, GREEN_ACRES},
};

/// A line for each right of anybody but the owner: `GRANT` as one would write it.
const GRANTED: &str = "
    SELECT format('GRANT %s ON %s TO %s', a.privilege_type, c.relname, coalesce(r.rolname, 'PUBLIC'))
      FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND a.grantee <> c.relowner
    UNION
    SELECT format('GRANT %s (%s) ON %s TO %s', a.privilege_type, t.attname, c.relname, coalesce(r.rolname, 'PUBLIC'))
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner";
/// All tables and views but partitions.
const TABLES: &str = "SELECT relname::text FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition";
/// All functions that act for the owner.
const DEFINERS: &str =
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef";

/// What the page says, in the form of [`GRANTED`], and the tables and functions it has a row for.
struct Page {
    granted: BTreeSet<String>,
    tables: BTreeSet<String>,
    functions: BTreeSet<String>,
}

impl Page {
    fn read() -> Self {
        let text = fs::read_to_string(checkout().join("docs/grants.md")).unwrap();
        let mut page = Self { granted: BTreeSet::new(), tables: BTreeSet::new(), functions: BTreeSet::new() };
        for row in text.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<_> =
                row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let [table, rights @ ..] = &cells[..] else { unreachable!() };
            if rights.len() == 1 {
                page.functions.insert((*table).to_owned());
                continue;
            }
            page.tables.insert((*table).to_owned());
            for (right, cell) in ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().zip(rights) {
                match *cell {
                    "" => {}
                    "all" => {
                        page.granted.insert(format!("GRANT {right} ON {table} TO society360_functions"));
                    }
                    columns => page.granted.extend(columns.split(", ").map(|column| {
                        format!("GRANT {right} ({column}) ON {table} TO society360_functions")
                    })),
                }
            }
        }
        page
    }

    /// What differs between the page and a database, in words that say what to do.
    async fn compare(&self, db: &Client) -> Vec<String> {
        let (granted, tables) = (names(db, GRANTED).await, names(db, TABLES).await);
        let functions = names(db, DEFINERS).await;
        let mut found = Vec::new();
        found.extend(tables.difference(&self.tables).map(|table| {
            format!(
                "docs/grants.md has no row for `{table}`: give it one, and its migration the GRANT statements"
            )
        }));
        found.extend(
            self.tables.difference(&tables).map(|table| format!("docs/grants.md: there is no `{table}`")),
        );
        found.extend(
            self.granted.difference(&granted).map(|grant| format!("a migration has to say: {grant};")),
        );
        found.extend(
            granted
                .difference(&self.granted)
                .map(|grant| format!("docs/grants.md does not say what the database does: {grant};")),
        );
        found.extend(functions.difference(&self.functions).map(|function| {
            format!("docs/grants.md has no row for {function}, which acts for the owner (SECURITY DEFINER)")
        }));
        found.extend(
            self.functions
                .difference(&functions)
                .map(|function| format!("{function} does not act for the owner")),
        );
        found
    }
}

async fn names(db: &Client, sql: &str) -> BTreeSet<String> {
    db.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// A statement is refused for want of a right, and for nothing else.
async fn assert_denied(db: &Client, sql: &str) {
    let error = db.batch_execute(sql).await.expect_err(sql);
    assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{sql}: {error:?}");
}

/// A connection with the functions' own credentials, as somebody who stole them opens it.
async fn thief(world: &World) -> Client {
    world.stack.database_as_functions().await.unwrap()
}

/// Every right is on the page, and every row of the page is a right. What a later migration forgets is named here.
#[tokio::test]
async fn grants_are_as_listed() {
    let world = World::open().await;
    assert_eq!(Page::read().compare(&world.db).await, [""; 0]);
}

/// A table, a column's right and a function that nobody has listed are named, each with what to do.
#[tokio::test]
async fn what_is_not_listed_is_named() {
    let world = World::open().await;
    let change = "CREATE TABLE parcels (id integer);
        GRANT UPDATE (visitor_name) ON visitors TO society360_functions;
        REVOKE SELECT ON flats FROM society360_functions;
        CREATE FUNCTION parcel() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'";
    world.db.batch_execute(change).await.unwrap();
    let expected = [
        "docs/grants.md has no row for `parcels`: give it one, and its migration the GRANT statements",
        "a migration has to say: GRANT SELECT ON flats TO society360_functions;",
        "docs/grants.md does not say what the database does: GRANT UPDATE (visitor_name) ON visitors TO society360_functions;",
        "docs/grants.md has no row for parcel(), which acts for the owner (SECURITY DEFINER)",
    ];
    assert_eq!(Page::read().compare(&world.db).await, expected);
    let denied = thief(&world).await;
    assert_denied(&denied, "SELECT FROM parcels").await;
}

/// Functions that act for the owner find what they mean by a path that nobody else can put anything into, and no function
/// is for everybody.
#[tokio::test]
async fn functions_that_act_for_the_owner_are_safe() {
    let world = World::open().await;
    let unsafe_ones =
        format!("{DEFINERS} AND coalesce(NOT proconfig @> '{{\"search_path=public, pg_temp\"}}', true)");
    assert_eq!(names(&world.db, &unsafe_ones).await, BTreeSet::new());
    let everybodys = "SELECT oid::regprocedure::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')";
    assert_eq!(names(&world.db, everybodys).await, BTreeSet::new());
    let makers = "SELECT rolname::text FROM pg_roles
         WHERE has_schema_privilege(oid, 'public', 'CREATE') AND NOT rolsuper AND NOT pg_has_role(oid, 'society360', 'USAGE')
           AND NOT starts_with(rolname, 'pg_')";
    assert_eq!(names(&world.db, makers).await, BTreeSet::new());
}

/// What happened stays as it was written, also with the functions' credentials.
#[tokio::test]
async fn history_is_not_rewritten() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    let thief = thief(&world).await;
    for statement in [
        "UPDATE audit_logs SET actor_user_id = NULL",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "SELECT FROM audit_logs",
        "INSERT INTO audit_logs (action, resource_type, created_at) VALUES ('visitor.respond', 'visitor', '2020-01-01')",
        "UPDATE audit_logs_default SET action = ''",
        "UPDATE visitor_approvals SET decision = 'deny'",
        "DELETE FROM visitor_approvals",
        "INSERT INTO visitor_approvals (visitor_id, created_at) VALUES (NULL, '2020-01-01')",
        "UPDATE notifications SET payload = '{}'",
        "UPDATE notifications SET user_id = NULL",
        "DELETE FROM notifications",
        "UPDATE deliveries SET payload = '{}'",
        "UPDATE deliveries SET user_id = NULL",
        "DELETE FROM notification_logs",
        "UPDATE resident_request_approvals SET decision = 'approve'",
        "UPDATE visits SET guard_id = NULL",
        "DELETE FROM visits",
        "UPDATE visitors SET visitor_name = 'Somebody'",
        "DELETE FROM visitors",
        "UPDATE outbox SET data = '{}'",
        "DELETE FROM outbox",
        "UPDATE users SET firebase_uid = 'thief'",
        "UPDATE guards SET society_id = NULL",
        "UPDATE guards SET user_id = NULL",
        "DELETE FROM guard_pins",
        "UPDATE gate_devices SET identifier_sha256 = ''",
        "UPDATE role_assignments SET revoked_at = NULL",
        "SELECT ip FROM firebase_auth_audit",
        "DELETE FROM retention_runs",
        "UPDATE refinery_schema_history SET checksum = ''",
    ] {
        assert_denied(&thief, statement).await;
    }
    let written = "SELECT count(*) FROM audit_logs WHERE action LIKE 'vis%'";
    assert_eq!(world.count(written).await, 3, "logged, answered, let in");
}

/// Nothing is made, changed or switched off, and nobody becomes somebody else.
#[tokio::test]
async fn nothing_is_made_or_switched_off() {
    let world = World::open().await;
    let thief = thief(&world).await;
    for statement in [
        "CREATE TABLE mine ()",
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW mine AS SELECT 1",
        "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
        "ALTER TABLE visitors ADD COLUMN mine text",
        "CREATE INDEX ON visitors (phone)",
        "CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'",
        "DROP TABLE rate_limits",
        "SET session_replication_role = replica",
        "SET ROLE society360",
        "SET SESSION AUTHORIZATION society360",
        "CREATE ROLE mine LOGIN",
        "GRANT society360 TO society360_lambda",
        "DELETE FROM societies",
        "UPDATE societies SET id = gen_random_uuid()",
    ] {
        assert_denied(&thief, statement).await;
    }
    let attributes =
        "SELECT count(*) FROM pg_roles WHERE rolname IN ('society360_functions', 'society360_lambda')
         AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)";
    assert_eq!(world.count(attributes).await, 0);
}

/// A user who may have old things removed cannot have young ones removed, nor make months as they like.
#[tokio::test]
async fn retention_cannot_be_hurried() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "deny").await;
    let thief = thief(&world).await;
    for function in Page::read().functions.iter().filter_map(|function| function.strip_suffix("(integer)")) {
        let row = thief.query_one(&format!("SELECT {function}(1000000)"), &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0, "{function}");
    }
    for statement in
        ["SELECT make_partition('visits', '2001-01-01') OR make_partition('audit_logs', current_date + 400)
             OR make_partition('users', current_date) OR make_partition('visits', current_date)"]
    {
        assert!(!thief.query_one(statement, &[]).await.unwrap().get::<_, bool>(0), "{statement}");
    }
    for statement in [
        "SELECT strip_visitor(v) FROM visitors v",
        "SELECT make_month_partition('visits', 'checkin_time', '2001-01-01')",
        "INSERT INTO policies (society_id, name, value) SELECT id, 'visitor_retention_days', '30' FROM societies",
        "DELETE FROM policies",
        "UPDATE visitors SET created_at = '2020-01-01'",
    ] {
        assert_denied(&thief, statement).await;
    }
    // What a society decides is audited with the change, and never less than the check allows.
    let decide = |days: i32| {
        format!(
            "SELECT set_policies(id, '{{\"visitor_retention_days\": {days}}}', NULL, NULL) FROM societies"
        )
    };
    let refused = thief.batch_execute(&decide(29)).await.unwrap_err();
    assert_eq!(refused.code().map(|code| code.code()), Some("23514"));
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'policies.set'";
    assert_eq!(world.count(audited).await, 0);
    thief.batch_execute(&decide(30)).await.unwrap();
    assert_eq!(world.count(audited).await, 2);
    assert_eq!(
        world.resident.get(&format!("/v1/visitors/{visitor}")).await.data(200)["visitor_name"],
        "Kiran"
    );
}

/// A right that a migration has forgotten is a defect: the caller is told that it is ours, the operator which one and
/// where to look, and nobody what was in the row. All else goes on.
#[tokio::test]
async fn a_missing_right_says_so() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    world.db.batch_execute("REVOKE INSERT ON visits FROM society360_functions").await.unwrap();
    let checkin = json!({"visitor_id": visitor, "notes": "Kiran brings a desk"});
    let reply = world.guard.post("/v1/visits/checkin", checkin.clone()).await;
    let lines = logs::lines_with(reply.headers["x-request-id"].to_str().unwrap());
    reply.refused(500, "INTERNAL");
    let said = "42501 permission denied for table visits, see docs/grants.md";
    assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    assert!(
        lines.iter().all(|line| !line.contains("Kiran") && !line.contains(&visitor.to_string())),
        "{lines:?}"
    );
    world.log_visitor().await;
    let seen = world.guard.get(&format!("/v1/visitors?flat_id={FLAT_101}")).await.data(200);
    assert_eq!(seen[1]["status"], "accepted", "nothing of it is left");

    world.db.batch_execute("GRANT INSERT ON visits TO society360_functions").await.unwrap();
    world.guard.post("/v1/visits/checkin", checkin).await.data(201);
}

/// How somebody of this name and password reaches a stack's database.
fn connector(world: &World, user: &str, password: &str) -> Connector {
    let owners = world.stack.database_url();
    let (_, place) = owners.split_once('@').unwrap();
    let url = format!("postgres://{user}:{password}@{place}").into();
    Connector::new(&DatabaseConfig { url, root_certificates: None }).unwrap()
}

async fn signs_in(connector: &Connector) -> bool {
    let Ok((client, serving)) = connector.connect().await else { return false };
    let reading = async move { client.query_one("SELECT count(*) FROM visitors", &[]).await.is_ok() };
    tokio::join!(reading, serving).0
}

/// A deployment makes the functions' user, another one leaves them as they are, and one with a new password gives them
/// that. A name is only a name.
#[tokio::test]
async fn a_deployment_lets_the_functions_in() {
    let world = World::open().await;
    let user = format!("o'brien%22{}", Uuid::new_v4().simple());
    let (first, second) = (connector(&world, &user, "first"), connector(&world, &user, "second"));
    assert!(!signs_in(&first).await);
    for _ in 0..2 {
        migrator::admit(&world.db, &first, Instant::now()).await.unwrap();
        assert!(signs_in(&first).await);
    }
    migrator::admit(&world.db, &second, Instant::now()).await.unwrap();
    assert_eq!((signs_in(&first).await, signs_in(&second).await), (false, true));
    let name = user.replace("%22", "\"");
    let taken =
        format!("SELECT format('REVOKE society360_functions FROM %I', '{}')", name.replace('\'', "''"));
    let revoke: String = world.db.query_one(&taken, &[]).await.unwrap().get(0);
    world.db.batch_execute(&revoke).await.unwrap();
    assert!(!signs_in(&second).await);
    migrator::admit(&world.db, &second, Instant::now()).await.unwrap();
    assert!(signs_in(&second).await, "their role is given back");
    world.db.batch_execute(&revoke.replace("REVOKE society360_functions FROM", "DROP ROLE")).await.unwrap();
}

/// An owner who may make no users is told so, and by which right; what is told holds no password.
#[tokio::test]
async fn an_owner_who_may_make_no_users_is_told() {
    let world = World::open().await;
    let user = format!("lambda_{}", Uuid::new_v4().simple());
    let functions = connector(&world, &user, "first");
    let failure = migrator::admit(&thief(&world).await, &functions, Instant::now()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the functions' user is not admitted: 42501 permission denied to create role"
    );
    assert!(!signs_in(&functions).await);
}

/// An operator who gives both users the same credentials is told before any function has them.
#[tokio::test]
async fn the_owner_is_not_let_in_as_a_function() {
    let world = World::open().await;
    let owner = DatabaseConfig { url: world.stack.database_url().into(), root_certificates: None };
    let failure =
        migrator::admit(&world.db, &Connector::new(&owner).unwrap(), Instant::now()).await.unwrap_err();
    assert!(failure.to_string().contains("DATABASE_URL has to name another one"), "{failure}");
}

/// The release before signs in as the owner and goes on beside this one: what its janitor says of visitors and months is
/// still done, and its other statements are the owner's right.
#[tokio::test]
async fn the_release_before_goes_on_as_the_owner() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let strip = "SELECT strip_visitor(v) FROM visitors v WHERE id = $1";
    assert_eq!(world.db.execute(strip, &[&visitor]).await.unwrap(), 1);
    assert_eq!(world.guard.get("/v1/visitors").await.data(200)[0]["visitor_name"], "removed");
    let make = "SELECT make_month_partition('visits', 'checkin_time', '2001-01-01')";
    assert!(world.db.query_one(make, &[]).await.unwrap().get::<_, bool>(0));
    world.db.batch_execute("DELETE FROM idempotency_keys; DELETE FROM request_counts").await.unwrap();
}

/// Months that the janitor makes are reached by the rights of their table alone.
#[tokio::test]
async fn new_months_are_the_owners() {
    let world: Arc<World> = World::open().await;
    world.begin_within_a_month().await;
    let name = "SELECT 'visits_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')";
    let month: String = world.db.query_one(name, &[]).await.unwrap().get(0);
    world.db.batch_execute(&format!("DROP TABLE {month}")).await.unwrap();
    world.stack.lambda().invoke("janitor", "{}".to_owned()).await.unwrap();
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    assert_eq!(
        world.count(&format!("SELECT count(*) FROM {month} WHERE society_id = '{GREEN_ACRES}'")).await,
        1
    );
    assert_denied(&thief(&world).await, &format!("SELECT FROM {month}")).await;
    assert_eq!(Page::read().compare(&world.db).await, [""; 0]);
}
