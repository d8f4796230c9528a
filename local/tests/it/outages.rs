//! Stores that die: 503 while they are down, and healthy again without a restart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use local::Stack;
use serde_json::json;

use crate::support::{
    World,
    world::{BLUE_FLAT, FLAT_101},
};

/// PostgreSQL restarts under load: every request succeeds or says 503, and afterwards all succeed.
#[tokio::test]
async fn a_restart_of_the_database_costs_503s_and_nothing_else() {
    let world = World::on(Stack::builder().own_server().start().await.unwrap()).await;
    world.guard.get("/v1/cities").await.data(200);
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (guard, stop) = (world.guard.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::Acquire) {
                    let reply = guard.get("/v1/visitors").await;
                    assert!([200, 503].contains(&reply.status), "{} {}", reply.status, reply.body);
                    seen.push(reply.status);
                }
                seen
            })
        })
        .collect();
    world.stack.postgres().restart().await.unwrap();
    world.guard.get("/v1/visitors").await;
    stop.store(true, Ordering::Release);
    for task in load {
        assert!(!task.await.unwrap().is_empty());
    }
    world.guard.get("/v1/visitors").await.data(200);
    assert_eq!(world.nobody().get("/health").await.expect(200)["status"], "healthy");
}

/// While the database is away everything says 503 and may be repeated; a valid token is never called invalid.
#[tokio::test]
async fn a_database_that_is_away_is_503() {
    let world = World::open().await;
    world.guard.get("/v1/cities").await.data(200);
    world.stack.wire().refuse(true);
    world.stack.wire().cut();
    let refused = world.guard.get("/v1/cities").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(503, "UNAVAILABLE");
    world.guard.post("/v1/visitors", json!({})).await.refused(503, "UNAVAILABLE");
    let health = world.nobody().get("/health").await.expect(503);
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(world.guard.try_connect().await.err(), Some(503));
    world.stack.wire().refuse(false);
    world.guard.get("/v1/cities").await.data(200);
    assert_eq!(world.nobody().get("/health").await.expect(200)["status"], "healthy");
}

/// A 503 ends its statement: where a row is stuck, callers are told so in time, nobody goes on waiting, and nothing is
/// done when it is free again.
#[tokio::test]
async fn a_503_leaves_nothing_behind() {
    let world = World::open().await;
    world.log_visitor().await;
    let mut holder = world.stack.database().await.unwrap();
    let held = holder.transaction().await.unwrap();
    let room = format!("flat:{FLAT_101}");
    held.query_one("SELECT FROM room_sequences WHERE room = $1 FOR UPDATE", &[&room]).await.unwrap();
    let asked = Instant::now();
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let asking = (0..4).map(|_| world.guard.post("/v1/visitors", visitor.clone()));
    for reply in join_all(asking).await {
        reply.refused(503, "UNAVAILABLE");
    }
    // The room is not let go of, and the gateway would wait for thirty seconds.
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(world.count(waiting).await, 0);
    held.rollback().await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 1);
    world.guard.post("/v1/visitors", visitor).await.data(201);
}

/// Whoever only refers to a visitor, as messages and visits do, keeps nobody from answering or letting them in.
#[tokio::test]
async fn a_visitor_who_is_referred_to_goes_on() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let mut holder = world.stack.database().await.unwrap();
    let held = holder.transaction().await.unwrap();
    held.query_one("SELECT FROM visitors WHERE id = $1 FOR KEY SHARE", &[&visitor]).await.unwrap();
    world.answer(visitor, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
}

/// A row held for long keeps few connections: of any number who call on, two wait and the others hear 503 at once, and
/// another society does not notice.
#[tokio::test]
async fn a_room_that_is_held_keeps_few_connections() {
    let world = World::open().await;
    world.log_visitor().await;
    let mut holder = world.stack.database().await.unwrap();
    let held = holder.transaction().await.unwrap();
    let room = format!("flat:{FLAT_101}");
    held.query_one("SELECT FROM room_sequences WHERE room = $1 FOR UPDATE", &[&room]).await.unwrap();
    let (began, end) = (Instant::now(), Duration::from_secs(6));
    let calling = join_all((0..8).map(|caller| {
        let world = world.clone();
        async move {
            let (mut refused, mut longest) = (0, Duration::ZERO);
            let visitor = json!({"visitor_name": format!("Kiran {caller}"), "phone": "9876543210", "flat_id": FLAT_101});
            while began.elapsed() < end {
                let asked = Instant::now();
                world.guard.post("/v1/visitors", visitor.clone()).await.refused(503, "UNAVAILABLE");
                longest = longest.max(asked.elapsed());
                refused += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (refused, longest)
        }
    }));
    let others = async {
        let visitor = json!({"visitor_name": "Tara", "phone": "9876543211", "flat_id": BLUE_FLAT});
        let mut made = 0;
        while began.elapsed() < end {
            world.blue_guard.post("/v1/visitors", visitor.clone()).await.data(201);
            made += 1;
        }
        made
    };
    let watching = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                        -- Behind a first one who is new, anybody waits for 300 ms, as in a busy room.
                        AND query_start < clock_timestamp() - interval '500 ms'";
        let mut most = 0;
        while began.elapsed() < end {
            // At first nobody knows that it is more than a busy room.
            if began.elapsed() > Duration::from_millis(1500) {
                most = most.max(world.count(waiting).await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        most
    };
    let (called, made, most) = tokio::join!(calling, others, watching);
    held.rollback().await.unwrap();
    let refused: i32 = called.iter().map(|(refused, _)| refused).sum();
    // Two and three seconds, on a machine that does nothing else (`cargo dev stuck`); all eight without `enter_room`.
    assert!(called.iter().all(|(_, longest)| *longest < Duration::from_secs(6)), "{called:?}");
    assert!(
        most <= 5 && refused > 20 && made > 5,
        "{most} waited at most, {refused} refused, {made} of the other society"
    );
    assert_eq!(world.count("SELECT count(*) FROM visitors WHERE visitor_name LIKE 'Kiran _'").await, 0);
    let again = json!({"visitor_name": "Kiran 1", "phone": "9876543210", "flat_id": FLAT_101});
    world.guard.post("/v1/visitors", again).await.data(201);
}
