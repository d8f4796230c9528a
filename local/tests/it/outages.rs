//! Stores that die: 503 while they are down, and healthy again without a restart.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use local::Stack;
use serde_json::json;

use crate::support::World;

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
