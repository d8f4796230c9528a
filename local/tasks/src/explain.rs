//! How PostgreSQL runs the list queries when a society has years of history: `cargo dev explain`
//! fills a database with 200,000 visitors and 1,000,000 visits, runs each list, and shows which
//! indexes and which monthly partitions were read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::{statement, statement::Statement};
use stack::{Progress, Seed, Stack};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::Error;

const FILL: &str = include_str!("../seed/history.sql");

/// The tables that grow without end.
const LARGE: [&str; 2] = ["visitors", "visits"];

/// How one list was run.
#[derive(Debug)]
pub struct Plan {
    /// What was asked.
    pub question: &'static str,
    /// Indexes that were read.
    pub indexes: BTreeSet<String>,
    /// Partitions of `visits` that were read.
    pub partitions: BTreeSet<String>,
    /// Large tables that were read from end to end; there should be none.
    pub whole_tables: BTreeSet<String>,
    /// Pages read, in the cache or not.
    pub buffers: i64,
    /// Milliseconds, on this machine.
    pub milliseconds: f64,
}

/// Fills a database and runs every list on it. It takes about a minute.
pub async fn plans(progress: Progress) -> Result<Vec<Plan>, Error> {
    let stack = Stack::builder().progress(progress).seed(Seed::Demo).start().await?;
    let db = stack.database().await?;
    progress.say("Filling a database with a million visits, which takes about a minute");
    db.batch_execute(FILL).await?;
    progress.say("Running every list");
    let now = OffsetDateTime::now_utc();
    let (month_ago, tomorrow) = (now - Duration::days(30), now + Duration::days(1));
    let last_year = (now - Duration::days(300), now - Duration::days(295));
    let (start, last) = (time::macros::datetime!(9999-12-31 0:00 UTC), Uuid::max());
    let (guard, resident) =
        (id("66666666-6666-6666-6666-000000000001")?, id("55555555-5555-5555-000a-000000000101")?);
    let (flat, society) =
        (id("44444444-4444-4444-4444-444444444444")?, id("11111111-1111-1111-1111-111111111111")?);
    let none_uuid: Option<Uuid> = None;
    let (none_text, none_day): (Option<&str>, Option<time::Date>) = (None, None);
    let (none_time, none_clock): (Option<OffsetDateTime>, Option<PrimitiveDateTime>) = (None, None);
    let rows = 101_i64;

    let mut plans = Vec::new();
    for (question, caller, flat, from, to) in [
        ("a guard's visits, newest first", guard, none_uuid, none_time, none_time),
        ("a guard's visits of the last 30 days", guard, none_uuid, Some(month_ago), Some(tomorrow)),
        (
            "a guard's visits of five days 10 months ago",
            guard,
            none_uuid,
            Some(last_year.0),
            Some(last_year.1),
        ),
        ("a resident's visits of the last 30 days", resident, none_uuid, Some(month_ago), Some(tomorrow)),
        (
            "a guard's visits to one flat in the last 30 days",
            guard,
            Some(flat),
            Some(month_ago),
            Some(tomorrow),
        ),
    ] {
        let visits = statement!(
            "../../../functions/visits/src/list.sql",
            caller,
            flat,
            from_at = from,
            from_clock = none_clock,
            to_at = to,
            to_clock = none_clock,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(&db, question, visits).await?);
    }
    for (question, caller, flat, status, from) in [
        ("a guard's visitors, newest first", guard, none_uuid, none_text, none_time),
        ("a guard's visitors inside now", guard, none_uuid, Some("checked_in"), none_time),
        ("a guard's visitors of the last 30 days", guard, none_uuid, none_text, Some(month_ago)),
        ("a resident's visitors", resident, none_uuid, none_text, none_time),
        ("a guard's visitors to one flat", guard, Some(flat), none_text, none_time),
    ] {
        let visitors = statement!(
            "../../../functions/visitors/src/list.sql",
            caller,
            flat,
            status,
            from_at = from,
            from_clock = none_clock,
            to_at = none_time,
            to_clock = none_clock,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(&db, question, visitors).await?);
    }
    let expected = statement!(
        "../../../functions/guards/src/expected.sql",
        caller = guard,
        society,
        day = none_day,
        before_at = start,
        before_id = last,
        rows
    );
    plans.push(explain(&db, "visitors expected today", expected).await?);
    let pending = statement!(
        "../../../functions/visitors/src/pending.sql",
        caller = resident,
        before_at = start,
        before_id = last,
        rows
    );
    plans.push(explain(&db, "a resident's pending visitors", pending).await?);
    Ok(plans)
}

/// The plans as a table of Markdown.
pub fn table(plans: &[Plan]) -> String {
    let join = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut table = String::from(
        "| List | Buffers | Large tables read whole | Partitions of visits | Indexes |\n|---|---|---|---|---|\n",
    );
    for plan in plans {
        let whole = if plan.whole_tables.is_empty() { "none".to_owned() } else { join(&plan.whole_tables) };
        let partitions = match plan.partitions.len() {
            0..=3 => join(&plan.partitions),
            number => format!("all {number}"),
        };
        let indexes = plan.indexes.iter().filter(|name| LARGE.iter().any(|table| name.starts_with(table)));
        let indexes: BTreeSet<String> = indexes.map(|name| of_any_month(name)).collect();
        table.push_str(&format!(
            "| {} | {} | {whole} | {partitions} | {} |\n",
            plan.question,
            plan.buffers,
            join(&indexes)
        ));
    }
    table
}

/// An index's name without the month of its partition.
fn of_any_month(index: &str) -> String {
    index
        .split('_')
        .filter(|part| *part != "default" && part.parse::<u32>().is_err())
        .collect::<Vec<_>>()
        .join("_")
}

/// Has a statement run as the functions have it, by a plan for any values, and notes what it read. Functions that it calls
/// are no part of `EXPLAIN`'s tree, so indexes and partitions come from the server's counts.
///
/// # Errors
/// The server refuses it.
pub async fn explain(db: &Client, question: &'static str, statement: Statement<'_>) -> Result<Plan, Error> {
    db.batch_execute("SET plan_cache_mode = force_generic_plan; SET stats_fetch_consistency = none").await?;
    let types = db.prepare(statement.sql).await?;
    let quoted: Vec<String> = types
        .params()
        .iter()
        .enumerate()
        .map(|(place, kind)| format!("quote_nullable(${}::{kind})", place + 1))
        .collect();
    let values: String = db
        .query_one(&format!("SELECT concat_ws(', ', {})", quoted.join(", ")), statement.values)
        .await?
        .try_get(0)?;
    db.batch_execute(&format!("PREPARE asked AS {}", statement.sql)).await?;
    // The first run makes the plans, and reads the catalogue for them.
    db.batch_execute(&format!("EXECUTE asked ({values})")).await?;
    let before = reads(db).await?;
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ({values})");
    let text: Value = db.query_one(&sql, &[]).await?.try_get(0)?;
    let after = reads(db).await?;
    db.batch_execute("DEALLOCATE asked").await?;
    let top = &text[0]["Plan"];
    let mut plan = Plan {
        question,
        indexes: BTreeSet::new(),
        partitions: BTreeSet::new(),
        whole_tables: BTreeSet::new(),
        buffers: ["Shared Hit Blocks", "Shared Read Blocks"]
            .iter()
            .map(|kind| top[*kind].as_i64().unwrap_or_default())
            .sum(),
        milliseconds: text[0]["Execution Time"].as_f64().unwrap_or_default(),
    };
    for (name, (kind, count)) in after {
        let earlier = before.get(&name).map_or(0, |(_, count)| *count);
        if count == earlier {
            continue;
        }
        match kind.as_str() {
            "index" => plan.indexes.insert(name),
            "rows" => plan.whole_tables.insert(name.trim_end_matches(" rows").to_owned()),
            _ => plan.partitions.insert(name),
        };
    }
    Ok(plan)
}

/// How often each index of the large tables was read, and each partition of `visits`, and how many rows were read of large
/// tables from end to end (a partition without rows has nothing to be read), by name.
async fn reads(db: &Client) -> Result<BTreeMap<String, (String, i64)>, Error> {
    // What a backend has counted is told by itself only once a second.
    db.batch_execute("SELECT pg_stat_force_next_flush()").await?;
    let sql = "SELECT indexrelname::text, 'index', idx_scan FROM pg_stat_user_indexes WHERE relname ~ $1
               UNION ALL SELECT relname || ' rows', 'rows', seq_tup_read FROM pg_stat_user_tables WHERE relname ~ $1
               UNION ALL SELECT relname::text, 'partition', coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables
                          WHERE relname LIKE 'visits\\_%'";
    let large = format!("^({})", LARGE.join("|"));
    let rows = db.query(sql, &[&large]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}

fn id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|error| Error::Failed(error.to_string()))
}
