//! SQL is checked before it runs: every statement and every function is tried on a migrated database, and a row that is
//! read as something else says where it does not fit.

use std::{fs, path::Path};

use serde::Deserialize;
use shared::{StoreError, config::DatabaseConfig, db::Db, sql, statement::named};
use stack::{Stack, checkout};
use tokio_postgres::types::Type;

/// Every statement of the functions by where it stands: a file of its own, or `sql!` in the code.
pub(crate) fn statements() -> Vec<(String, String)> {
    let mut found = Vec::new();
    ["shared/src", "functions"].iter().for_each(|folder| collect(&checkout().join(folder), &mut found));
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let place = path.strip_prefix(checkout()).unwrap().display().to_string();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|end| end == "sql") {
            found.push((place, fs::read_to_string(&path).unwrap()));
        } else if path.extension().is_some_and(|end| end == "rs") && !place.ends_with("src/statement.rs") {
            let code = fs::read_to_string(&path).unwrap();
            for (number, after) in code.split(concat!("sql", "!(")).skip(1).enumerate() {
                let text = after.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
                let (text, _) =
                    text.unwrap_or_else(|| panic!("{place}: what is no literal cannot be checked"));
                found.push((format!("{place}, sql! {}", number + 1), text.to_owned()));
            }
        }
    }
}

/// Each is one that the server accepts, from the user of the functions; so are the types that it finds for parameters,
/// which are its own, since others would have to be asked for.
#[tokio::test]
async fn every_statement_is_accepted() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database_as_functions().await.unwrap();
    // A plan for any values, as the server makes it in the end, with all that the statement could read.
    db.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    let (mut refused, statements) = (Vec::new(), statements());
    assert!(statements.len() > 50, "only {} were found", statements.len());
    for (place, text) in statements {
        let (sql, names) = named(&text);
        match db.prepare(&sql).await {
            Err(error) => refused.push(format!("{place}: {}", error.as_db_error().unwrap())),
            Ok(prepared) => {
                let columns = prepared.columns().iter().map(|column| column.type_());
                let strange =
                    prepared.params().iter().chain(columns).find(|kind| Type::from_oid(kind.oid()).is_none());
                if let Some(kind) = strange {
                    refused.push(format!("{place}: has to ask the server for the type {kind}"));
                }
                if prepared.params().len() != names.len() {
                    refused.push(format!("{place}: a parameter is never used"));
                }
            }
        }
        // Rights are looked at by what would run.
        let values = vec!["NULL"; names.len()].join(", ");
        let values = if names.is_empty() { values } else { format!("({values})") };
        let explain = format!("PREPARE tried AS {sql}; EXPLAIN EXECUTE tried{values}; DEALLOCATE tried");
        if let Err(error) = db.batch_execute(&explain).await {
            refused.push(format!("{place}: {}", error.as_db_error().unwrap()));
            db.batch_execute("DEALLOCATE ALL").await.unwrap();
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What PL/pgSQL says in SQL is looked at where it runs first. So each function is called in several ways: with nothing,
/// and with values that fit, of the demo society where they are rows. What it makes of them does not matter; that it is no
/// SQL does.
#[tokio::test]
async fn every_function_can_run() {
    let stack = Stack::builder().seed(stack::Seed::Demo).start().await.unwrap();
    let db = stack.database().await.unwrap();
    db.batch_execute("SET statement_timeout = '5s'").await.unwrap();
    let functions = "SELECT p.oid::regprocedure::text, p.proname::text,
            ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, place) ORDER BY place)
       FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype
        -- Makes SQL of names that only `make_partition` gives it, which is called, too.
        AND p.proname <> 'make_month_partition'";
    let functions = db.query(functions, &[]).await.unwrap();
    assert!(functions.len() > 80, "only {} were found", functions.len());
    let (mut refused, mut ran) = (Vec::new(), 0);
    for row in &functions {
        let (signature, name, types): (String, String, Vec<String>) = (row.get(0), row.get(1), row.get(2));
        let mut done = false;
        for round in [None, Some("true"), Some("false")] {
            let values: Vec<_> = types.iter().map(|kind| value(&signature, kind, round)).collect();
            let call = format!("BEGIN; SELECT * FROM {name}({}); ROLLBACK", values.join(", "));
            match db.batch_execute(&call).await {
                Ok(()) => done = true,
                Err(error) => {
                    let error = error.as_db_error().unwrap();
                    // 42: it is no SQL, or means what is not there. 0A: it is SQL that this server has not.
                    if ["42", "0A"].iter().any(|class| error.code().code().starts_with(class)) {
                        refused.push(format!(
                            "{signature}: {} {}, called with {values:?}",
                            error.code().code(),
                            error.message()
                        ));
                    }
                    db.batch_execute("ROLLBACK").await.unwrap();
                }
            }
        }
        ran += usize::from(done);
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(ran * 10 > functions.len() * 8, "only {ran} of {} ran to their end", functions.len());
}

/// A value of that type, for that function.
fn value(signature: &str, kind: &str, round: Option<&str>) -> String {
    let Some(yes) = round else { return format!("NULL::{kind}") };
    let value = match kind {
        "boolean" => yes,
        "uuid" => "'44444444-4444-4444-4444-444444444444'",
        "uuid[]" => "ARRAY['44444444-4444-4444-4444-444444444444']",
        "text" if signature.starts_with("make_partition(") => "'visits'",
        "text" if yes == "true" => "'flat:44444444-4444-4444-4444-444444444444'",
        "text" => "'society:11111111-1111-1111-1111-111111111111'",
        "text[]" => "ARRAY['approval_timeout_seconds']",
        "bigint" | "integer" | "smallint" | "numeric" | "double precision" => "5",
        "bigint[]" => "ARRAY[5]",
        "timestamp with time zone" | "timestamp without time zone" => "now()",
        "date" => "current_date",
        "interval" => "'1 hour'",
        "time without time zone" => "'10:00'",
        "boolean[]" => "ARRAY[false]",
        "jsonb[]" => "ARRAY['[]'::jsonb]",
        "bytea" => "'\\x07'",
        "jsonb" if yes == "true" => "'{}'",
        "jsonb" => "'[]'",
        "regclass" => "'visits'",
        // A row, where there is one.
        "scope" => {
            return "(SELECT s FROM users u, caller_scope(u.id) s WHERE u.firebase_uid = 'demo-guard-1')"
                .to_owned();
        }
        table => return format!("(SELECT t FROM {table} t LIMIT 1)"),
    };
    format!("{value}::{kind}")
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is read, and no more")]
struct Visit {
    visitor: String,
    people: Vec<Person>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is read, and no more")]
struct Person {
    name: String,
    age: u8,
}

/// The operator is told which field it is, and nobody what it holds.
#[tokio::test]
async fn a_row_that_does_not_fit_says_where() {
    let stack = Stack::start().await.unwrap();
    let db = Db::new(&DatabaseConfig { url: stack.database_url().into(), root_certificates: None }).unwrap();
    let row = async |people: &'static str| {
        let row =
            sql!("SELECT jsonb_build_object('visitor', 'Kiran', 'people', :people::text::jsonb)", people);
        match db.read_one::<Visit>(row).await {
            Err(StoreError::Defect(why)) => why.split_once(": it is no ").unwrap().1.to_owned(),
            other => panic!("{other:?}"),
        }
    };
    for (people, why) in [
        (r#"[{"name": "Asha", "age": 30}, {"name": "Ravi", "age": "Leela"}]"#, "people[1].age does not fit"),
        (r#"[{"name": "Asha", "age": 3000}]"#, "people[0].age does not fit"),
        (r#"[{"name": "Asha"}]"#, "people[0].age is missing"),
        (r#"{"name": "Asha"}"#, "people does not fit"),
    ] {
        assert_eq!(row(people).await, format!("it::statements::Visit: {why}"));
    }
    let nothing = db.read_one::<Visit>(sql!("SELECT NULL::jsonb")).await;
    assert!(matches!(nothing, Err(StoreError::Defect(why)) if why.ends_with("it is null, or no JSON")));
}

/// A value of another type than the server found is refused before anything is sent.
#[tokio::test]
async fn a_value_of_another_type_is_refused() {
    let stack = Stack::start().await.unwrap();
    let db = Db::new(&DatabaseConfig { url: stack.database_url().into(), root_certificates: None }).unwrap();
    let asked = sql!("SELECT to_jsonb(name) FROM societies WHERE id = :society", society = "Green Acres");
    let Err(StoreError::Defect(why)) = db.read_one::<String>(asked).await else { panic!("it was taken") };
    assert!(!why.contains("Green Acres"), "{why}");
}
