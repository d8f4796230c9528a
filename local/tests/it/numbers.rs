//! Whose a number is, and who reads it.

use serde_json::{Value, json};
use stack::Identity;

use crate::support::{
    Actor, Reply, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// Asha's and Ravi's, of flat 101.
const ASHA: &str = "+919800000003";
const RAVI: &str = "+919800000004";

impl World {
    async fn number_of(&self, uid: &str) -> Option<String> {
        let number = "SELECT phone FROM users WHERE firebase_uid = $1";
        self.db.query_one(number, &[&uid]).await.unwrap().get(0)
    }

    /// Somebody with a token that was made so many seconds ago.
    fn seconds_ago(&self, identity: &Identity, seconds: i64) -> Actor {
        let issuer = self.stack.issuer();
        let mut claims = issuer.claims(identity);
        for time in ["iat", "auth_time"] {
            claims[time] = json!(claims[time].as_i64().unwrap() - seconds);
        }
        self.stranger.with_token(issuer.sign(&claims).unwrap())
    }
}

/// A number that somebody else verifies leaves its former user: an SMS about the former one's visitors does not reach them,
/// and the next of the flat is asked instead.
#[tokio::test]
async fn a_number_leaves_its_former_user() {
    let world = World::open().await;
    world.approve_templates().await;
    let old = world.seconds_ago(&Identity::of("asha").phone(ASHA), 90);
    let newer = world.seconds_ago(&Identity::of("asha").phone(ASHA), 80);
    old.get("/v1/profile/me").await.data(200);
    let queued = world.log_visitor().await;
    let due = "INSERT INTO deliveries (user_id, visitor_id, channel, kind, room, request_id, due_at, expires_at)
               VALUES ($1, $2, 'sms', 'visitor_request', 'flat:' || $3, 'queued', 'infinity', now() + interval '1 hour')";
    world.db.execute(due, &[&world.resident.user_id, &queued, &FLAT_101.to_string()]).await.unwrap();

    let buyer = world.newcomer(Identity::of("buyer").phone(ASHA));
    assert_eq!(buyer.get("/v1/profile/me").await.data(200)["user"]["phone"], ASHA);
    assert_eq!(world.number_of("asha").await, None);
    assert_eq!(world.number_of("buyer").await.as_deref(), Some(ASHA));
    let audited = "SELECT count(*) FROM audit_logs a JOIN users b ON b.id = a.actor_user_id
                    WHERE a.action = 'phone.move' AND b.firebase_uid = 'buyer' AND a.resource_id = b.id
                      AND a.details ->> 'moved_from' = '55555555-5555-5555-5555-555555555503'";
    assert_eq!(world.count(audited).await, 1);

    // Neither a token that is known nor one that was made before brings it back.
    for before in [&old, &newer] {
        before.get("/v1/profile/me").await.data(200);
        assert_eq!(world.number_of("asha").await, None);
        assert_eq!(world.number_of("buyer").await.as_deref(), Some(ASHA));
    }
    world.let_steps_fall_due(3).await;
    world.db.execute("UPDATE deliveries SET due_at = now() WHERE request_id = 'queued'", &[]).await.unwrap();
    world.watch().await;
    world.handed(RAVI, 1).await;
    world.all_is_sent().await;
    assert!(world.stack.messages().handed().iter().all(|handed| handed.to != ASHA));
    let refused = "SELECT count(*) FROM notifications WHERE request_id = 'queued' AND reason = 'no_phone'";
    assert_eq!(world.count(refused).await, 1);

    // Who verifies it anew has it.
    let anew = world.seconds_ago(&Identity::of("asha").phone(ASHA), -30);
    anew.get("/v1/profile/me").await.data(200);
    assert_eq!(world.number_of("asha").await.as_deref(), Some(ASHA));
    assert_eq!(world.number_of("buyer").await, None);
}

/// A first token may be older than the one by which somebody else has got its number.
#[tokio::test]
async fn a_newcomer_with_an_old_token_takes_no_number() {
    let world = World::open().await;
    world.newcomer(Identity::of("buyer").phone(ASHA)).get("/v1/profile/me").await.data(200);
    let late = world.seconds_ago(&Identity::of("late").phone(ASHA), 60);
    late.get("/v1/profile/me").await.data(200);
    assert_eq!(world.number_of("late").await, None);
    assert_eq!(world.number_of("buyer").await.as_deref(), Some(ASHA));
}

/// Two who swap their numbers in the same moment both get the other's, and neither is refused.
#[tokio::test]
async fn two_who_swap_numbers_do_not_wait_for_each_other() {
    let world = World::open().await;
    let numbers = ["+919811111111", "+919822222222"];
    // At two addresses, since requests of one address come one after the other here.
    let elsewhere =
        reqwest::Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 2])).build().unwrap();
    for round in 0..20 {
        let now = [numbers[round % 2], numbers[(round + 1) % 2]];
        let seconds = 60 - i64::try_from(round).unwrap();
        let [one, two] = [("one", now[0]), ("two", now[1])]
            .map(|(uid, phone)| world.seconds_ago(&Identity::of(uid).phone(phone), seconds));
        let two = Actor { http: elsewhere.clone(), ..two };
        let (first, second) = tokio::join!(one.get("/v1/profile/me"), two.get("/v1/profile/me"));
        first.data(200);
        second.data(200);
        assert_eq!(
            [world.number_of("one").await, world.number_of("two").await],
            now.map(|number| Some(number.to_owned())),
            "round {round}"
        );
    }
}

/// A token that brings nothing new writes nothing: neither the number nor anybody else's row.
#[tokio::test]
async fn a_number_that_stays_costs_nothing() {
    let world = World::open().await;
    world.resident.get("/v1/profile/me").await.data(200);
    world
        .seconds_ago(&Identity::of("asha").phone(ASHA).name("Asha"), 20)
        .get("/v1/profile/me")
        .await
        .data(200);
    let untouched =
        "SELECT count(*) FROM users WHERE xmin <> (SELECT xmin FROM users WHERE firebase_uid = 'ravi')";
    assert_eq!(world.count(untouched).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, 2);
}

/// A number as a guard reads it: enough to tell one from another.
const ASHA_MASKED: &str = "+91······0003";

/// The fields of answers and events that hold a resident's number, each as it is told to a caller.
async fn told(world: &World, who: &Actor) -> [Value; 3] {
    let entry = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let logged = who.post("/v1/visitors", entry).await.data(201)["flat_details"]["resident_phone"].take();
    let pass = world.make_pass().await;
    let scan = format!("/v1/visitors/by-qr/{}", pass["qr_code"].as_str().unwrap());
    let scanned = who.get(&scan).await.data(200)["invited_by_phone"].take();
    let emergencies = who.get("/v1/emergencies").await.data(200)[0]["reported_by_phone"].take();
    [logged, scanned, emergencies]
}

/// Guards read numbers masked, unless their society says otherwise; admins and the flat itself read them.
#[tokio::test]
async fn guards_read_masked_numbers() {
    let world = World::open().await;
    let mut desks = [world.guard.connect().await, world.admin.connect().await];
    for desk in &mut desks {
        desk.join("society", GREEN_ACRES).await;
    }
    world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    for desk in &mut desks {
        // The room is the guards', and all in it hear the same.
        assert_eq!(desk.event("emergency_alert").await["data"]["reported_by_phone"], ASHA_MASKED);
    }
    for (who, number) in [
        (&world.guard, ASHA_MASKED),
        (&world.admin, ASHA),
        (&world.block_admin, ASHA),
        (&world.super_admin, ASHA),
    ] {
        assert_eq!(told(&world, who).await, [number; 3].map(|number| json!(number)));
    }
    // A flat reads its own: the maker of a pass, and the reporter.
    let pass = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": FLAT_101});
    let made = world.spouse.post("/v1/visitors/guest-pass", pass).await.data(201);
    assert_eq!(made["flat_details"]["resident_phone"], ASHA);
    assert_eq!(world.spouse.get("/v1/emergencies").await.data(200)[0]["reported_by_phone"], ASHA);

    let policy =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'guards_see_resident_phones', 'true')";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    assert_eq!(desks[0].event("emergency_alert").await["data"]["reported_by_phone"], ASHA);
    assert_eq!(told(&world, &world.guard).await, [ASHA; 3].map(|number| json!(number)));

    // What was told while guards might read it is told again as they may now: under a key, and to a client that comes back.
    let entry =
        json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "k"});
    let first = world.guard.post("/v1/visitors", entry.clone()).await.data(201);
    assert_eq!(first["flat_details"]["resident_phone"], ASHA);
    world.db.execute("UPDATE policies SET value = 'false'", &[]).await.unwrap();
    let mut again = world.guard.post("/v1/visitors", entry).await.data(200);
    assert_eq!(again["flat_details"]["resident_phone"], ASHA_MASKED);
    again["flat_details"]["resident_phone"] = json!(ASHA);
    assert_eq!(again, first);
    for since in [None, Some(0)] {
        let mut desk = world.second_guard.connect().await;
        match since {
            Some(since) => desk.join_since("society", GREEN_ACRES, since).await,
            None => desk.join("society", GREEN_ACRES).await,
        };
        let heard = desk.heard().await;
        let alerts: Vec<_> = heard.iter().filter(|event| event["event"] == "emergency_alert").collect();
        assert_eq!(alerts.len(), 2);
        assert!(alerts.iter().all(|alert| alert["data"]["reported_by_phone"] == ASHA_MASKED), "{alerts:?}");
    }
}

/// A guard's whole day: no answer, no refusal and no event of it holds a resident's number.
#[tokio::test]
async fn nothing_that_a_guard_hears_holds_a_residents_number() {
    let world = World::open().await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    world.live_through_a_day().await;
    let mut replies: Vec<Reply> = crate::authorisation::everything_as_the_guard(&world).await;
    replies.push(world.guard.get("/v1/emergencies").await);
    let mut told: Vec<String> =
        replies.iter().map(|reply| format!("{} {}", reply.call, reply.body)).collect();
    told.extend(desk.heard().await.iter().map(Value::to_string));
    let mut again = world.second_guard.connect().await;
    again.join_since("society", GREEN_ACRES, 0).await;
    told.extend(again.heard().await.iter().map(Value::to_string));
    assert!(told.iter().filter(|text| text.contains(ASHA_MASKED)).count() > 3, "numbers are there, masked");
    let numbers =
        world.db.query("SELECT u.phone FROM users u JOIN flat_occupancies o ON o.user_id = u.id WHERE u.phone IS NOT NULL", &[]).await;
    let numbers: Vec<String> = numbers.unwrap().iter().map(|row| row.get(0)).collect();
    for number in numbers {
        let digits = number.trim_start_matches("+91");
        let held: Vec<_> = told.iter().filter(|text| text.contains(digits)).collect();
        assert!(held.is_empty(), "{number}: {held:?}");
    }
}

/// Every number keeps its country and its last four digits, and one that is masked stays so.
#[tokio::test]
async fn a_masked_number_shows_country_and_end() {
    let world = World::open().await;
    for (number, masked) in [
        (Some("+919876543210"), Some("+91······3210")),
        (Some("+16505550123"), Some("+1······0123")),
        (Some("+971501234567"), Some("+971·····4567")),
        (Some("+6512345678"), Some("+65····5678")),
        (Some("+91······3210"), Some("+91······3210")),
        (Some("nobody"), None),
        (None, None),
    ] {
        let row = world.db.query_one("SELECT masked_phone($1)", &[&number]).await.unwrap();
        assert_eq!(row.get::<_, Option<&str>>(0), masked, "{number:?}");
    }
}
