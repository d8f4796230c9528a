//! Coming back into a room: all that was missed, in order, or an honest "not all of it".

use serde_json::{Value, json};

use crate::support::{
    World, seqs,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// So many events happen in the room of flat 101 while nobody is there.
    async fn let_happen(&self, events: i64) {
        let emit = "SELECT emit('flat:' || $1, 'visitor_checkin', jsonb_build_object('n', n), NULL, NULL, NULL) FROM generate_series(1, $2) AS n";
        self.db.execute(emit, &[&FLAT_101.to_string(), &i32::try_from(events).unwrap()]).await.unwrap();
    }
}

/// A phone in a tunnel: three visitors rang meanwhile, and each is heard of once, in order.
#[tokio::test]
async fn what_was_missed_comes_in_order_before_the_answer() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["seq"], 1);
    drop(phone);
    let missed = [world.log_visitor().await, world.log_visitor().await, world.log_visitor().await];
    world.answer(missed[0], "accept").await;

    let mut phone = world.resident.connect().await;
    let joined = phone.join_since("flat", FLAT_101, 1).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(4), &json!(true)));
    let heard = phone.heard().await;
    // The one that was answered meanwhile is told of, too: the client has asked for everything.
    assert_eq!(seqs(&heard), [2, 3, 4]);
    for (event, visitor) in heard.iter().zip(missed) {
        assert_eq!(event["data"]["visitor_id"], visitor.to_string());
    }
    // From here on events come by themselves.
    world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["seq"], 5);
}

/// What is older than what is kept, or more than a client should be sent, is not sent in part.
#[tokio::test]
async fn a_part_is_never_replayed() {
    let world = World::open().await;
    let waiting = world.log_visitor().await;
    world.let_happen(200).await;
    let mut phone = world.resident.connect().await;
    let joined = phone.join_since("flat", FLAT_101, 1).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(201), &json!(true)));
    assert_eq!(seqs(&phone.heard().await), (2..=201).collect::<Vec<_>>());

    // One more than that is too many; what is open comes instead.
    let joined = phone.join_since("flat", FLAT_101, 0).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(201), &json!(false)));
    let heard = phone.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["data"]["visitor_id"], waiting.to_string());

    // Of three missed events the first is not kept any more.
    world.db.execute("DELETE FROM outbox WHERE seq = 199", &[]).await.unwrap();
    assert_eq!(phone.join_since("flat", FLAT_101, 198).await["recovered"], false);
    assert_eq!(seqs(&phone.heard().await), [1]);
    assert_eq!(phone.join_since("flat", FLAT_101, 199).await["recovered"], true);
    assert_eq!(seqs(&phone.heard().await), [200, 201]);

    // Nobody has events that have not happened.
    assert_eq!(phone.join_since("flat", FLAT_101, 202).await["recovered"], false);
}

/// A client that comes anew is told who is standing at the gate now, and nothing that is over.
#[tokio::test]
async fn a_resident_who_comes_anew_hears_who_is_waiting() {
    let world = World::open().await;
    let [accepted, denied, late, waiting] = [
        world.log_visitor().await,
        world.log_visitor().await,
        world.log_visitor().await,
        world.log_visitor().await,
    ];
    world.answer(accepted, "accept").await;
    world.answer(denied, "deny").await;
    let past = "UPDATE visitors SET approval_deadline = now() - interval '1 second' WHERE id = $1";
    world.db.execute(past, &[&late]).await.unwrap();
    world.make_pass().await;

    let mut phone = world.spouse.connect().await;
    let joined = phone.join("flat", FLAT_101).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(4), &json!(false)));
    let heard = phone.heard().await;
    assert_eq!(seqs(&heard), [4]);
    assert_eq!(heard[0]["event"], "visitor_request");
    assert_eq!(heard[0]["data"]["visitor_id"], waiting.to_string());
}

/// A guard who comes to the desk is alerted to the emergencies that nobody has taken on, told of those that somebody
/// has, and hears nothing of the others. A guard who comes back is told the same once more, and is not alarmed by it.
#[tokio::test]
async fn a_guard_who_comes_anew_hears_of_live_emergencies() {
    let world = World::open().await;
    let mut ids = Vec::new();
    for description in ["lift", "smoke", "fall"] {
        let body = json!({"flat_id": FLAT_101, "description": description});
        ids.push(
            world.resident.post("/v1/emergencies", body).await.data(201)["id"].as_str().unwrap().to_owned(),
        );
    }
    for (id, step) in [(&ids[0], "address"), (&ids[0], "resolve"), (&ids[1], "address")] {
        world.guard.post(&format!("/v1/emergencies/{id}/{step}"), json!({})).await.data(200);
    }
    let society = format!("society:{GREEN_ACRES}");
    let told: Vec<_> = world.told_in(&society).await;
    for _ in 0..2 {
        let mut desk = world.second_guard.connect().await;
        desk.join("society", GREEN_ACRES).await;
        let heard = desk.heard().await;
        let of = |event: &Value| {
            [&event["event"], &event["data"]["emergency_id"], &event["data"]["status"]].map(Clone::clone)
        };
        assert_eq!(
            heard.iter().map(of).collect::<Vec<_>>(),
            [["emergency_alert", &ids[2], "pending"], ["emergency_updated", &ids[1], "addressed"]]
                .map(|e| e.map(|x| json!(x)))
        );
        // They are the events that told of it first, so a client that has them knows them.
        assert!(heard.iter().all(|event| told.contains(event)), "{heard:?}");
    }
}

/// A frame that got lost shows by itself: the answer to a ping says how far each room has come.
#[tokio::test]
async fn a_ping_is_answered_with_the_positions_of_the_rooms() {
    let world = World::open().await;
    let mut phone = world.admin.connect().await;
    phone.send(json!({"action": "ping"})).await;
    assert_eq!(phone.event("pong").await["rooms"], json!([]));
    phone.join("society", GREEN_ACRES).await;
    world.make_pass().await;
    phone.event("guest_pass_created").await;
    phone.send(json!({"action": "ping"})).await;
    let society = format!("society:{GREEN_ACRES}");
    let pong = phone.event("pong").await;
    assert_eq!(pong["rooms"], json!([{"room": society, "epoch": world.epoch().await, "seq": 1}]));
}
