//! Hours of a gate in minutes: 500 sockets listen while visitors come steadily, and at the end nobody may have missed
//! an event, heard one twice, or hold more than at the beginning.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt, future::try_join_all};
use reqwest::Method;
use serde_json::{Value, json};
use stack::Progress;
use tokio::{
    net::TcpStream,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::{client_async, tungstenite::Message};

use super::{
    cpu,
    gate::{SOCIETY, flat, guard, resident, visitor},
    percentile,
    system::{System, failed},
};
use crate::Error;

/// Sockets, of which some are guards'.
const SOCKETS: usize = 500;
const GUARDS: usize = 20;
/// Sockets that connect at once.
const BATCH: usize = 20;
/// Visits that begin in a second.
const RATE: f64 = 2.0;
/// Between looks at what is held.
const LOOK: Duration = Duration::from_secs(60);
/// An app says that it is there.
const PING: Duration = Duration::from_secs(240);
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The oldest of what waits, in seconds. What a later schema has no more is left out.
const QUEUES: [(&str, &str); 3] = [
    (
        "messages",
        "SELECT extract(epoch FROM now() - min(due_at))::float8 FROM deliveries
          WHERE due_at <= now() AND (leased_until IS NULL OR leased_until <= now())",
    ),
    (
        "pushes",
        "SELECT extract(epoch FROM now() - min(o.created_at))::float8
           FROM room_sequences r JOIN outbox o ON o.room = r.room AND o.seq > r.pushed WHERE r.pushed < r.seq",
    ),
    (
        "lagging connections",
        "SELECT extract(epoch FROM now() - min(due_at))::float8 FROM lagging_connections WHERE due_at <= now()",
    ),
];

/// What was held at one moment.
struct Look {
    at: Duration,
    /// Megabytes and open files of gateway and stores, and of all environments of functions.
    stack: (f64, usize),
    functions: (f64, usize),
    environments: usize,
    backends: usize,
    /// Seconds that the oldest of each queue waits.
    queues: Vec<Option<f64>>,
}

/// What came of it.
pub(super) struct Soaked {
    looks: Vec<Look>,
    visits: usize,
    latencies: Vec<Duration>,
    events: usize,
    lost: usize,
    double: usize,
    cut: usize,
}

/// What one socket has heard.
#[derive(Default)]
struct Heard {
    room: String,
    /// The position it joined at.
    joined: u64,
    /// How often each position came.
    seqs: BTreeMap<u64, usize>,
    cut: bool,
}

/// Runs for so long.
pub(super) async fn run(system: &System, length: Duration, progress: Progress) -> Result<Soaked, Error> {
    system.fleet.let_ring(true);
    let ending = Arc::new(AtomicBool::new(false));
    let mut sockets = Vec::with_capacity(SOCKETS);
    progress.say(format_args!("Connecting {SOCKETS} sockets"));
    while sockets.len() < SOCKETS {
        let batch = sockets.len()..(sockets.len() + BATCH).min(SOCKETS);
        sockets.extend(try_join_all(batch.map(|place| listen(system, place, ending.clone()))).await?);
    }
    progress.say(format_args!("{RATE} visits a second for {} s", length.as_secs()));
    let began = Instant::now();
    let mut turns = interval(Duration::from_secs_f64(1.0 / RATE));
    let (mut looks, mut visits, mut latencies) = (vec![look(system, Duration::ZERO).await], 0, Vec::new());
    let mut running = futures_util::stream::FuturesUnordered::new();
    while began.elapsed() < length {
        tokio::select! {
            _ = turns.tick() => {
                running.push(visit(system, visits));
                visits += 1;
            }
            Some(done) = running.next() => latencies.push(done?),
        }
        if began.elapsed() > LOOK * u32::try_from(looks.len()).unwrap_or(u32::MAX) {
            let look = look(system, began.elapsed()).await;
            progress.say(format_args!("  {}", row(&look)));
            looks.push(look);
        }
    }
    while let Some(done) = running.next().await {
        latencies.push(done?);
    }
    latencies.sort_unstable();
    settle(system, &sockets).await?;
    looks.push(look(system, began.elapsed()).await);
    ending.store(true, Ordering::Release);
    let mut soaked = Soaked { looks, visits, latencies, events: 0, lost: 0, double: 0, cut: 0 };
    let last = last(system).await?;
    for socket in &sockets {
        let heard = socket.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.get(&heard.room).copied().unwrap_or_default();
        soaked.events += heard.seqs.values().sum::<usize>();
        soaked.double += heard.seqs.values().map(|times| times - 1).sum::<usize>();
        soaked.lost += (heard.joined + 1..=last).filter(|seq| !heard.seqs.contains_key(seq)).count();
        soaked.cut += usize::from(heard.cut);
    }
    system.fleet.let_ring(false);
    Ok(soaked)
}

/// One visitor from the gate to their way out; answers how long it took to log them.
async fn visit(system: &System, place: usize) -> Result<Duration, Error> {
    let call = async |path: &str, uid: &str, body: Value| {
        let call = system.call(Method::POST, path, uid, Some(&body)).await?;
        let driven = system.drive(1, vec![call]).await?;
        Ok::<_, Error>((driven.answers.into_iter().next().unwrap_or_default(), driven.elapsed))
    };
    let (made, took) = call("/v1/visitors", &guard(place), visitor(place)).await?;
    let id = made["visitor"]["id"].as_str().unwrap_or_default();
    let respond = format!("/v1/visitors/{id}/respond");
    call(&respond, &resident(place), json!({"decision": "accept"})).await?;
    let (visit, _) = call("/v1/visits/checkin", &guard(place), json!({"visitor_id": id})).await?;
    call("/v1/visits/checkout", &guard(place), json!({"visit_id": visit["id"]})).await?;
    Ok(took)
}

/// A socket of a resident's in the room of their flat, or of a guard's in the society's.
async fn listen(system: &System, place: usize, ending: Arc<AtomicBool>) -> Result<Arc<Mutex<Heard>>, Error> {
    let (uid, kind, id) = match place {
        0..GUARDS => (guard(place), "society", SOCIETY.to_owned()),
        _ => (resident(place), "flat", flat(place)),
    };
    let url = format!("{}?token={}", system.websocket_url, system.token(&uid).await?);
    let address = system.base_url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.map_err(Error::io("connecting"))?;
    let (socket, _) = client_async(url, stream).await.map_err(failed)?;
    let (mut saying, mut hearing) = socket.split();
    let join = json!({"action": "join_room", "room_type": kind, "room_id": id});
    saying.send(Message::text(join.to_string())).await.map_err(failed)?;
    let heard = Arc::new(Mutex::new(Heard { room: format!("{kind}:{id}"), ..Heard::default() }));
    let joined = Arc::new(tokio::sync::Notify::new());
    let (hears, told) = (heard.clone(), joined.clone());
    tokio::spawn(async move {
        while let Some(Ok(frame)) = hearing.next().await {
            let frame: Value = serde_json::from_str(frame.to_text().unwrap_or_default()).unwrap_or_default();
            let Some(seq) = frame["seq"].as_u64() else { continue };
            let mut heard = hears.lock().unwrap_or_else(PoisonError::into_inner);
            if frame["event"] == "room_joined" {
                heard.joined = seq;
                told.notify_one();
            } else {
                *heard.seqs.entry(seq).or_default() += 1;
            }
        }
        let mut heard = hears.lock().unwrap_or_else(PoisonError::into_inner);
        heard.cut = !ending.load(Ordering::Acquire);
    });
    tokio::spawn(async move {
        loop {
            sleep(PING).await;
            if saying.send(Message::text(r#"{"action":"ping"}"#)).await.is_err() {
                return;
            }
        }
    });
    timeout(PATIENCE, joined.notified()).await.map_err(|_| failed("a socket could not join"))?;
    Ok(heard)
}

/// Waits until all have heard all, or for as long as that may take.
async fn settle(system: &System, sockets: &[Arc<Mutex<Heard>>]) -> Result<(), Error> {
    let last = last(system).await?;
    let began = Instant::now();
    let has_all = |socket: &Arc<Mutex<Heard>>| {
        let heard = socket.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.get(&heard.room).copied().unwrap_or_default();
        (heard.joined + 1..=last).all(|seq| heard.seqs.contains_key(&seq))
    };
    while !sockets.iter().all(has_all) && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// The last position of each room.
async fn last(system: &System) -> Result<BTreeMap<String, u64>, Error> {
    let rows = system.db.query("SELECT room, max(seq) FROM outbox GROUP BY room", &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<_, i64>(1)?.unsigned_abs()))).collect()
}

async fn look(system: &System, at: Duration) -> Look {
    let sum = |ids: Vec<u32>| {
        ids.into_iter().map(cpu::held).fold((0.0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    };
    let functions = system.fleet.processes();
    let mut queues = Vec::new();
    for (_, sql) in QUEUES {
        let read = system.db.query_one(sql, &[]).await;
        queues.push(read.ok().map(|row| row.get::<_, Option<f64>>(0).unwrap_or_default().max(0.0)));
    }
    Look {
        at,
        stack: sum(system.stack_process().into_iter().collect()),
        environments: functions.len(),
        functions: sum(functions),
        backends: system.server.backend_ids().len(),
        queues,
    }
}

fn row(look: &Look) -> String {
    let queues: Vec<String> =
        look.queues.iter().map(|age| age.map_or_else(String::new, |age| format!("{age:.1}"))).collect();
    format!(
        "{:.0} | {:.0} | {} | {} | {:.0} | {} | {} | {}",
        look.at.as_secs_f64() / 60.0,
        look.stack.0,
        look.stack.1,
        look.environments,
        look.functions.0,
        look.functions.1,
        look.backends,
        queues.join(" | ")
    )
}

/// The table.
pub(super) fn table(soaked: &Soaked) -> String {
    let milliseconds = |share: f64| percentile(&soaked.latencies, share).as_secs_f64() * 1000.0;
    let mut table = format!(
        "{SOCKETS} sockets, {} visits in {:.0} minutes: {} events were heard, {} were lost, {} came twice, {} sockets were cut. \
         `POST /v1/visitors`: p50 {:.1} ms, p99 {:.1} ms.\n\n",
        soaked.visits,
        soaked.looks.last().map_or(0.0, |look| look.at.as_secs_f64() / 60.0),
        soaked.events,
        soaked.lost,
        soaked.double,
        soaked.cut,
        milliseconds(0.5),
        milliseconds(0.99),
    );
    table
        .push_str("| Minute | Gateway and stores: MB | files | Environments | their MB | files | Backends |");
    for (name, _) in QUEUES {
        table.push_str(&format!(" The oldest of {name}, s |"));
    }
    table.push_str(&format!("\n|{}\n", "---|".repeat(7 + QUEUES.len())));
    for look in &soaked.looks {
        table.push_str(&format!("| {} |\n", row(look)));
    }
    table
}
