//! The server keeps the plans of our statements: each is prepared once for a connection.

use std::future::Future;

use serde_json::Value;
use shared::{config::DatabaseConfig, db::Db, sql};
use stack::{Stack, wire::Count};

use crate::support::World;

/// What went over the wire meanwhile.
async fn spent<T>(stack: &Stack, work: impl Future<Output = T>) -> Count {
    let before = stack.wire().total();
    work.await;
    stack.wire().total() - before
}

/// The first request of an environment prepares what it runs, and no later one does.
#[tokio::test]
async fn a_statement_is_prepared_once() {
    let world = World::open().await;
    let first = spent(&world.stack, world.guard.get("/v1/profile/me")).await;
    assert_eq!((first.round_trips, first.prepared), (2, 2));
    for actor in [&world.guard, &world.resident] {
        let later = spent(&world.stack, actor.get("/v1/profile/me")).await;
        assert_eq!((later.round_trips, later.prepared), (2, 0));
    }
}

/// A server behind a pooler may be another one, or have forgotten: then the statement is prepared again.
#[tokio::test]
async fn a_statement_that_the_server_forgot_is_prepared_again() {
    let stack = Stack::start().await.unwrap();
    let db = Db::new(&DatabaseConfig { url: stack.database_url().into(), root_certificates: None }).unwrap();
    let asked = sql!("SELECT jsonb_build_object('backend', pg_backend_pid())");
    let before: Vec<Value> = db.read(asked).await.unwrap();
    db.execute(sql!("DEALLOCATE ALL")).await.unwrap();
    let after: Vec<Value> = db.read(asked).await.unwrap();
    assert_ne!(before, after, "it went on with the connection that knows nothing");
}

/// A statement whose result has another type after a deployment is prepared again.
#[tokio::test]
async fn a_statement_that_answers_otherwise_is_prepared_again() {
    let stack = Stack::start().await.unwrap();
    let db = Db::new(&DatabaseConfig { url: stack.database_url().into(), root_certificates: None }).unwrap();
    let owner = stack.database().await.unwrap();
    owner.batch_execute("CREATE VIEW changing AS SELECT jsonb_build_object('a', 1) AS answer").await.unwrap();
    let asked = sql!("SELECT * FROM changing");
    let before: Vec<Value> = db.read(asked).await.unwrap();
    owner
        .batch_execute("ALTER VIEW changing RENAME TO changed; CREATE VIEW changing AS SELECT '1'::jsonb AS answer, 2 AS more")
        .await
        .unwrap();
    let after: Vec<Value> = db.read(asked).await.unwrap();
    assert_eq!((before, after), (vec![serde_json::json!({"a": 1})], vec![serde_json::json!(1)]));
}

/// Each is planned once, for any values: that is a setting of the functions' user.
#[tokio::test]
async fn a_plan_is_made_for_any_values() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database_as_functions().await.unwrap();
    let mode: String = db.query_one("SHOW plan_cache_mode", &[]).await.unwrap().get(0);
    assert_eq!(mode, "force_generic_plan");
    let asked = db.prepare("SELECT relname::text FROM pg_class WHERE oid = $1").await.unwrap();
    db.query_one(&asked, &[&1259_u32]).await.unwrap();
    let plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT relname%'";
    let row = db.query_one(plans, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 0));
}

/// A plan for any values looks dear, and what looks dear is compiled, which took half a second for an answer of none.
#[tokio::test]
async fn no_plan_is_compiled() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database_as_functions().await.unwrap();
    db.batch_execute("SET jit_above_cost = 0").await.unwrap();
    let plan =
        db.query_one("EXPLAIN (ANALYZE, FORMAT JSON) SELECT count(*) FROM pg_class", &[]).await.unwrap();
    let plan: Value = plan.get(0);
    assert_eq!(plan[0]["JIT"], Value::Null, "{plan}");
}

/// A function in SQL that is not put into the statement that calls it is planned at every call; one in PL/pgSQL keeps its
/// plans.
#[tokio::test]
async fn functions_keep_their_plans() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    let in_sql =
        "SELECT p.proname::text, p.proretset, ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) AS t)
          FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
         WHERE p.pronamespace = 'public'::regnamespace AND l.lanname = 'sql'";
    let mut planned = Vec::new();
    for row in db.query(in_sql, &[]).await.unwrap() {
        let (name, is_set, types): (String, bool, Vec<String>) = (row.get(0), row.get(1), row.get(2));
        let columns = |part: &dyn Fn(usize, &String) -> String| {
            types.iter().enumerate().map(|(place, kind)| part(place, kind)).collect::<Vec<_>>().join(", ")
        };
        let values = columns(&|place, kind| format!("NULL::{kind} AS a{place}"));
        let call = format!("{name}({})", columns(&|place, _| format!("s.a{place}")));
        let sql = if is_set {
            format!("SELECT r FROM (SELECT {values} OFFSET 0) AS s, LATERAL {call} AS r")
        } else {
            format!("SELECT {call} FROM (SELECT {values} OFFSET 0) AS s")
        };
        let plan = db.query(&format!("EXPLAIN (VERBOSE, COSTS OFF) {sql}"), &[]).await.unwrap();
        let calls = |row: &tokio_postgres::Row| row.get::<_, String>(0).contains(&format!("{name}("));
        if plan.iter().any(calls) {
            planned.push(name);
        }
    }
    assert!(planned.is_empty(), "planned at every call: {planned:?}");
}
