//! What years of history cost the gate: the same requests with ten thousand, a million and ten million visits, and 100
//! to 100,000 flats, in one database that grows. The demo society, which asks, has as many visitors a day all the time: what
//! grows is its past, and all that is of others.

use reqwest::Method;
use stack::Progress;

use super::{
    Counting,
    gate::{Meter, SOCIETY, Size, day, flat, guard, resident},
    report::ratio,
    system::System,
};
use crate::Error;

const PLACES: &str = include_str!("../../seed/years_places.sql");
const VISITS: &str = include_str!("../../seed/years_visits.sql");
/// Visitors, of whom nine in ten came in; flats; and months that they came in.
const STEPS: [(usize, usize, usize); 3] =
    [(10_000, 100, 12), (1_000_000, 10_000, 24), (10_000_000, 100_000, 96)];
/// Visitors of the demo society in a month: all there are at the first step.
const A_MONTH: usize = 833;
/// Visitors that are filled in at once.
const BATCH: usize = 500_000;
/// From so many on, indexes are made after the rows.
const MANY: usize = 100_000;
const SIZE: Size = Size { callers: 1, warming: 40, counted: 100 };
/// Rows come faster with these, all of which a running server takes.
const SETTINGS: &str = "\nmax_wal_size = 16GB\ncheckpoint_timeout = 1h\nmaintenance_work_mem = 512MB\nmax_parallel_maintenance_workers = 2\n";
/// The indexes of what is filled in that guard nothing: with a million rows they are made quicker at once.
const INDEXES: &str = "SELECT c.relname, pg_get_indexdef(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = ANY ('{visitors,visits,visitor_approvals,audit_logs,notifications}'::regclass[]) AND NOT i.indisunique
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)";

/// What is measured at each step.
pub(super) struct Step {
    visitors: usize,
    flats: usize,
    months: usize,
    counting: Counting,
}

/// Fills a database in steps of no more than so many visits, and measures after each.
pub(super) async fn grow(system: &System, most: usize, progress: Progress) -> Result<Vec<Step>, Error> {
    system.configure(SETTINGS)?;
    let mut steps = Vec::new();
    let (mut filled, mut lived) = (0, 0);
    for (visitors, flats, months) in STEPS.into_iter().filter(|step| step.0 <= most) {
        progress.say(format_args!(
            "Filling a database with {visitors} visitors of {months} months in {flats} flats"
        ));
        fill(system, (filled, lived), (visitors, flats, months), progress).await?;
        (filled, lived) = (visitors, months);
        progress.say("Measuring");
        let mut counting = Counting::default();
        reads(system, &mut counting).await?;
        day(system, SIZE, &mut counting).await?;
        steps.push(Step { visitors, flats, months, counting });
        // A new step finds the functions as a deployment would: without connections.
        system.fleet.recycle();
    }
    Ok(steps)
}

async fn fill(
    system: &System,
    (filled, lived): (usize, usize),
    (visitors, flats, months): (usize, usize, usize),
    progress: Progress,
) -> Result<(), Error> {
    let superuser = system.superuser().await?;
    let put = |sql: &str, figures: &[(&str, usize)]| {
        figures.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, &value.to_string()))
    };
    superuser.batch_execute(&put(PLACES, &[(":flats", flats), (":months", months)])).await?;
    let mut indexes = Vec::new();
    if visitors - filled >= MANY {
        for row in superuser.query(INDEXES, &[]).await? {
            let (name, definition): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            superuser.batch_execute(&format!("DROP INDEX {name}")).await?;
            indexes.push(definition);
        }
    }
    let every = ((visitors - filled) / (A_MONTH * months)).max(1);
    let mut first = filled + 1;
    while first <= visitors {
        let last = (first + BATCH - 1).min(visitors);
        let figures = [
            (":first", first),
            (":last", last),
            (":all", visitors),
            (":months", months),
            (":every", every),
            (":lived", lived),
        ];
        superuser.batch_execute(&put(VISITS, &figures)).await?;
        if visitors > BATCH {
            progress.say(format_args!("  {last} of {visitors}"));
        }
        first = last + 1;
    }
    for definition in indexes {
        // Of a partitioned table the definition says ONLY, which would leave the partitions out.
        superuser.batch_execute(&definition.replace(" ON ONLY ", " ON ")).await?;
    }
    superuser.batch_execute("RESET session_replication_role").await?;
    superuser.batch_execute("VACUUM (ANALYZE)").await?;
    Ok(superuser.batch_execute("CHECKPOINT").await?)
}

/// What is read at the gate and in a flat, beside the day's own requests.
async fn reads(system: &System, counting: &mut Counting) -> Result<(), Error> {
    let flat = flat(0);
    let (guard, resident) = (guard(0), resident(0));
    let of = |query: &str| format!("/v1/visitors{query}");
    let month = time::OffsetDateTime::now_utc() - time::Duration::days(30);
    let month = month.date();
    for (name, uid, path) in [
        ("a guard's visitors, newest first", &guard, of("")),
        ("a guard's visitors, status=pending", &guard, of("?status=pending")),
        ("a guard's visitors, status=accepted", &guard, of("?status=accepted")),
        ("a guard's visitors, status=checked_in", &guard, of("?status=checked_in")),
        ("a guard's visitors, status=denied", &guard, of("?status=denied")),
        ("a guard's visitors, status=checked_out", &guard, of("?status=checked_out")),
        (
            "a guard's visitors to a flat, status=pending",
            &guard,
            of(&format!("?status=pending&flat_id={flat}")),
        ),
        (
            "a guard's visitors to a flat, status=denied",
            &guard,
            of(&format!("?status=denied&flat_id={flat}")),
        ),
        ("a guard's visitors to a flat", &guard, of(&format!("?flat_id={flat}"))),
        ("a resident's visitors", &resident, of("")),
        ("how many wait for a flat", &guard, of(&format!("/pending-count?flat_id={flat}"))),
        ("visitors expected today", &guard, format!("/v1/society/{SOCIETY}/expected-visitors")),
        ("a guard's visits, newest first", &guard, "/v1/visits".to_owned()),
        ("a guard's visits of 30 days", &guard, format!("/v1/visits?from={month}")),
        ("a guard's visits to a flat", &guard, format!("/v1/visits?flat_id={flat}")),
        ("a resident's visits", &resident, "/v1/visits".to_owned()),
    ] {
        let mut calls = Vec::new();
        for _ in 0..SIZE.warming + SIZE.counted {
            calls.push(system.call(Method::GET, &path, uid, None).await?);
        }
        counting.measure(system, name, SIZE, calls).await?;
    }
    Ok(())
}

/// The table: what each costs at the first step, and how many times that later.
pub(super) fn table(steps: &[Step]) -> String {
    let Some((first, later)) = steps.split_first() else { return String::new() };
    let mut table = String::from("| Request |");
    let shape = |step: &Step| {
        format!("{} visitors, {} flats, {} months", grouped(step.visitors), grouped(step.flats), step.months)
    };
    table.push_str(&format!(" {}: PostgreSQL's CPU, ms | buffers |", shape(first)));
    for step in later {
        table.push_str(&format!(" {}: CPU, times that | buffers, times that |", shape(step)));
    }
    table.push_str(&format!("\n|{}\n", "---|".repeat(3 + 2 * later.len())));
    for (place, (request, count)) in first.counting.counts.iter().enumerate() {
        table.push_str(&format!("| {request} | {:.2} | {:.0} |", count.postgres, count.buffers));
        for step in later {
            let then = step.counting.counts.get(place).map(|(_, count)| *count).unwrap_or_default();
            table.push_str(&format!(
                " {} | {} |",
                ratio(then.postgres, count.postgres),
                ratio(then.buffers, count.buffers)
            ));
        }
        table.push('\n');
    }
    table
}

/// A number with commas.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(100), "100");
        assert_eq!(grouped(10_000_000), "10,000,000");
    }
}
