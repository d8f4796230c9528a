//! What time asks for: events are forgotten when their society keeps them no longer.

use local::Outcome;
use serde_json::json;

use crate::support::{
    World,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// Everything that has happened so far happened so many hours ago.
    async fn let_hours_pass(&self, hours: i32) {
        let earlier = "UPDATE outbox SET created_at = created_at - make_interval(hours => $1)";
        self.db.execute(earlier, &[&hours]).await.unwrap();
    }

    async fn clean(&self) {
        let done = self.stack.lambda().invoke("janitor", "{}".to_owned()).await;
        assert_eq!(done, Ok(Outcome::Answered("null".to_owned())));
    }

    async fn kept(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox").await
    }
}

#[tokio::test]
async fn events_are_kept_for_three_days() {
    let world = World::open().await;
    world.log_visitor().await;
    world.let_hours_pass(1).await;
    world.log_visitor().await;
    world.let_hours_pass(71).await;
    world.clean().await;
    assert_eq!(world.kept().await, 1);
    let mut phone = world.resident.connect().await;
    assert_eq!(phone.join_since("flat", FLAT_101, 1).await["recovered"], true);
    assert_eq!(phone.join_since("flat", FLAT_101, 0).await["recovered"], false);
}

/// A society may keep its events longer, or shorter; others are not concerned.
#[tokio::test]
async fn a_society_decides_how_long() {
    let world = World::open().await;
    let policy = "INSERT INTO policies (society_id, name, value) VALUES ($1, 'event_retention_hours', '100')
                  ON CONFLICT (society_id, name) DO UPDATE SET value = '24'";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.log_visitor().await;
    world.make_pass().await;
    world.let_hours_pass(90).await;
    world.clean().await;
    assert_eq!(world.kept().await, 2);
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.clean().await;
    assert_eq!(world.kept().await, 0);
}

/// An emergency that nobody has resolved is told of after a week, too; so is what could not be pushed.
#[tokio::test]
async fn what_is_open_is_kept() {
    let world = World::open().await;
    let emergency = world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    let id = emergency["id"].as_str().unwrap();
    world.let_hours_pass(168).await;
    world.clean().await;
    assert_eq!(world.kept().await, 1);
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    assert_eq!(desk.heard().await[0]["data"]["emergency_id"], id);

    for step in ["address", "resolve"] {
        world.guard.post(&format!("/v1/emergencies/{id}/{step}"), json!({})).await.data(200);
    }
    world.let_hours_pass(168).await;
    world.db.batch_execute("UPDATE room_sequences SET pushed = 0 WHERE room LIKE 'flat:%'").await.unwrap();
    world.clean().await;
    assert_eq!(world.kept().await, 2, "those of the flat's room are not pushed");
}
