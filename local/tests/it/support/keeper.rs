//! A client that does what `docs/realtime.md` asks of one: it keeps the position of its room, drops
//! repeats by id, puts events into order, and comes back with `since`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

use super::{Actor, Socket};

/// How long a quiet connection is trusted.
const QUIET: Duration = Duration::from_secs(1);

/// A client of one room, listening in the background until it is dropped.
pub struct Keeper {
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

/// What a keeper has.
#[derive(Default)]
struct Kept {
    /// Ids of the events in the order of the room, without a gap.
    events: Vec<Uuid>,
    /// Events whose predecessors are missing.
    held: BTreeMap<i64, Uuid>,
    /// What the numbers count in.
    epoch: Option<Value>,
    seen: HashSet<Uuid>,
    repeats: usize,
    /// Numbers of events that came for the first time after a later one did, which none should.
    disorder: Vec<i64>,
    joins: usize,
}

impl Keeper {
    pub fn start(actor: &Actor, room_type: &'static str, room_id: Uuid) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let listener = Listener { actor: actor.clone(), room_type, room_id, kept: kept.clone() };
        Self { kept, task: tokio::spawn(listener.run()) }
    }

    pub fn events(&self) -> Vec<Uuid> {
        self.kept.lock().unwrap().events.clone()
    }

    pub fn disorder(&self) -> Vec<i64> {
        self.kept.lock().unwrap().disorder.clone()
    }

    /// How often it came in, and how many events it was told again.
    pub fn history(&self) -> (usize, usize) {
        let kept = self.kept.lock().unwrap();
        (kept.joins, kept.repeats)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Listener {
    actor: Actor,
    room_type: &'static str,
    room_id: Uuid,
    kept: Arc<Mutex<Kept>>,
}

impl Listener {
    async fn run(self) {
        loop {
            if let Ok(socket) = self.actor.try_connect().await {
                self.listen(socket).await;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Serves one connection until it ends or is unknown.
    async fn listen(&self, mut socket: Socket) {
        // The latest event since the room was joined. Before that, events that are sent again and events
        // that happen meanwhile come as they come.
        let mut latest = None;
        if !self.join(&mut socket).await {
            return;
        }
        loop {
            let frame = match socket.try_text(QUIET).await {
                Err(_) => {
                    let message = match latest {
                        Some(_) => json!({"action": "ping"}),
                        None => self.wish(),
                    };
                    if !socket.try_send(message).await {
                        return;
                    }
                    continue;
                }
                Ok(None) => return,
                Ok(Some(text)) => serde_json::from_str::<Value>(&text).unwrap(),
            };
            match frame["event"].as_str().unwrap_or("message of the gateway") {
                "room_joined" => {
                    assert_eq!(frame["recovered"], true, "all of it is kept");
                    latest = Some(0);
                    let mut kept = self.kept.lock().unwrap();
                    kept.joins += 1;
                    kept.epoch = Some(frame["epoch"].clone());
                }
                "pong" => {
                    let behind = frame["rooms"][0]["seq"].as_i64().is_none_or(|seq| seq > self.position());
                    if behind {
                        latest = None;
                        if !self.join(&mut socket).await {
                            return;
                        }
                    }
                }
                "error" if frame["code"] == "CONNECTION_UNKNOWN" => return,
                "error" | "message of the gateway" => sleep(Duration::from_millis(50)).await,
                _ => {
                    let seq = self.keep(&frame, latest);
                    latest = latest.map(|latest| latest.max(seq));
                }
            }
        }
    }

    async fn join(&self, socket: &mut Socket) -> bool {
        socket.try_send(self.wish()).await
    }

    fn wish(&self) -> Value {
        let epoch = self.kept.lock().unwrap().epoch.clone();
        json!({
            "action": "join_room", "room_type": self.room_type, "room_id": self.room_id,
            "since": self.position(), "epoch": epoch,
        })
    }

    fn position(&self) -> i64 {
        i64::try_from(self.kept.lock().unwrap().events.len()).unwrap()
    }

    /// Keeps an event and answers its number. A new one comes after the latest.
    fn keep(&self, frame: &Value, latest: Option<i64>) -> i64 {
        let seq = frame["seq"].as_i64().unwrap();
        let id: Uuid = frame["id"].as_str().unwrap().parse().unwrap();
        let mut kept = self.kept.lock().unwrap();
        if kept.seen.insert(id) {
            assert_eq!(kept.held.insert(seq, id), None, "two events have the number {seq}");
            while let Some(next) = {
                let position = i64::try_from(kept.events.len()).unwrap() + 1;
                kept.held.remove(&position)
            } {
                kept.events.push(next);
            }
            if latest.is_some_and(|latest| seq < latest) {
                kept.disorder.push(seq);
            }
        } else {
            kept.repeats += 1;
        }
        seq
    }
}
