//! What new residents learn of those who lived there before: nothing, but of who is at their door now.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Actor, World, eventually, seqs,
    story::flat_room,
    world::{FLAT_101, GREEN_ACRES},
};

impl World {
    /// Everybody of flat 101 moves out.
    pub async fn empty_the_flat(&self) {
        let empty =
            "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1 AND end_date IS NULL";
        self.db.execute(empty, &[&FLAT_101]).await.unwrap();
    }

    /// Somebody asks to live in flat 101, and an admin agrees.
    pub async fn let_move_in(&self, who: &Actor) {
        let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
        let asked = who.post("/v1/resident-requests", ask).await.data(201);
        let path = format!("/v1/resident-requests/{}/approve", asked["id"].as_str().unwrap());
        self.admin.post(&path, json!({})).await.data(200);
    }

    /// Somebody is let in, and is inside; answers the visit.
    async fn check_in(&self, visitor: Uuid) -> Value {
        let body = json!({"visitor_id": visitor});
        self.guard.post("/v1/visits/checkin", body).await.data(201)["id"].take()
    }

    /// A visitor of flat 101 who came and went, one who was turned away, a pass and an emergency.
    async fn leave_a_past(&self) -> Past {
        let gone = self.log_visitor().await;
        let yes = json!({"decision": "accept", "note": "An old friend"});
        self.resident.post(&format!("/v1/visitors/{gone}/respond"), yes).await.data(200);
        let visit = self.check_in(gone).await;
        self.guard.post("/v1/visits/checkout", json!({"visit_id": visit})).await.data(200);
        let denied = self.log_visitor().await;
        self.answer(denied, "deny").await;
        let pass = self.make_pass().await["id"].as_str().unwrap().parse().unwrap();
        let smoke = json!({"flat_id": FLAT_101, "description": "Smoke in the kitchen"});
        self.resident.post("/v1/emergencies", smoke).await.data(201);
        Past { visitors: [gone, denied, pass], pass }
    }
}

struct Past {
    visitors: [Uuid; 3],
    pass: Uuid,
}

/// The lists that a resident reads, for the flat and for all they may see.
fn lists() -> Vec<String> {
    let lists = ["/v1/visitors", "/v1/visits", "/v1/emergencies"];
    let of_flat = lists.iter().map(|list| format!("{list}?flat_id={FLAT_101}"));
    lists
        .iter()
        .map(|list| (*list).to_owned())
        .chain(of_flat)
        .chain(["/v1/visitors/pending".into()])
        .collect()
}

async fn read(who: &Actor, list: &str) -> usize {
    who.get(list).await.data(200).as_array().unwrap().len()
}

/// A new resident finds an empty book: in lists, by id, and by whatever acts on a visitor. The gate's book is whole.
#[tokio::test]
async fn a_new_resident_reads_nothing_of_the_former_ones() {
    let world = World::open().await;
    world.approve_templates().await;
    let past = world.leave_a_past().await;
    world.empty_the_flat().await;
    world.let_move_in(&world.stranger).await;
    for list in lists() {
        assert_eq!(read(&world.stranger, &list).await, 0, "{list}");
    }
    let count = format!("/v1/visitors/pending-count?flat_id={FLAT_101}");
    assert_eq!(world.stranger.get(&count).await.data(200)["pending_count"], 0);
    for visitor in past.visitors {
        let path = format!("/v1/visitors/{visitor}");
        // As a neighbour is answered.
        world.stranger.get(&path).await.refused(403, "FORBIDDEN");
        let deny = json!({"decision": "deny"});
        world.stranger.post(&format!("{path}/respond"), deny).await.refused(403, "FORBIDDEN");
        world.guard.get(&path).await.data(200);
    }
    let invite = format!("/v1/visitors/{}/send-invite", past.pass);
    world.stranger.post(&invite, json!({"channel": "sms"})).await.refused(403, "FORBIDDEN");
    for (staff, list, rows) in [
        (&world.guard, "/v1/visitors", 3),
        (&world.guard, "/v1/visits", 1),
        (&world.admin, "/v1/emergencies", 1),
        (&world.block_admin, "/v1/visitors", 3),
    ] {
        assert_eq!(read(staff, list).await, rows, "{list}");
        assert_eq!(read(staff, &format!("{list}?flat_id={FLAT_101}")).await, rows, "{list}");
    }
    // From now on the book is theirs.
    let visitor = world.log_visitor().await;
    assert_eq!(world.stranger.get("/v1/visitors").await.data(200)[0]["id"], visitor.to_string());
    world.stranger.get(&format!("/v1/visitors/{visitor}")).await.data(200);
    assert_eq!(read(&world.stranger, &format!("/v1/visitors?flat_id={FLAT_101}")).await, 1);
}

/// Who lived there all the time reads all of it, also where somebody moved in with them.
#[tokio::test]
async fn residents_who_stay_keep_their_past() {
    let world = World::open().await;
    let past = world.leave_a_past().await;
    world.let_move_in(&world.stranger).await;
    assert_eq!(read(&world.spouse, "/v1/visitors").await, 3);
    assert_eq!(read(&world.stranger, "/v1/visitors").await, 0);
    // A pass is in the hands of those who lived there when it was made.
    let withdraw = format!("/v1/visitors/{}/respond", past.pass);
    world.stranger.post(&withdraw, json!({"decision": "deny"})).await.refused(403, "FORBIDDEN");
    world.spouse.post(&withdraw, json!({"decision": "deny"})).await.data(200);
}

/// Who moves out and in again begins anew, and so does who lost the role and got it back.
#[tokio::test]
async fn the_past_begins_with_the_current_occupancy() {
    let world = World::open().await;
    for ended in [
        "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1 AND end_date IS NULL",
        "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL",
    ] {
        let before = world.log_visitor().await;
        world.answer(before, "deny").await;
        world.resident.get(&format!("/v1/visitors/{before}")).await.data(200);
        world.db.execute(ended, &[&world.resident.user_id]).await.unwrap();
        let between = world.log_visitor().await;
        world
            .spouse
            .post(&format!("/v1/visitors/{between}/respond"), json!({"decision": "deny"}))
            .await
            .data(200);
        world.let_move_in(&world.resident).await;
        for visitor in [before, between] {
            world.resident.get(&format!("/v1/visitors/{visitor}")).await.refused(403, "FORBIDDEN");
            world.spouse.get(&format!("/v1/visitors/{visitor}")).await.data(200);
        }
        assert_eq!(read(&world.resident, "/v1/visitors").await, 0);
    }
}

/// Who waits at the gate, or is inside, is at the door of those who live there now, also where others were asked: they see and answer,
/// and read nothing that was said before.
#[tokio::test]
async fn visitors_at_the_door_concern_those_who_live_there_now() {
    let world = World::open().await;
    let [waiting, unwanted, inside] =
        [world.log_visitor().await, world.log_visitor().await, world.log_visitor().await];
    let yes = json!({"decision": "accept", "note": "An old friend"});
    world.resident.post(&format!("/v1/visitors/{inside}/respond"), yes).await.data(200);
    let visit = world.check_in(inside).await;
    world.empty_the_flat().await;
    world.let_move_in(&world.stranger).await;

    let path = |visitor: Uuid| format!("/v1/visitors/{visitor}");
    let seen = world.stranger.get(&path(inside)).await.data(200);
    assert_eq!((&seen["status"], &seen["approvals"]), (&json!("checked_in"), &json!([])));
    assert_eq!(world.guard.get(&path(inside)).await.data(200)["approvals"][0]["note"], "An old friend");
    assert_eq!(read(&world.stranger, "/v1/visitors/pending").await, 2);
    let count = format!("/v1/visitors/pending-count?flat_id={FLAT_101}");
    assert_eq!(world.stranger.get(&count).await.data(200)["pending_count"], 2);
    let mut phone = world.stranger.connect().await;
    phone.join("flat", FLAT_101).await;
    assert_eq!(phone.heard().await.len(), 2);

    for (visitor, decision) in [(waiting, "accept"), (unwanted, "deny")] {
        let answer = format!("{}/respond", path(visitor));
        let body = json!({"decision": decision});
        for _ in 0..2 {
            world.stranger.post(&answer, body.clone()).await.data(200);
        }
        assert_eq!(
            world.stranger.get(&path(visitor)).await.data(200)["approvals"].as_array().unwrap().len(),
            1
        );
    }
    // A yes of their own can be taken back.
    world.stranger.post(&format!("{}/respond", path(waiting)), json!({"decision": "deny"})).await.data(200);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": visit})).await.data(200);
    assert_eq!(phone.event("visitor_checkout").await["data"]["visitor_id"], inside.to_string());
    assert_eq!(world.stranger.get(&path(inside)).await.data(200)["status"], "checked_out");
    // Lists begin with the occupancy.
    assert_eq!(read(&world.stranger, "/v1/visitors").await, 0);
}

/// Clearing the gate's list brings nothing of the past to light.
#[tokio::test]
async fn a_cleared_visitor_of_the_past_stays_there() {
    let world = World::open().await;
    let denied = world.log_visitor().await;
    world.answer(denied, "deny").await;
    world.empty_the_flat().await;
    world.let_move_in(&world.stranger).await;
    world.guard.delete("/v1/visitors/rejected").await.expect(200);
    world.stranger.get(&format!("/v1/visitors/{denied}")).await.refused(403, "FORBIDDEN");
}

/// Whatever position a client claims to have, it is sent what happened since its user moved in, and then it has all of it.
#[tokio::test]
async fn a_replay_begins_with_the_occupancy() {
    let world = World::open().await;
    let happen = "SELECT emit('flat:' || $1, 'visitor_checkin', jsonb_build_object('n', n), NULL, NULL, NULL) FROM generate_series(1, 300) AS n";
    world.db.execute(happen, &[&FLAT_101.to_string()]).await.unwrap();
    world.leave_a_past().await;
    world.empty_the_flat().await;
    let last: i64 =
        world.count(&format!("SELECT seq FROM room_sequences WHERE room = '{}'", flat_room())).await;
    world.let_move_in(&world.stranger).await;
    let own = [last + 1, last + 2];
    world.log_visitor().await;
    let mut phone = world.stranger.connect().await;
    for since in [0, 5, last - 200, last - 199, last - 1, last, last + 1, last + 2] {
        let joined = phone.join_since("flat", FLAT_101, since).await;
        assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(last + 2), &json!(true)), "since {since}");
        let theirs: Vec<_> = own.into_iter().filter(|seq| *seq > since).collect();
        let heard = phone.heard().await;
        assert_eq!(seqs(&heard), theirs, "since {since}");
        let events: Vec<_> = heard.iter().rev().map(|event| event["event"].as_str().unwrap()).collect();
        assert!(["visitor_request", "resident_joined"].starts_with(&events), "{events:?}");
    }
    assert_eq!(phone.join_since("flat", FLAT_101, last + 3).await["recovered"], false);
    phone.heard().await;

    // Where something of their own is not kept any more, it is not all.
    world.db.execute("DELETE FROM outbox WHERE seq = $1", &[&(last + 1)]).await.unwrap();
    assert_eq!(phone.join_since("flat", FLAT_101, 0).await["recovered"], false);
    // What they never could have may go.
    world
        .db
        .execute("DELETE FROM outbox WHERE room = $1 AND seq < $2", &[&flat_room(), &last])
        .await
        .unwrap();
    phone.heard().await;
    assert_eq!(phone.join_since("flat", FLAT_101, last + 1).await["recovered"], true);
    // Too many of their own are too many.
    world.db.execute(happen, &[&FLAT_101.to_string()]).await.unwrap();
    assert_eq!(phone.join_since("flat", FLAT_101, last + 2).await["recovered"], false);
}

/// What waits for its push while the dispatcher is away, and somebody moves in: they hear what came after that.
#[tokio::test]
async fn a_late_push_is_for_those_who_lived_there_then() {
    let world = World::open().await;
    let past = world.log_visitor().await;
    world.answer(past, "deny").await;
    world.let_move_in(&world.stranger).await;
    let (mut newcomer, mut spouse) = (world.stranger.connect().await, world.spouse.connect().await);
    newcomer.join("flat", FLAT_101).await;
    spouse.join("flat", FLAT_101).await;
    world.log_visitor().await;
    newcomer.event("visitor_request").await;
    spouse.event("visitor_request").await;
    // As if nobody had been able to push anything of it.
    let behind = "UPDATE room_sequences SET pushed = 0, pusher = NULL, pusher_until = NULL WHERE room = $1";
    world.db.execute(behind, &[&flat_room()]).await.unwrap();
    world.dispatch().await;
    eventually("all is pushed", async || world.is_up_to_date().await).await;
    assert_eq!(seqs(&spouse.heard().await), [1, 2, 3]);
    assert_eq!(seqs(&newcomer.heard().await), [2, 3]);
    // They are in the room still.
    world.log_visitor().await;
    newcomer.event("visitor_request").await;
}

/// In the room of the society nothing changes by who lives where.
#[tokio::test]
async fn the_gate_keeps_its_past() {
    let world = World::open().await;
    world.leave_a_past().await;
    world.empty_the_flat().await;
    world.let_move_in(&world.guard).await;
    let mut desk = world.guard.connect().await;
    assert_eq!(desk.join_since("society", GREEN_ACRES, 0).await["recovered"], true);
    assert!(desk.heard().await.len() > 3);
    // A guard who moves in reads the book of the flat as the guard.
    assert_eq!(read(&world.guard, &format!("/v1/visitors?flat_id={FLAT_101}")).await, 3);
}

/// Two strangers want the same vacant flat in the same moment, where the society lets them in by itself: one lives there,
/// and the other waits for an admin.
#[tokio::test]
async fn of_two_strangers_one_gets_a_vacant_flat() {
    let world = World::open().await;
    world.approve_by_itself().await;
    for round in 0..10 {
        world.empty_the_flat().await;
        let strangers = [0, 1].map(|n| world.newcomer(stack::Identity::of(&format!("stranger-{round}-{n}"))));
        let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
        let asked =
            join_all(strangers.iter().map(|who| who.post("/v1/resident-requests", ask.clone()))).await;
        let mut states: Vec<_> =
            asked.into_iter().map(|asked| asked.data(201)["status"].as_str().unwrap().to_owned()).collect();
        states.sort();
        assert_eq!(states, ["approved", "pending"]);
        let homes = join_all(strangers.iter().map(|who| read(who, "/v1/my-flats"))).await;
        assert_eq!(homes.iter().sum::<usize>(), 1);
    }
}

/// An admin approves one while the policy would take another: the flat is not filled twice without an admin.
#[tokio::test]
async fn an_admin_and_the_policy_fill_a_flat_in_turn() {
    let world = World::open().await;
    for round in 0..10 {
        world.empty_the_flat().await;
        world.db.execute("DELETE FROM policies", &[]).await.unwrap();
        let [asked, other] = [0, 1].map(|n| world.newcomer(stack::Identity::of(&format!("one-{round}-{n}"))));
        let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
        let request = asked.post("/v1/resident-requests", ask.clone()).await.data(201);
        world.approve_by_itself().await;
        let path = format!("/v1/resident-requests/{}/approve", request["id"].as_str().unwrap());
        let (by_admin, by_policy) =
            tokio::join!(world.admin.post(&path, json!({})), other.post("/v1/resident-requests", ask));
        by_admin.data(200);
        // The policy came first, or found somebody there.
        let approved = by_policy.data(201)["status"] == "approved";
        assert_eq!(read(&other, "/v1/my-flats").await, usize::from(approved));
        let order = "SELECT count(*) FROM resident_request_approvals a JOIN resident_requests r ON r.id = a.request_id
                      WHERE a.user_id IS NULL AND EXISTS (SELECT FROM flat_occupancies o
                            WHERE o.flat_id = r.flat_id AND o.end_date IS NULL
                              -- Two ids of one millisecond have no order.
                              AND left(o.id::text, 13) < (
                                  SELECT left(p.id::text, 13) FROM flat_occupancies p WHERE p.user_id = r.requesting_user_id))";
        assert_eq!(world.count(order).await, 0, "the policy let somebody in with others");
    }
}

impl World {
    /// Green Acres admits anybody who asks.
    async fn approve_by_itself(&self) {
        let policy =
            "INSERT INTO policies (society_id, name, value) VALUES ($1, 'resident_auto_approve', 'true')
                      ON CONFLICT DO NOTHING";
        self.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    }
}

/// A user who asks for an occupied flat waits for an admin, whatever the policy is; a role that was revoked
/// makes it vacant.
#[tokio::test]
async fn the_policy_lets_nobody_in_with_others() {
    let world = World::open().await;
    world.approve_by_itself().await;
    let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
    assert_eq!(
        world.stranger.post("/v1/resident-requests", ask.clone()).await.data(201)["status"],
        "pending"
    );
    // As elsewhere, one open request is enough.
    let again = world.stranger.post("/v1/resident-requests", ask.clone()).await.refused(409, "WRONG_STATE");
    assert_eq!(again["data"]["status"], "pending");
    assert_eq!(read(&world.stranger, "/v1/my-flats").await, 0);
    let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE scope_id = $1";
    world.db.execute(revoked, &[&FLAT_101]).await.unwrap();
    assert_eq!(world.stranger.post("/v1/resident-requests", ask).await.data(201)["status"], "approved");
    assert_eq!(world.count("SELECT count(*) FROM resident_requests").await, 1);
}

/// Those who live there are told who comes to live with them, on their screens and on their phones.
#[tokio::test]
async fn residents_are_told_who_moves_in() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.stranger.register_phone("new-phone").await;
    let mut phone = world.spouse.connect().await;
    phone.join("flat", FLAT_101).await;
    world.let_move_in(&world.stranger).await;
    let told = phone.event("resident_joined").await["data"].take();
    for (field, value) in [
        ("flat_id", json!(FLAT_101)),
        ("flat_number", json!("101")),
        ("user_id", json!(world.stranger.user_id)),
        ("resident_name", json!("Nobody")),
        ("occupancy_role", json!("tenant")),
        ("approved_by", json!("admin")),
    ] {
        assert_eq!(told[field], value, "{field}");
    }
    let pushed = world.handed("asha-phone", 1).await.remove(0);
    assert_eq!(pushed.message["data"]["type"], "resident_joined");
    assert_eq!(pushed.message["notification"]["title"], "New resident");
    // Also where nobody decided about it.
    world.empty_the_flat().await;
    world.approve_by_itself().await;
    world.let_in_by_policy(&world.neighbour).await;
    let rooms = world.told_in(&flat_room()).await;
    assert_eq!(rooms.last().unwrap()["data"]["approved_by"], "policy");
    world.all_is_sent().await;
    assert!(world.stack.messages().handed().iter().all(|handed| handed.to != "new-phone"));
}

impl World {
    async fn let_in_by_policy(&self, who: &Actor) {
        let ask = json!({"flat_id": FLAT_101, "requested_role": "owner"});
        assert_eq!(who.post("/v1/resident-requests", ask).await.data(201)["status"], "approved");
    }
}
