//! A day at the gate of Green Acres, in which everything happens that somebody is told of.

use serde_json::{Value, json};
use stack::Identity;
use uuid::Uuid;

use super::{
    World,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// One visitor comes and goes, one is denied by the flat, and one is let in by the guard; a pass is
    /// made and withdrawn, the denied are cleared, an emergency is dealt with, somebody moves in, and somebody guesses PINs.
    pub async fn live_through_a_day(&self) {
        let visitor = self.log_visitor().await;
        self.resident
            .post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"}))
            .await
            .data(200);
        let visit = self.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        self.second_guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);

        let denied = self.log_visitor().await;
        let deny = json!({"decision": "deny", "note": "Not today"});
        self.spouse.post(&format!("/v1/visitors/{denied}/respond"), deny).await.data(200);
        let unanswered = self.log_visitor().await;
        let accept = json!({"decision": "accept", "note": "Known to me"});
        self.guard.post(&format!("/v1/visitors/{unanswered}/guard-respond"), accept).await.data(200);

        let pass = self.make_pass().await;
        let withdraw = format!("/v1/visitors/{}/respond", pass["id"].as_str().unwrap());
        self.spouse.post(&withdraw, json!({"decision": "deny", "note": null})).await.data(200);
        self.guard.delete("/v1/visitors/rejected").await.expect(200);
        let smoke = json!({"flat_id": FLAT_101, "description": "Smoke in the kitchen"});
        let emergency = self.resident.post("/v1/emergencies", smoke).await.data(201);
        for step in ["address", "resolve"] {
            let path = format!("/v1/emergencies/{}/{step}", emergency["id"].as_str().unwrap());
            self.guard.post(&path, json!({})).await.data(200);
        }
        let newcomer = self.newcomer(Identity::of(&format!("newcomer-{}", Uuid::new_v4())));
        let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
        let asked = newcomer.post("/v1/resident-requests", ask).await.data(201);
        let approve = format!("/v1/resident-requests/{}/approve", asked["id"].as_str().unwrap());
        self.admin.post(&approve, json!({})).await.data(200);
        let residents = format!("/v1/admin/societies/{GREEN_ACRES}/residents");
        let occupancy = self.admin.get(&residents).await.data(200)[0]["id"].take();
        let end = format!("/v1/admin/occupancies/{}/end", occupancy.as_str().unwrap());
        self.admin.post(&end, json!({})).await.data(200);

        // Somebody tries to be a guard, first on a phone of their own, then on the gate's.
        let (gate, guard) = (self.make_gate("Main gate").await, self.make_guard("Mohan").await);
        let mut sign_in = json!({"guard_code": guard.code, "pin": "700001", "device_identifier": gate.phone});
        self.nobody().post("/v1/auth/guard", sign_in.clone()).await.refused(403, "DEVICE_NOT_REGISTERED");
        sign_in["device_code"] = json!(self.device_code(&gate).await);
        for _ in 0..5 {
            self.nobody().post("/v1/auth/guard", sign_in.clone()).await;
        }
    }

    /// What happened in a room, as it is written down.
    pub async fn told_in(&self, room: &str) -> Vec<Value> {
        let frames = "SELECT event_frame(o, e.epoch) - ARRAY['request_id', 'trace_id'] FROM outbox o, room_epoch e WHERE room = $1 ORDER BY seq";
        let rows = self.db.query(frames, &[&room]).await.unwrap();
        rows.into_iter().map(|row| row.get(0)).collect()
    }
}

/// The room of flat 101.
pub fn flat_room() -> String {
    format!("flat:{FLAT_101}")
}

/// The room of the guards of Green Acres.
pub fn society_room() -> String {
    format!("society:{GREEN_ACRES}")
}
