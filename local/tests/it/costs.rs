//! What one person may cost others: money for messages, the attention of a gate, the time of an admin.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use stack::{Identity, messages::Service};
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World, eventually,
    world::{BLUE_FLAT, FLAT_101, FLAT_102, FLAT_B1, GREEN_ACRES},
};

/// How many replies had which status.
fn statuses(replies: &[Reply]) -> BTreeMap<u16, usize> {
    replies.iter().fold(BTreeMap::new(), |mut counts, reply| {
        *counts.entry(reply.status).or_default() += 1;
        counts
    })
}

/// What many hands at once are answered: eight, since a machine that tests has few processors.
async fn hands(calls: impl IntoIterator<Item = impl Future<Output = Reply>>) -> Vec<Reply> {
    stream::iter(calls).buffered(8).collect().await
}

/// What the caller of a refusal reads.
fn sentence(body: &Value) -> &str {
    body["error"].as_str().unwrap()
}

impl World {
    /// A pass for somebody with this number, made by someone who lives in the flat; answers where it is sent.
    async fn invite_to(&self, host: &Actor, flat: Uuid, phone: &str) -> String {
        let body = json!({"visitor_name": "Leela", "phone": phone, "flat_id": flat});
        let made = host.post("/v1/visitors/guest-pass", body).await.data(201);
        format!("/v1/visitors/{}/send-invite", made["visitor"]["id"].as_str().unwrap())
    }

    async fn decide_policy(&self, name: &str, value: Value) {
        let sql = "INSERT INTO policies (society_id, name, value) VALUES ($1, $2, $3)
                   ON CONFLICT (society_id, name) DO UPDATE SET value = excluded.value";
        self.db.execute(sql, &[&GREEN_ACRES, &name, &value]).await.unwrap();
    }

    /// As if all counted so far had been counted so many hours before.
    async fn hours_pass(&self, hours: i32) {
        let sql = "UPDATE request_counts SET window_start = window_start - make_interval(hours => $1)";
        self.db.execute(sql, &[&hours]).await.unwrap();
    }

    /// As if so many seconds had passed since the last alarms.
    async fn seconds_pass(&self, seconds: i32) {
        let sql = "UPDATE emergencies SET created_at = created_at - make_interval(secs => $1),
                          alerted_at = alerted_at - make_interval(secs => $1)";
        self.db.execute(sql, &[&f64::from(seconds)]).await.unwrap();
    }

    /// Numbers that an SMS went to, once for each.
    fn texted(&self) -> Vec<String> {
        let sms = self.stack.messages().handed().into_iter().filter(|handed| handed.service == Service::Sms);
        sms.map(|handed| handed.to).collect()
    }

    async fn tap(&self, who: &Actor, words: &str) -> Reply {
        who.post("/v1/emergencies", json!({"flat_id": FLAT_101, "description": words})).await
    }
}

/// Somebody who taps on, in twenty-five hands at once, sends three invitations; the others are told what to do instead.
#[tokio::test]
async fn a_pass_is_sent_three_times() {
    let world = World::open().await;
    world.approve_templates().await;
    let path = world.invite_to(&world.resident, FLAT_101, "9876543219").await;
    let replies = hands((0..25).map(|_| world.resident.post(&path, json!({})))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 3), (409, 22)]));
    for refused in replies.into_iter().filter(|reply| reply.status == 409) {
        let refused = refused.refused(409, "WRONG_STATE");
        assert_eq!(refused["data"]["status"], "invited_often");
        assert!(sentence(&refused).contains("the code yourself"), "{refused}");
    }
    world.handed("+919876543219", 3).await;
    let prices: Vec<_> = world.stack.messages().handed();
    assert!(
        prices.iter().all(|sms| sms.message["attributes"]["AWS.SNS.SMS.MaxPrice"] == "0.1"),
        "{prices:?}"
    );
}

/// However many passes and hosts there are, a number is written to five times in a day; and on the next day again.
#[tokio::test]
async fn a_number_is_invited_five_times_a_day() {
    let world = World::open().await;
    world.approve_templates().await;
    let mut paths = Vec::new();
    for _ in 0..6 {
        paths.push((&world.resident, world.invite_to(&world.resident, FLAT_101, "9876543219").await));
        paths.push((&world.neighbour, world.invite_to(&world.neighbour, FLAT_102, "+91 98765 43219").await));
    }
    let replies = hands(paths.iter().map(|(host, path)| host.post(path, json!({})))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 5), (429, 7)]));
    for over in replies.into_iter().filter(|reply| reply.status == 429) {
        let wait: u64 = over.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((86_000..=86_400).contains(&wait), "{wait}");
        let refused = over.refused(429, "RATE_LIMITED");
        assert_eq!(
            sentence(&refused),
            "This number was sent 5 invitations in a day. Please try again in 24 hours."
        );
    }
    let other = world.invite_to(&world.resident, FLAT_101, "9876543218").await;
    world.resident.post(&other, json!({})).await.data(200);
    world.hours_pass(23).await;
    let path = world.invite_to(&world.resident, FLAT_101, "9876543219").await;
    let refused = world.resident.post(&path, json!({})).await.refused(429, "RATE_LIMITED");
    assert!(sentence(&refused).ends_with("in an hour."), "{refused}");
    world.hours_pass(1).await;
    world.resident.post(&path, json!({})).await.data(200);
    world.handed("+919876543219", 6).await;
}

/// Thirty guests of one host are written to in a day. Others of the society are not stopped by that, until the society has
/// sent what it allows itself.
#[tokio::test]
async fn a_user_and_a_society_have_a_bound_for_a_day() {
    let world = World::open().await;
    world.approve_templates().await;
    let mut paths = Vec::new();
    for number in 0..33 {
        paths.push(world.invite_to(&world.resident, FLAT_101, &format!("98765{number:05}")).await);
    }
    let replies = hands(paths.iter().map(|path| world.resident.post(path, json!({})))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 30), (429, 3)]));
    let late = &paths[replies.iter().position(|reply| reply.status == 429).unwrap()];
    let refused = world.resident.post(late, json!({})).await.refused(429, "RATE_LIMITED");
    assert_eq!(sentence(&refused), "You have sent 30 invitations in a day. Please try again in 24 hours.");
    // Who was refused is not counted for anything else.
    world.spouse.post(late, json!({})).await.data(200);

    world.decide_policy("invites_a_day", json!(33)).await;
    let path = world.invite_to(&world.neighbour, FLAT_102, "9876600001").await;
    world.neighbour.post(&path, json!({})).await.data(200);
    world.guard.post(&path, json!({})).await.data(200);
    let refused = world.admin.post(&path, json!({})).await.refused(429, "RATE_LIMITED");
    assert_eq!(
        sentence(&refused),
        "Your society has sent 33 invitations in a day. Please try again in 24 hours."
    );
}

/// A repeat under a key is answered again, and counts for nothing.
#[tokio::test]
async fn a_repeated_invitation_is_counted_once() {
    let world = World::open().await;
    world.approve_templates().await;
    let path = world.invite_to(&world.resident, FLAT_101, "9876543219").await;
    let tap = || world.resident.send(reqwest::Method::POST, &path, Some(json!({})), Some("tap"));
    let replies = hands((0..20).map(|_| tap())).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 20)]));
    world.handed("+919876543219", 1).await;
    for _ in 0..2 {
        world.resident.post(&path, json!({})).await.data(200);
    }
    world.resident.post(&path, json!({})).await.refused(409, "WRONG_STATE");
    assert_eq!(tap().await.status, 200);
}

/// Invitations go to the society's own country, or to those it names; never to satellites or premium numbers.
#[tokio::test]
async fn invitations_go_to_countries_that_the_society_allows() {
    let world = World::open().await;
    world.approve_templates().await;
    let abroad = world.invite_to(&world.resident, FLAT_101, "+1 415 555 2671").await;
    let refused = world.resident.post(&abroad, json!({})).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "country_not_allowed");
    assert!(sentence(&refused).contains("this country"), "{refused}");
    world.decide_policy("message_countries", json!(["+91", "+1", "+44", "+8", "+9"])).await;
    world.resident.post(&abroad, json!({})).await.data(200);
    for dear in [
        "+881612345678",
        "+870773111632",
        "+882160123456",
        "+883510012345",
        "+97912345678",
        "+80812345678",
        "+19005550123",
        "+449098790123",
        "+447012345678",
    ] {
        let path = world.invite_to(&world.resident, FLAT_101, dear).await;
        let refused = world.resident.post(&path, json!({})).await.refused(409, "WRONG_STATE");
        assert_eq!(refused["data"]["status"], "expensive_number", "{dear}");
    }
    eventually("the SMS abroad", async || !world.texted().is_empty()).await;
    assert_eq!(world.texted(), ["+14155552671"]);
    for wrong in
        [json!("+91"), json!(["91"]), json!([91]), json!([["+91"]]), json!(["+91; +92"]), json!({"+91": 1})]
    {
        let sql = "UPDATE policies SET value = $1 WHERE name = 'message_countries'";
        let failed = world.db.execute(sql, &[&wrong]).await.unwrap_err();
        assert_eq!(failed.as_db_error().unwrap().constraint(), Some("policies_value_check"), "{wrong}");
    }
}

/// WhatsApp wants consent: a number that no user has gave none, and who takes it back is not written to any more.
#[tokio::test]
async fn whatsapp_goes_to_those_who_agreed() {
    let world = World::open().await;
    world.approve_templates().await;
    let whatsapp = json!({"channel": "whatsapp"});
    let guest = world.newcomer(Identity::of("leela").phone("+919876543219"));
    let path = world.invite_to(&world.resident, FLAT_101, "9876543219").await;
    let refused = world.resident.post(&path, whatsapp.clone()).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "no_consent");
    assert!(sentence(&refused).contains("by SMS"), "{refused}");
    guest.get("/v1/profile/me").await.data(200);
    world.resident.post(&path, whatsapp.clone()).await.refused(409, "WRONG_STATE");
    guest.post("/v1/notification-preferences", json!({"whatsapp": true})).await.data(200);
    world.resident.post(&path, whatsapp.clone()).await.data(200);
    assert_eq!(world.handed("+919876543219", 1).await[0].service, Service::Whatsapp);
    // Between the invitation and its turn she changes her mind.
    let later = "ALTER TABLE deliveries ALTER COLUMN due_at SET DEFAULT clock_timestamp() + interval '1 day'";
    world.db.batch_execute(later).await.unwrap();
    world.resident.post(&path, whatsapp).await.data(200);
    guest.post("/v1/notification-preferences", json!({"whatsapp": false})).await.data(200);
    let now = "UPDATE deliveries SET due_at = clock_timestamp()";
    world.db.batch_execute(now).await.unwrap();
    world.dispatch().await;
    world.all_is_sent().await;
    world.handed("+919876543219", 1).await;
    let unsent = "SELECT count(*) FROM notifications WHERE status = 'failed' AND reason = 'turned_off'";
    assert_eq!(world.count(unsent).await, 1);
}

/// Forty taps are three emergencies that ring three times. A further one is added to the newest, and rings again once a
/// minute, so that none goes unheard; and what is resolved counts no more.
#[tokio::test]
async fn three_emergencies_of_a_flat_are_open() {
    let world = World::open().await;
    world.guard.register_phone("gopal-phone").await;
    let replies = hands((0..40).map(|n| {
        let who = if n % 2 == 0 { &world.resident } else { &world.spouse };
        world.tap(who, "help")
    }))
    .await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 37), (201, 3)]));
    assert_eq!(world.count("SELECT count(*) FROM emergencies").await, 3);
    world.all_is_sent().await;
    world.handed("gopal-phone", 3).await;
    let blue = json!({"flat_id": BLUE_FLAT});
    world.blue_resident.post("/v1/emergencies", blue).await.data(201);
    world.neighbour.post("/v1/emergencies", json!({"flat_id": FLAT_102})).await.data(201);

    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    desk.heard().await;
    world.seconds_pass(61).await;
    let further = world.tap(&world.spouse, "now on the stairs too").await.data(200);
    assert_eq!(further["description"], "help\nnow on the stairs too");
    let told = desk.event("emergency_alert").await;
    assert_eq!(told["data"]["emergency_id"], further["id"]);
    assert_eq!(told["data"]["description"], further["description"]);
    assert_eq!(told["data"]["reported_by"], "Ravi");
    let same = world.tap(&world.resident, "hurry").await.data(200);
    assert_eq!((&same["id"], &same["description"]), (&further["id"], &further["description"]));
    assert!(desk.heard().await.is_empty(), "once a minute");
    assert_eq!(
        world.count("SELECT count(*) FROM audit_logs WHERE action = 'emergency.report_again'").await,
        1
    );

    // A guard who comes to the gate now hears of each once: those of this flat and the neighbour's.
    let mut relief = world.second_guard.connect().await;
    relief.join("society", GREEN_ACRES).await;
    let heard = relief.heard().await;
    let mut alerts: Vec<_> = heard.iter().filter(|frame| frame["event"] == "emergency_alert").collect();
    assert_eq!(alerts.len(), 4, "{heard:#?}");
    alerts.retain(|alert| alert["data"]["emergency_id"] == further["id"]);
    assert_eq!(alerts[0]["data"]["description"], further["description"]);

    for step in ["address", "resolve"] {
        let path = format!("/v1/emergencies/{}/{step}", further["id"].as_str().unwrap());
        world.guard.post(&path, json!({})).await.data(200);
    }
    let next = world.tap(&world.resident, "again").await.data(201);
    assert_ne!(next["id"], further["id"]);
}

/// A guard resolves what is left of a flood at once: each is told, audited and answered as by itself.
#[tokio::test]
async fn a_flood_of_emergencies_is_resolved_at_once() {
    let world = World::open().await;
    let path = "/v1/emergencies/resolve";
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.tap(&world.resident, "help").await.data(201)["id"].clone());
    }
    let blue = world.blue_resident.post("/v1/emergencies", json!({"flat_id": BLUE_FLAT})).await.data(201);
    world
        .guard
        .post(&format!("/v1/emergencies/{}/address", ids[0].as_str().unwrap()), json!({}))
        .await
        .data(200);
    let mut desk = world.admin.connect().await;
    desk.join("society", GREEN_ACRES).await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    for socket in [&mut desk, &mut phone] {
        socket.heard().await;
    }
    let asked = json!({"ids": [ids[1], blue["id"], ids[0], Uuid::nil(), ids[1]]});
    world.admin.post(path, asked.clone()).await.refused(403, "FORBIDDEN");
    world.resident.post(path, asked.clone()).await.refused(403, "FORBIDDEN");
    let done = world.guard.post(path, asked.clone()).await.data(200);
    let results = json!([{"id": ids[1], "outcome": "resolved"}, {"id": blue["id"], "outcome": "not_found"},
                         {"id": ids[0], "outcome": "resolved"}, {"id": Uuid::nil(), "outcome": "not_found"}]);
    assert_eq!(done, json!({"resolved": 2, "results": results}));
    for socket in [&mut desk, &mut phone] {
        let mut told: Vec<_> = socket.heard().await.iter().map(|event| event["data"].clone()).collect();
        assert!(
            told.iter().all(|data| data["status"] == "resolved" && data["resolved_at"].is_string()),
            "{told:?}"
        );
        told.sort_by_key(|data| data["emergency_id"].to_string());
        assert_eq!(told.iter().map(|data| &data["emergency_id"]).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
    }
    let again = world.guard.post(path, json!({"ids": [ids[0]]})).await.data(200);
    assert_eq!(again["results"][0]["outcome"], "resolved_before");
    // What is left of the flat.
    let rest = world.second_guard.post(path, json!({"flat_id": FLAT_101})).await.data(200);
    assert_eq!(rest, json!({"resolved": 1, "results": [{"id": ids[2], "outcome": "resolved"}]}));
    world.blue_guard.post(path, json!({"flat_id": FLAT_101})).await.refused(404, "NOT_FOUND");
    for (action, rows) in [("emergency.addressed", 3), ("emergency.resolved", 3)] {
        let sql = format!("SELECT count(*) FROM audit_logs WHERE action = '{action}'");
        assert_eq!(world.count(&sql).await, rows, "{action}");
    }
    let listed = world.guard.get("/v1/emergencies?status=resolved").await.data(200);
    assert!(listed.as_array().unwrap().iter().all(|row| row["addressed_at"].is_string()), "{listed}");
    for body in [
        json!({}),
        json!({"ids": []}),
        json!({"ids": [1]}),
        json!({"ids": vec![Uuid::nil(); 101]}),
        json!({"ids": [Uuid::nil()], "flat_id": FLAT_101}),
    ] {
        world.guard.post(path, body).await.refused(400, "VALIDATION_FAILED");
    }
}

/// Hands that resolve the same at once: each emergency is resolved by one of them.
#[tokio::test]
async fn of_two_who_resolve_a_flood_each_one_is_resolved_once() {
    let world = World::open().await;
    for flat in [FLAT_101, FLAT_102] {
        let host = if flat == FLAT_101 { &world.resident } else { &world.neighbour };
        for _ in 0..3 {
            host.post("/v1/emergencies", json!({"flat_id": flat})).await.data(201);
        }
    }
    let listed = world.guard.get("/v1/emergencies").await.data(200);
    let mut ids: Vec<_> = listed.as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    let forwards = json!({"ids": ids.clone()});
    ids.reverse();
    let backwards = json!({"ids": ids});
    let path = "/v1/emergencies/resolve";
    let replies = hands((0..8).map(|n| match n % 2 {
        0 => world.guard.post(path, forwards.clone()),
        _ => world.second_guard.post(path, backwards.clone()),
    }))
    .await;
    let resolved: i64 = replies.into_iter().map(|reply| reply.data(200)["resolved"].as_i64().unwrap()).sum();
    assert_eq!(resolved, 6);
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'emergency.resolved'").await, 6);
}

/// A newcomer who asks for every flat has three requests open, in however many hands, and is told what to do.
#[tokio::test]
async fn three_requests_of_a_user_are_open() {
    let world = World::open().await;
    let flats =
        "INSERT INTO flats (block_id, flat_number) SELECT '33333333-3333-3333-3333-333333333333', 'X' || n
                 FROM generate_series(1, 9) AS n RETURNING id";
    let flats: Vec<Uuid> = world.db.query(flats, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let ask = |flat: &Uuid| {
        let body = json!({"flat_id": flat, "requested_role": "owner"});
        world.stranger.post("/v1/resident-requests", body)
    };
    let replies = hands(flats.iter().map(ask)).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(201, 3), (409, 6)]));
    for refused in replies.into_iter().filter(|reply| reply.status == 409) {
        let refused = refused.refused(409, "WRONG_STATE");
        assert_eq!(refused["data"]["status"], "too_many");
        assert!(sentence(&refused).starts_with("Three of your requests wait"), "{refused}");
    }
    let ensured = world.stranger.post("/v1/ensure-occupancy", json!({"flat_id": FLAT_B1})).await;
    assert_eq!(ensured.refused(409, "WRONG_STATE")["data"]["status"], "too_many");
    assert_eq!(world.count("SELECT count(*) FROM resident_requests").await, 3);
    // What is open already is answered as before.
    let open = world.stranger.get("/v1/resident-requests").await.data(200);
    let body = json!({"flat_id": open[0]["flat_id"]});
    world.stranger.post("/v1/ensure-occupancy", body).await.refused(409, "VERIFICATION_REQUIRED");

    let body = json!({"user_id": world.stranger.user_id, "note": "not known here"});
    let path = "/v1/resident-requests/reject";
    world.guard.post(path, body.clone()).await.refused(403, "FORBIDDEN");
    assert_eq!(
        world.blue_admin.post(path, body.clone()).await.data(200),
        json!({"rejected": 0, "results": []})
    );
    assert_eq!(world.block_admin.post(path, body.clone()).await.data(200)["rejected"], 3);
    assert_eq!(
        world.count("SELECT count(*) FROM audit_logs WHERE action = 'resident_request.reject'").await,
        3
    );
    let rejected = world.stranger.get("/v1/resident-requests?status=rejected").await.data(200);
    assert!(
        rejected.as_array().unwrap().iter().all(|row| row["processed_note"] == "not known here"),
        "{rejected}"
    );
    ask(&FLAT_102).await.data(201);
}

/// An admin rejects many requests at once, those that they decide about, and each is answered for itself.
#[tokio::test]
async fn many_requests_are_rejected_at_once() {
    let world = World::open().await;
    let mut ids = Vec::new();
    for (who, flat) in [
        (&world.stranger, FLAT_101),
        (&world.guard, FLAT_101),
        (&world.stranger, FLAT_B1),
        (&world.stranger, BLUE_FLAT),
        (&world.block_admin, FLAT_102),
    ] {
        let body = json!({"flat_id": flat, "requested_role": "owner"});
        ids.push(who.post("/v1/resident-requests", body).await.data(201)["id"].clone());
    }
    let approve = format!("/v1/resident-requests/{}/approve", ids[1].as_str().unwrap());
    world.admin.post(&approve, json!({})).await.data(200);
    let path = "/v1/resident-requests/reject";
    let asked = json!({"ids": ids});
    world.resident.post(path, asked.clone()).await.refused(403, "FORBIDDEN");
    let outcomes = |done: Value| -> Vec<String> {
        let results = done["results"].as_array().unwrap().iter();
        results.map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
    };
    // The block admin's own request, another block's, another society's.
    let done = world.block_admin.post(path, asked.clone()).await.data(200);
    assert_eq!(outcomes(done), ["rejected", "approved_before", "forbidden", "not_found", "forbidden"]);
    let done = world.admin.post(path, asked.clone()).await.data(200);
    assert_eq!(outcomes(done), ["rejected_before", "approved_before", "rejected", "not_found", "rejected"]);
    assert_eq!(
        world.count("SELECT count(*) FROM resident_request_approvals WHERE decision = 'reject'").await,
        3
    );
    for body in [json!({}), json!({"ids": asked["ids"], "user_id": world.stranger.user_id})] {
        world.admin.post(path, body).await.refused(400, "VALIDATION_FAILED");
    }
}
