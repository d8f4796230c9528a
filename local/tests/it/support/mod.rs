//! The people of the stories: two societies with their gates, and the people before them.
//!
//! Actors go through the API and the WebSocket as their apps do; only the places and roles they
//! start with are put into the database.

use std::time::{Duration, Instant};

mod actor;
mod browser;
mod cargo;
mod client;
mod cloudformation;
mod keeper;
mod line;
pub mod logs;
pub mod personal;
mod scratch;
pub mod shell;
mod socket;
pub mod story;
pub mod world;

pub use actor::{Actor, Reply};
pub use browser::Browser;
pub use cargo::cargo;
pub use client::{Client, newman};
pub use cloudformation::{CloudFormation, Told};
pub use keeper::Keeper;
pub use line::Line;
pub use scratch::Scratch;
pub use socket::Socket;
pub use world::World;

/// The numbers of events, in the order they came.
pub fn seqs(events: &[serde_json::Value]) -> Vec<i64> {
    events.iter().map(|event| event["seq"].as_i64().unwrap()).collect()
}

/// Longer than anything takes here that is awaited, on a busy machine, too; a story that waits this long has failed. How
/// long something may take is another question, which a story asks with a clock of its own.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something holds, and fails where it never does.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A small generator, so that a seed names a run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.roll(among.len())]
    }
}
