//! Whatever fails, every event that was committed reaches a client that keeps its position, in the
//! order of the room. Faults strike alone and together, chosen by a seed; time passes when they end.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stack::{
    Stack,
    faults::{Fault, Kind, Point},
};
use std::sync::Arc;
use uuid::Uuid;

use crate::support::{
    Dice, Keeper, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

/// What is handled within a minute in the cloud is handled within this time here.
const SCHEDULE: Duration = Duration::from_millis(250);
/// Kinds that strike with a probability; the others are for a function.
const RANDOM_KINDS: [Kind; 10] = [
    Kind::PostHangs,
    Kind::PostLate,
    Kind::PostGone,
    Kind::PostThrottled,
    Kind::PostFails,
    Kind::PostLost,
    Kind::ConnectionCut,
    Kind::InvokeDuplicated,
    Kind::InvokeRefused,
    Kind::DisconnectLost,
];
const FUNCTIONS: [&str; 4] = ["visitors", "visits", "realtime", "dispatcher"];

impl Dice {
    fn fault(&mut self) -> Fault {
        match self.roll(12) {
            0 => Fault::new(Kind::DynamodbDown).function(self.pick(&FUNCTIONS)),
            1 => Fault::new(Kind::PostgresDown).function(self.pick(&FUNCTIONS)),
            2 | 3 => {
                let point = self.pick(&[Point::BeforeCommit, Point::BeforePush, Point::DuringPush]);
                Fault::killed(self.pick(&FUNCTIONS), point).probability(0.5)
            }
            _ => Fault::new(self.pick(&RANDOM_KINDS)).probability(self.pick(&[0.2, 0.5, 1.0])),
        }
    }
}

/// A gate on a bad day, and those who listen.
struct Gate {
    world: Arc<World>,
    resident: Keeper,
    guard: Keeper,
}

impl Gate {
    async fn open() -> Self {
        let stack = Stack::builder().schedule_every(SCHEDULE).start().await.unwrap();
        let world = World::on(stack).await;
        let resident = Keeper::start(&world.resident, "flat", FLAT_101);
        let guard = Keeper::start(&world.second_guard, "society", GREEN_ACRES);
        Self { world, resident, guard }
    }

    /// A visitor comes, is let in and leaves. What a fault stops here has not happened.
    async fn serve_a_visitor(&self) -> Option<()> {
        let world = &self.world;
        let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        let made = world.guard.post("/v1/visitors", visitor).await;
        let id = made.body["data"]["visitor"]["id"].as_str()?.to_owned();
        world.resident.post(&format!("/v1/visitors/{id}/respond"), json!({"decision": "accept"})).await;
        let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": id})).await;
        let visit = visit.body["data"]["id"].as_str()?.to_owned();
        world.guard.post("/v1/visits/checkout", json!({"visit_id": visit})).await;
        Some(())
    }

    /// Faults strike while visitors come; then all is well again, and everybody hears of everything.
    async fn suffer(&self, faults: Vec<Fault>, seed: u64) {
        let told = format!("{faults:?}, seed {seed}");
        self.world.stack.faults().set_seeded(seed, faults).unwrap();
        join_all([self.serve_a_visitor(), self.serve_a_visitor()]).await;
        self.world.stack.faults().clear();
        self.let_time_pass().await;
        self.serve_a_visitor().await.unwrap_or_else(|| panic!("all is well again after {told}"));
        for (keeper, room) in
            [(&self.resident, format!("flat:{FLAT_101}")), (&self.guard, format!("society:{GREEN_ACRES}"))]
        {
            let what = format!("{room} knows everything after {told}");
            eventually(&what, async || keeper.events() == self.committed(&room).await).await;
            assert_eq!(keeper.disorder(), [0; 0], "{room} after {told}");
        }
    }

    async fn committed(&self, room: &str) -> Vec<Uuid> {
        let ids = "SELECT id FROM outbox WHERE room = $1 ORDER BY seq";
        let rows = self.world.db.query(ids, &[&room]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Leases end and pauses are over.
    async fn let_time_pass(&self) {
        self.world.let_leases_end().await;
        let over = "UPDATE room_sequences SET due_at = '-infinity'; UPDATE lagging_connections SET due_at = '-infinity'";
        self.world.db.batch_execute(over).await.unwrap();
    }
}

#[tokio::test]
async fn each_fault_alone_loses_nothing() {
    let gate = Gate::open().await;
    for kind in RANDOM_KINDS {
        gate.suffer(vec![Fault::new(kind)], 0).await;
    }
    for function in FUNCTIONS {
        for point in [Point::BeforeCommit, Point::BeforePush, Point::DuringPush] {
            gate.suffer(vec![Fault::killed(function, point)], 0).await;
        }
        gate.suffer(vec![Fault::new(Kind::DynamodbDown).function(function)], 0).await;
        gate.suffer(vec![Fault::new(Kind::PostgresDown).function(function)], 0).await;
    }
    gate.suffer(vec![Fault::new(Kind::DynamodbDown)], 0).await;
    gate.suffer(vec![Fault::new(Kind::PostgresDown)], 0).await;
}

/// Fifty runs, each with up to three faults at once.
async fn fifty_bad_days(first_seed: u64) {
    let gate = Gate::open().await;
    for seed in first_seed..first_seed + 50 {
        let mut dice = Dice(seed);
        let faults = (0..=dice.roll(3)).map(|_| dice.fault()).collect();
        gate.suffer(faults, seed).await;
    }
    let (joins, repeats) = gate.resident.history();
    assert!(joins > 5 && repeats > 5, "the faults have struck: {joins} joins, {repeats} repeats");
}

#[tokio::test]
async fn faults_together_lose_nothing_1() {
    fifty_bad_days(1).await;
}

#[tokio::test]
async fn faults_together_lose_nothing_2() {
    fifty_bad_days(1001).await;
}

#[tokio::test]
async fn faults_together_lose_nothing_3() {
    fifty_bad_days(2001).await;
}

#[tokio::test]
async fn faults_together_lose_nothing_4() {
    fifty_bad_days(3001).await;
}
