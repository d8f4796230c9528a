//! What a room that is held by hand does to its own society and to another one, and the table of it in
//! `docs/performance.md`.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use serde_json::json;
use stack::{Identity, Progress, Seed, Stack};
use tokio::time::sleep;

use crate::{Error, measure::FLAT};

/// How long the room is held.
const HELD: Duration = Duration::from_secs(45);
/// How long the other society is measured before.
const BEFORE: Duration = Duration::from_secs(10);
/// Callers of the society whose room is held, and the pause before each calls again.
const CALLERS: usize = 8;
const PAUSE: Duration = Duration::from_millis(100);
/// Callers of the other society.
const OTHERS: usize = 2;
/// How often waiting processes are counted.
const LOOK: Duration = Duration::from_millis(20);
/// After this time the room is known to be stuck.
const KNOWN: Duration = Duration::from_millis(700);

/// Another society, with a guard and 20 flats.
const OTHER: &str = "
    INSERT INTO societies (id, name, city) VALUES ('12111111-1111-1111-1111-111111111111', 'Blue Hills', 'Bengaluru');
    INSERT INTO complexes (id, society_id, name) SELECT id, id, 'Tower' FROM societies WHERE name = 'Blue Hills';
    INSERT INTO blocks (id, complex_id, name) SELECT id, id, 'Block' FROM complexes WHERE name = 'Tower';
    INSERT INTO flats (id, block_id, flat_number)
    SELECT ('12444444-4444-4444-4444-' || lpad(n::text, 12, '0'))::uuid, '12111111-1111-1111-1111-111111111111', n::text
      FROM generate_series(1, 20) AS n;
    INSERT INTO users (id, firebase_uid, name) VALUES ('12666666-6666-6666-6666-666666666666', 'blue-guard', 'Blue Guard');
    INSERT INTO guards (user_id, society_id) VALUES ('12666666-6666-6666-6666-666666666666', '12111111-1111-1111-1111-111111111111');";

/// What was seen.
#[derive(Debug)]
pub(crate) struct Stuck {
    /// Answer times of the other society, sorted: before, and meanwhile.
    before: Vec<Duration>,
    meanwhile: Vec<Duration>,
    /// How long the callers of the held society waited for their 503.
    refused: Vec<Duration>,
    /// Answers to them that were no 503.
    others: usize,
    /// Processes that waited at once at most: while nobody knew, and after that.
    at_first: i64,
    after: i64,
    /// Visitors of the held flat that were there afterwards.
    made: i64,
}

/// Holds the room of a flat, and counts.
pub(crate) async fn measure(progress: Progress) -> Result<Stuck, Error> {
    let stack = Stack::builder().progress(progress).seed(Seed::Demo).start().await?;
    let (db, mut holder) = (stack.database().await?, stack.database().await?);
    db.batch_execute(OTHER).await?;
    let http = reqwest::Client::new();
    let guard = stack.issuer().token(&Identity::of("demo-guard-1"))?;
    let blue = stack.issuer().token(&Identity::of("blue-guard"))?;
    let call = async |token: &str, flat: &str, name: String| -> Result<(u16, Duration), Error> {
        let visitor = json!({"visitor_name": name, "phone": "9876543210", "flat_id": flat});
        let began = Instant::now();
        let request =
            http.post(format!("{}/v1/visitors", stack.base_url())).bearer_auth(token).json(&visitor);
        let answer = request.send().await.map_err(failed)?;
        Ok((answer.status().as_u16(), began.elapsed()))
    };
    let go_on = async |time: Duration| {
        let began = Instant::now();
        let callers = (0..OTHERS).map(async |caller| {
            let mut times = Vec::new();
            while began.elapsed() < time {
                let flat =
                    format!("12444444-4444-4444-4444-{:012}", 1 + (caller + OTHERS * times.len()) % 20);
                let (status, time) = call(&blue, &flat, format!("Tara {caller}")).await?;
                if status != 201 {
                    return Err(failed(format_args!("the other society was answered {status}")));
                }
                times.push(time);
            }
            Ok(times)
        });
        let mut times = try_join_all(callers).await?.concat();
        times.sort_unstable();
        Ok::<_, Error>(times)
    };
    call(&guard, FLAT, "Kiran".to_owned()).await?;
    go_on(Duration::from_secs(2)).await?;
    let before = go_on(BEFORE).await?;

    progress.say(format_args!("A room is held for {} s", HELD.as_secs()));
    let held = holder.transaction().await?;
    let hold = "SELECT FROM room_sequences WHERE room = $1 FOR UPDATE";
    held.query_one(hold, &[&format!("flat:{FLAT}")]).await?;
    let began = Instant::now();
    let calling = join_all((0..CALLERS).map(async |caller| {
        let mut answers = Vec::new();
        while began.elapsed() < HELD {
            if let Ok(answer) = call(&guard, FLAT, format!("Kiran {caller}")).await {
                answers.push(answer);
            }
            sleep(PAUSE).await;
        }
        answers
    }));
    let counting = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        let (mut at_first, mut after) = (0_i64, 0_i64);
        while began.elapsed() < HELD {
            let now: i64 = db.query_one(waiting, &[]).await?.get(0);
            let most = if began.elapsed() < KNOWN { &mut at_first } else { &mut after };
            *most = now.max(*most);
            sleep(LOOK).await;
        }
        Ok::<_, Error>((at_first, after))
    };
    let (called, meanwhile, counted) = tokio::join!(calling, go_on(HELD), counting);
    held.rollback().await?;
    let (meanwhile, (at_first, after)) = (meanwhile?, counted?);
    // What was left behind would be done now.
    sleep(Duration::from_secs(3)).await;
    let made = "SELECT count(*) FROM visitors WHERE visitor_name LIKE 'Kiran _'";
    let made = db.query_one(made, &[]).await?.get(0);
    let answers = called.concat();
    let mut refused: Vec<_> =
        answers.iter().filter(|answer| answer.0 == 503).map(|answer| answer.1).collect();
    refused.sort_unstable();
    let others = answers.len() - refused.len();
    Ok(Stuck { before, meanwhile, refused, others, at_first, after, made })
}

/// The table.
pub(crate) fn table(stuck: &Stuck) -> String {
    let Stuck { before, meanwhile, refused, others, at_first, after, made } = stuck;
    let last = refused.last().copied().unwrap_or_default();
    format!(
        "| | |\n|---|---|\n\
         | Processes that wait at once, at most, in the first 0.7 s | {at_first} |\n\
         | the same, after that | {after} |\n\
         | The held society: 503 | {} |\n\
         | other answers | {others} |\n\
         | 503 after, p50 | {} ms |\n\
         | 503 after, the longest | {} ms |\n\
         | visitors made when it was free | {made} |\n\
         | Another society, before: answers | {} |\n\
         | p50, p99 | {} ms, {} ms |\n\
         | while the room is held: answers | {} |\n\
         | p50, p99 | {} ms, {} ms |\n",
        refused.len(),
        percentile(refused, 50).as_millis(),
        last.as_millis(),
        before.len(),
        percentile(before, 50).as_millis(),
        percentile(before, 99).as_millis(),
        meanwhile.len(),
        percentile(meanwhile, 50).as_millis(),
        percentile(meanwhile, 99).as_millis(),
    )
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Failed(format!("a room that is held could not be measured: {cause}"))
}
