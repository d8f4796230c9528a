//! `docs/data.md` names every table and every column of the database, and says of each whether it is personal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use stack::{Stack, checkout};

use crate::support::World;

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition";
const CLASSES: [&str; 4] = ["direct", "text", "link", "about"];

/// What is between backquotes.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A table or column that a migration adds is named here until the page says what it holds.
#[tokio::test]
async fn every_column_is_classified() {
    let stack = Stack::start().await.unwrap();
    let db = stack.database().await.unwrap();
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in db.query(COLUMNS, &[]).await.unwrap() {
        there.entry(row.get(0)).or_default().insert(row.get(1));
    }
    let page = fs::read_to_string(checkout().join("docs/data.md")).unwrap();
    let mut wrong = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [table, holds, personal, other, kept, remover, why] = cells[..] else { panic!("{row}") };
        let table = table.trim_matches('`');
        let Some(columns) = there.remove(table) else {
            wrong.push(format!("there is no table {table}, or it has two rows"));
            continue;
        };
        for part in personal.split("; ").filter(|part| !part.is_empty()) {
            let (class, _) = part.split_once(": ").unwrap_or((part, ""));
            if !CLASSES.contains(&class) {
                wrong.push(format!("{table}: {class} is no class"));
            }
        }
        let named: Vec<_> = names(personal).into_iter().chain(names(other)).map(str::to_owned).collect();
        let once: BTreeSet<_> = named.iter().cloned().collect();
        if once.len() < named.len() {
            wrong.push(format!("{table}: a column is named twice"));
        }
        wrong.extend(columns.difference(&once).map(|column| format!("{table}.{column} is not classified")));
        wrong.extend(once.difference(&columns).map(|column| format!("there is no {table}.{column}")));
        if [holds, kept, remover, why].contains(&"") {
            wrong.push(format!("{table}: what, how long, who, why?"));
        }
    }
    wrong.extend(there.keys().map(|table| format!("docs/data.md has no row for {table}")));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What no visitor may be is refused by the database, whatever writes it.
#[tokio::test]
async fn no_visitor_is_what_none_can_be() {
    let world = World::open().await;
    world.log_visitor().await;
    for (wrong, rule) in [
        ("decided_by = 'nobody'", "visitors_decided_by_check"),
        ("max_entries = 101", "visitors_entries_check"),
        ("entries = 2", "visitors_entries_check"),
        ("entries = -1", "visitors_entries_check"),
        ("status = 'elsewhere'", "visitors_status_check"),
        ("status = 'checked_in'", "visitors_inside_check"),
        ("status = 'checked_out', visit_id = uuid_v7(), checkin_time = now()", "visitors_left_check"),
        ("number_of_people = 51", "visitors_number_of_people_check"),
        ("visit_id = uuid_v7()", "visitors_visit_check"),
        ("expected_end = expected_start", "visitors_window_check"),
    ] {
        let failed = world.db.batch_execute(&format!("UPDATE visitors SET {wrong}")).await.unwrap_err();
        let failed = failed.as_db_error().unwrap();
        assert_eq!((failed.code().code(), failed.constraint()), ("23514", Some(rule)), "{wrong}");
    }
    let right = "UPDATE visitors SET decided_by = NULL, expected_end = NULL, max_entries = 100, entries = 100, number_of_people = 50";
    world.db.batch_execute(right).await.unwrap();
}
