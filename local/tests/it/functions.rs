//! Functions of the schema are files: the migrated database has those and no others, and what a release leaves out stays
//! for the release before.

use std::collections::{BTreeMap, BTreeSet};

use stack::Stack;
use tokio_postgres::Client;

/// Signature, name and body of each function that is in the database and no former one.
const PRESENT: &str = "
    SELECT p.oid::regprocedure::text, p.proname::text, p.prosrc FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace
       AND p.oid::regprocedure::text NOT IN (SELECT signature FROM former_functions) ORDER BY 1";

async fn signatures(db: &Client) -> Vec<String> {
    db.query(PRESENT, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn is_there(db: &Client, signature: &str) -> bool {
    db.query_one("SELECT to_regprocedure($1) IS NOT NULL", &[&signature]).await.unwrap().get(0)
}

/// One file for each function, named after it, which says first what it is for; and none in the database without one.
#[tokio::test]
async fn each_function_is_a_file() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    let mut files: BTreeMap<_, _> = migrator::functions().iter().copied().collect();
    for row in db.query(PRESENT, &[]).await.unwrap() {
        let (signature, name, body): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let file =
            files.remove(&*name).unwrap_or_else(|| panic!("{signature} has no file, or has two bodies"));
        assert!(file.contains(&format!("$${body}$$")), "{name}.sql is not what the database has");
        assert!(
            file.starts_with("-- ") && file.matches("CREATE OR REPLACE FUNCTION").count() == 1,
            "{name}.sql"
        );
        assert!(
            file.contains(&format!("\nCREATE OR REPLACE FUNCTION {name}(")),
            "{name}.sql holds another one"
        );
    }
    assert!(files.is_empty(), "not in the database: {:?}", files.keys());
}

/// What is in SQL is checked when all functions are there, which their order of creation does not allow.
#[tokio::test]
async fn functions_are_accepted_with_their_bodies_checked() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    for (name, text) in migrator::functions() {
        db.batch_execute(text).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// A database of the release before has other functions of these names: the files decide.
#[tokio::test]
async fn a_changed_function_is_put_right() {
    let stack = Stack::start().await.unwrap();
    let mut db = stack.database().await.unwrap();
    let changed = "CREATE OR REPLACE FUNCTION push_lease() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '1 hour' $$";
    db.batch_execute(changed).await.unwrap();
    migrator::replace_functions(&mut db).await.unwrap();
    let lease: String = db.query_one("SELECT push_lease()::text", &[]).await.unwrap().get(0);
    assert_eq!(lease, "00:00:05");
}

/// A database that serves a society was deployed to before.
const SOCIETY: &str = "INSERT INTO societies (name, city) VALUES ('Green Acres', 'Bengaluru')";

/// One that serves none was not, so it holds no function of an earlier release: what calls one is noticed by all stories.
#[tokio::test]
async fn a_new_database_has_no_former_function() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    let all = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
    let all: i64 = db.query_one(all, &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(all).unwrap(), migrator::functions().len());
}

/// What a release does not have any more stays while the release before may call it, however often it is deployed; the
/// one that comes a week later drops it. One that comes back, as after a rollback, stays for good.
#[tokio::test]
async fn a_former_function_stays_for_a_release() {
    let stack = Stack::start().await.unwrap();
    let mut db = stack.database().await.unwrap();
    db.batch_execute(SOCIETY).await.unwrap();
    migrator::replace_functions(&mut db).await.unwrap();
    let ours = signatures(&db).await;
    let former = "CREATE FUNCTION emit(p_room text) RETURNS text LANGUAGE sql AS $$ SELECT p_room $$";
    db.batch_execute(former).await.unwrap();
    for _ in 0..2 {
        migrator::replace_functions(&mut db).await.unwrap();
        assert!(is_there(&db, "emit(text)").await);
    }
    assert_eq!(signatures(&db).await, ours);

    db.batch_execute("UPDATE former_functions SET release = 'before'").await.unwrap();
    migrator::replace_functions(&mut db).await.unwrap();
    assert!(is_there(&db, "emit(text)").await, "a release that was taken back is the only one since");
    let earlier = "INSERT INTO former_functions VALUES ('push_lease()', 'before');
        UPDATE former_functions SET noted_at = noted_at - interval '8 days'";
    db.batch_execute(earlier).await.unwrap();
    migrator::replace_functions(&mut db).await.unwrap();
    assert!(!is_there(&db, "emit(text)").await);
    assert!(is_there(&db, "push_lease()").await);
    migrator::replace_functions(&mut db).await.unwrap();
    let left: i64 = db.query_one("SELECT count(*) FROM former_functions", &[]).await.unwrap().get(0);
    assert_eq!((left, signatures(&db).await), (0, ours));
}

/// One that is refused leaves all as they were, and says its name.
#[tokio::test]
async fn a_function_that_is_refused_leaves_all_as_they_were() {
    let stack = Stack::start().await.unwrap();
    let mut db = stack.database().await.unwrap();
    let other = "DROP FUNCTION push_lease(); CREATE FUNCTION push_lease() RETURNS text LANGUAGE sql AS $$ SELECT 'long' $$;
        CREATE OR REPLACE FUNCTION has_part(me scope, p_society uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT false $$";
    db.batch_execute(other).await.unwrap();
    let failure = migrator::replace_functions(&mut db).await.unwrap_err().to_string();
    assert!(failure.starts_with("the function push_lease: 42P13 "), "{failure}");
    let body = "SELECT prosrc FROM pg_proc WHERE proname = 'has_part'";
    let left: String = db.query_one(body, &[]).await.unwrap().get(0);
    assert_eq!(left, " SELECT false ");
}

/// The history stays as it is: what comes after it makes no function, so that nobody reads one in two places.
#[test]
fn migrations_make_no_function() {
    for migration in
        migrator::migrations().get_migrations().iter().filter(|migration| migration.version() > 17)
    {
        let text = migration.sql().unwrap();
        assert!(
            !text.contains(" FUNCTION "),
            "{migration} makes, changes or drops a function; it has a file"
        );
    }
}

/// What the answer of a visitor is made of stands in one function, and that says what the API reference says.
#[tokio::test]
async fn a_visitor_is_answered_as_the_reference_says() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    let keys = "SELECT jsonb_object_keys(visitor_answer(NULL::visitors))";
    let answered: BTreeSet<String> =
        db.query(keys, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let document = tasks::openapi::document();
    let properties = document["components"]["schemas"]["Visitor"]["properties"].as_object().unwrap();
    assert_eq!(answered, properties.keys().cloned().collect());
}
