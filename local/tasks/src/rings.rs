//! What the dispatcher is used for while visitors come, and the table of it in `docs/performance.md`.
//!
//! A visit here is what a visit is to the dispatcher: a commit with an event and a message, the push that its function
//! notes a moment later, and the ring. It is written by the same SQL function, without the way through the HTTP API, since
//! one machine would not bear 170 of those a second.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gateway::Usage;
use serde_json::{Value, json};
use shared::{Cause, realtime::Task};
use stack::{Progress, Stack};
use tokio::time::{sleep, sleep_until};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::Error;

/// Visits a second.
const RATES: [u32; 3] = [2, 20, 170];
/// How long they come.
const TIME: Duration = Duration::from_secs(20);
/// How far FCM is away.
const FCM: Duration = Duration::from_millis(100);
/// How long the push of a visit's event takes.
const PUSH: Duration = Duration::from_millis(30);
/// Connections to the database that visits share.
const CLIENTS: usize = 6;
/// How long the last messages may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A society for each flat, and a phone in each flat.
const PLACES: &str = "
    CREATE TEMPORARY TABLE place AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, 400) AS n;
    INSERT INTO societies (id, name, city) SELECT id, 'Society ' || n, 'Bengaluru' FROM place;
    INSERT INTO complexes (id, society_id, name) SELECT id, id, 'Tower' FROM place;
    INSERT INTO blocks (id, complex_id, name) SELECT id, id, 'Block' FROM place;
    INSERT INTO flats (id, block_id, flat_number) SELECT id, id, '101' FROM place;
    INSERT INTO users (id, firebase_uid, name) SELECT id, 'resident-' || n, 'Resident ' || n FROM place;
    INSERT INTO flat_occupancies (flat_id, user_id, is_primary) SELECT id, id, true FROM place;
    INSERT INTO devices (user_id, device_identifier, token, platform) SELECT id, 'phone-' || n, 'phone-' || n, 'android' FROM place;";

const VISIT: &str = "
    WITH visitor AS (
        INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, status, approval_deadline, created_by)
        SELECT $1, society_id, block_id, flat_id, 'Kiran', '9876543210', 'pending', now() + interval '5 minutes', flat_id
          FROM places WHERE flat_id = $2 RETURNING *)
    SELECT emit('flat:' || flat_id, 'visitor_request', jsonb_build_object(
               'visitor_id', id, 'visitor_name', visitor_name, 'approval_deadline', rfc3339(approval_deadline)), NULL, NULL, NULL) FROM visitor";

/// What the dispatcher was used for at a rate.
#[derive(Debug)]
pub(crate) struct Used {
    rate: u32,
    visits: usize,
    usage: Usage,
    /// From the commit until FCM has the message, in the order of length.
    delays: Vec<Duration>,
}

/// Has visitors come at each rate, and counts.
pub(crate) async fn measure(progress: Progress) -> Result<Vec<Used>, Error> {
    let mut all = Vec::new();
    for rate in RATES {
        progress.say(format_args!("{rate} visits a second, for {} s", TIME.as_secs()));
        all.push(at(rate, progress).await?);
    }
    Ok(all)
}

async fn at(rate: u32, progress: Progress) -> Result<Used, Error> {
    let stack = Stack::builder().progress(progress).own_server().start().await?;
    stack.messages().take_time(FCM);
    let clients = join_all((0..CLIENTS).map(|_| stack.database())).await;
    let clients = clients.into_iter().collect::<Result<Vec<_>, _>>()?;
    let [first, ..] = &clients[..] else { return Err(failed("there is no connection")) };
    first.batch_execute(PLACES).await?;
    let flats: Vec<Uuid> =
        first.query("SELECT id FROM place ORDER BY n", &[]).await?.iter().map(|row| row.get(0)).collect();
    // The way to FCM is open, and an environment is warm.
    invoke(&stack, &Task::Send(Cause::default()))?;
    sleep(PUSH).await;
    stack.lambda().take_usage("dispatcher");

    let (began, count) = (Instant::now(), rate * u32::try_from(TIME.as_secs()).unwrap_or(0));
    let visits = flats.iter().cycle().zip(clients.iter().cycle()).zip(0..count).map(|((flat, client), n)| {
        let at = began + TIME * n / count;
        visit(&stack, client, *flat, at)
    });
    let committed = join_all(visits).await.into_iter().collect::<Result<HashMap<_, _>, _>>()?;
    let end = Instant::now() + PATIENCE;
    while stack.messages().handed().len() < committed.len() && Instant::now() < end {
        sleep(PUSH).await;
    }
    // Those that wait for something end as well.
    let mut usage = Usage::default();
    loop {
        let part = stack.lambda().take_usage("dispatcher").unwrap_or_default();
        usage.invocations += part.invocations;
        usage.time += part.time;
        usage.at_once = usage.at_once.max(part.at_once);
        if part.under_way == 0 || Instant::now() > end {
            break;
        }
        sleep(PUSH).await;
    }
    let mut delays: Vec<Duration> = stack
        .messages()
        .handed()
        .iter()
        .filter_map(|handed| {
            let visitor = handed.message["data"]["visitor_id"].as_str()?.parse().ok()?;
            Some(handed.at.duration_since(*committed.get::<Uuid>(&visitor)?))
        })
        .collect();
    delays.sort_unstable();
    Ok(Used { rate, visits: committed.len(), usage, delays })
}

/// A visitor comes at a moment; answers who, and when that was committed.
async fn visit(stack: &Stack, client: &Client, flat: Uuid, at: Instant) -> Result<(Uuid, Instant), Error> {
    sleep_until(at.into()).await;
    let visitor = Uuid::new_v4();
    let emitted: Value = client.query_one(VISIT, &[&visitor, &flat]).await?.get(0);
    let committed = Instant::now();
    invoke(stack, &Task::Send(Cause::default()))?;
    if emitted["turn"] == "mine" {
        sleep(PUSH).await;
        let (room, pusher, seq) = (&emitted["room"], &emitted["id"], &emitted["seq"]);
        let note = "SELECT settle_push($1::jsonb ->> 'room', ($1::jsonb ->> 'pusher')::uuid, ($1::jsonb ->> 'seq')::bigint, '[]', false)";
        client.execute(note, &[&json!({"room": room, "pusher": pusher, "seq": seq})]).await?;
    }
    Ok((visitor, committed))
}

fn invoke(stack: &Stack, task: &Task) -> Result<(), Error> {
    let sent = stack.lambda().send("dispatcher", json!(task).to_string());
    sent.map(drop).map_err(|refused| failed(format_args!("{refused:?}")))
}

/// The table.
pub(crate) fn table(all: &[Used]) -> String {
    let mut table = String::from(
        "| Visits a second | Invocations for each visit | At once, at most | Function seconds in a second | From the commit to FCM, p50 | p99 |\n|---|---|---|---|---|---|\n",
    );
    for Used { rate, visits, usage, delays } in all {
        let each = usage.invocations as f64 / (*visits).max(1) as f64;
        let share = usage.time.as_secs_f64() / TIME.as_secs_f64();
        let delay =
            |percent: usize| delays.get((delays.len() * percent / 100).min(delays.len().saturating_sub(1)));
        let ms = |percent| delay(percent).map_or(0, Duration::as_millis);
        table.push_str(&format!(
            "| {rate} | {each:.2} | {} | {share:.1} | {} ms | {} ms |\n",
            usage.at_once,
            ms(50),
            ms(99)
        ));
    }
    table
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Failed(format!("the dispatcher could not be measured: {cause}"))
}
