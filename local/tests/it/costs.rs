//! What one person may cost others: money for messages.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use local::{
    Identity,
    faults::{Fault, Kind},
    messages::Service,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World, eventually,
    world::{FLAT_101, FLAT_102, GREEN_ACRES},
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

    /// Numbers that an SMS went to, once for each.
    fn texted(&self) -> Vec<String> {
        let sms = self.stack.messages().handed().into_iter().filter(|handed| handed.service == Service::Sms);
        sms.map(|handed| handed.to).collect()
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
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    world.resident.post(&path, whatsapp).await.data(200);
    guest.post("/v1/notification-preferences", json!({"whatsapp": false})).await.data(200);
    world.stack.faults().clear();
    world.dispatch().await;
    world.all_is_sent().await;
    world.handed("+919876543219", 1).await;
    let unsent = "SELECT count(*) FROM notification_logs WHERE status = 'failed' AND reason = 'turned_off'";
    assert_eq!(world.count(unsent).await, 1);
}
