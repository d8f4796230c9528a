//! A thousand phones come, join, leave, and vanish. What is left in the table is exactly what is open.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;
use tokio::{sync::Semaphore, time::sleep};
use uuid::Uuid;

use crate::support::{
    Actor, Dice, Socket, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

const PHONES: u64 = 1000;
const LASTING: Duration = Duration::from_secs(60);
/// Phones that talk to the gateway at one instant; this machine serves them all.
const AT_ONCE: usize = 12;

/// A phone: its connection and the rooms it is in.
#[derive(Default)]
struct Phone {
    socket: Option<Socket>,
    rooms: BTreeSet<(&'static str, Uuid)>,
}

impl Phone {
    /// Something that phones do.
    async fn act(&mut self, owner: &Actor, dice: &mut Dice) {
        let room = dice.pick(&[("flat", FLAT_101), ("society", GREEN_ACRES)]);
        let Some(socket) = &mut self.socket else {
            self.socket = Some(owner.connect().await);
            return;
        };
        match dice.roll(6) {
            0..=2 => {
                socket.join(room.0, room.1).await;
                self.rooms.insert(room);
            }
            3 => {
                socket.send(json!({"action": "leave_room", "room_type": room.0, "room_id": room.1})).await;
                socket.event("room_left").await;
                self.rooms.remove(&room);
            }
            4 => {
                // It says goodbye.
                socket.close().await;
                *self = Self::default();
            }
            _ => {
                // It vanishes, in the middle of joining.
                socket.send(json!({"action": "join_room", "room_type": room.0, "room_id": room.1})).await;
                *self = Self::default();
            }
        }
    }
}

/// Somebody who belongs into both rooms.
async fn make_him_a_guard_too(world: &World) -> Actor {
    let guard = "INSERT INTO guards (user_id, society_id) VALUES ($1, $2)";
    world.db.execute(guard, &[&world.resident.user_id, &GREEN_ACRES]).await.unwrap();
    world.resident.clone()
}

#[tokio::test]
async fn a_thousand_connections_leave_exactly_what_is_open() {
    let world = World::open().await;
    let owner = make_him_a_guard_too(&world).await;
    let (at_once, end) = (Arc::new(Semaphore::new(AT_ONCE)), Instant::now() + LASTING);
    let phones = (0..PHONES).map(|seed| {
        let (owner, at_once) = (owner.clone(), at_once.clone());
        async move {
            let (mut phone, mut dice) = (Phone::default(), Dice(seed));
            while Instant::now() < end {
                let turn = at_once.acquire().await.unwrap();
                phone.act(&owner, &mut dice).await;
                drop(turn);
                sleep(Duration::from_millis(u64::try_from(dice.roll(2000)).unwrap())).await;
            }
            phone
        }
    });
    let phones = join_all(phones).await;
    let open = phones.iter().filter(|phone| phone.socket.is_some()).count();
    assert!(open > 100, "only {open} are open");

    let mut members: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, id) in phones.iter().flat_map(|phone| &phone.rooms) {
        *members.entry(format!("ROOM#{kind}:{id}")).or_default() += 1;
    }
    let table = world.stack.info()["table"].as_str().unwrap().to_owned();
    eventually("exactly what is open is in the table", async || {
        let open_ids: BTreeSet<_> =
            world.stack.connection_ids().into_iter().map(|id| format!("CONN#{id}")).collect();
        let keys = world.stack.dynamodb().keys(&table).unwrap();
        let (metas, rooms): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, sk)| sk == "META");
        let metas: BTreeSet<_> = metas.into_iter().map(|(pk, _)| pk).collect();
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for (room, _) in &rooms {
            *found.entry(room.clone()).or_default() += 1;
        }
        metas == open_ids
            && metas.len() == open
            && found == members
            && rooms.iter().all(|(_, connection)| open_ids.contains(connection))
    })
    .await;
}
