//! The people of the stories: two societies with their gates, and whoever stands before them.
//!
//! Actors go through the API and the WebSocket as their apps do; only the places and roles they
//! start with are put into the database.

mod actor;
mod client;
mod socket;
pub mod story;
pub mod world;

pub use actor::{Actor, Reply};
pub use client::Client;
pub use socket::Socket;
pub use world::World;

/// The numbers of events, in the order they came.
pub fn seqs(events: &[serde_json::Value]) -> Vec<i64> {
    events.iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

/// Waits until something holds, and fails where it does not in time.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds().await {
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "not in time: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
