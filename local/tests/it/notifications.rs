//! Residents whose app is closed are reached, and the guard sees the truth about it.

use serde_json::{Value, json};
use stack::{
    Identity,
    faults::{Fault, Kind, Point},
    messages::{Handed, Reply},
};
use uuid::Uuid;

use crate::support::{
    Actor, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

impl Actor {
    /// Their phone gets a push token.
    pub async fn register_phone(&self, token: &str) {
        let body = json!({"token": token, "device_type": "android"});
        self.post("/v1/fcm-token", body).await.data(200);
    }
}

impl World {
    /// What the guard sees of how far the question has come.
    pub async fn delivery(&self, visitor: Uuid) -> Value {
        self.guard.get(&format!("/v1/visitors/{visitor}")).await.data(200)["delivery"].take()
    }

    /// Waits until the guard sees this.
    pub async fn delivery_becomes(&self, visitor: Uuid, expected: Value) {
        let mut seen = Value::Null;
        let what = format!("{expected}");
        eventually(&what, async || {
            seen = self.delivery(visitor).await;
            seen == expected
        })
        .await;
    }

    /// Whatever would have to be registered with carriers is.
    pub async fn approve_templates(&self) {
        let approve = "UPDATE message_templates SET approval = 'approved', dlt_template_id = '1007', whatsapp_name = kind";
        self.db.execute(approve, &[]).await.unwrap();
    }

    /// Waits until somebody was handed so many messages, and answers them.
    pub async fn handed(&self, to: &str, count: usize) -> Vec<Handed> {
        let all = || -> Vec<_> {
            self.stack.messages().handed().into_iter().filter(|handed| handed.to == to).collect()
        };
        eventually(&format!("{count} messages for {to}"), async || all().len() >= count).await;
        assert_eq!(all().len(), count, "{to}");
        all()
    }

    /// Nothing is queued any more.
    pub async fn all_is_sent(&self) {
        eventually("all is sent", async || self.count("SELECT count(*) FROM deliveries").await == 0).await;
    }
}

fn delivery(numbers: [u32; 6]) -> Value {
    let [devices, sent, delivered, opened, unreachable, connected] = numbers;
    json!({"devices": devices, "sent": sent, "delivered": delivered, "opened": opened,
           "unreachable": unreachable, "connected": connected})
}

#[tokio::test]
async fn every_phone_of_the_flat_rings() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.resident.register_phone("asha-tablet").await;
    world.spouse.register_phone("ravi-phone").await;
    world.neighbour.register_phone("meera-phone").await;
    world.guard.register_phone("gopal-phone").await;
    let visitor = world.log_visitor().await;
    for token in ["asha-phone", "asha-tablet", "ravi-phone"] {
        let handed = world.handed(token, 1).await.remove(0);
        let data = &handed.message["data"];
        for (field, value) in [
            ("type", "visitor_request"),
            ("visitor_id", visitor.to_string().as_str()),
            ("visitor_name", "Kiran"),
            ("purpose", "guest"),
            ("flat_id", FLAT_101.to_string().as_str()),
            ("screen", "visitor_approvals"),
            ("click_action", "FLUTTER_NOTIFICATION_CLICK"),
        ] {
            assert_eq!(data[field], value, "{field}");
        }
        let android = &handed.message["android"];
        assert_eq!(android["priority"], "high");
        assert_eq!(android["collapse_key"], visitor.to_string());
        let ttl: u64 = android["ttl"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert!((270..=300).contains(&ttl), "the time left to the deadline, not {ttl}");
    }
    world.delivery_becomes(visitor, delivery([3, 3, 0, 0, 0, 0])).await;
    assert_eq!(world.stack.messages().handed().len(), 3, "nobody else is told");
}

/// Residents who are connected get the push too, and the guard sees who listens; residents are not told.
#[tokio::test]
async fn the_gate_sees_who_listens() {
    let world = World::open().await;
    world.spouse.register_phone("ravi-phone").await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    let visitor = world.log_visitor().await;
    world.delivery_becomes(visitor, delivery([1, 1, 0, 0, 0, 1])).await;
    let seen = world.resident.get(&format!("/v1/visitors/{visitor}")).await.data(200);
    assert!(seen["delivery"].is_null(), "{seen}");
}

/// The phone says that it rang, and that it was opened; the gate hears it at once.
#[tokio::test]
async fn receipts_reach_the_gate() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    let visitor = world.log_visitor().await;
    let handed = world.handed("asha-phone", 1).await.remove(0);
    let told = desk.event("delivery_updated").await;
    assert_eq!(told["data"]["visitor_id"], visitor.to_string());
    assert_eq!(told["data"]["delivery"]["sent"], 1);
    let id = handed.message["data"]["notification_id"].as_str().unwrap();
    let path = format!("/v1/notifications/{id}/receipt");
    assert_eq!(
        world.resident.post(&path, json!({"event": "delivered"})).await.data(200)["status"],
        "delivered"
    );
    assert_eq!(desk.event("delivery_updated").await["data"]["delivery"]["delivered"], 1);
    assert_eq!(world.resident.post(&path, json!({"event": "opened"})).await.data(200)["status"], "opened");
    assert_eq!(desk.event("delivery_updated").await["data"]["delivery"]["opened"], 1);
    assert_eq!(world.resident.post(&path, json!({"event": "delivered"})).await.data(200)["status"], "opened");
    assert_eq!(world.delivery(visitor).await, delivery([1, 1, 1, 1, 0, 0]));
    assert!(desk.heard().await.iter().all(|event| event["event"] != "delivery_updated"), "nothing is new");
    assert_eq!(world.spouse.post(&path, json!({"event": "opened"})).await.status, 404);
}

/// What the services answer is what the guard sees.
#[tokio::test]
async fn the_gate_sees_what_became_of_each_push() {
    for (reply, times, expected, tries) in [
        (Reply::Accept, None, [1, 1, 0, 0, 0, 0], 1),
        (Reply::Unregistered, None, [1, 0, 0, 0, 1, 0], 1),
        (Reply::Throttle(1), Some(1), [1, 1, 0, 0, 0, 0], 2),
        (Reply::Fail, Some(2), [1, 1, 0, 0, 0, 0], 3),
        (Reply::Unauthorised, Some(1), [1, 1, 0, 0, 0, 0], 2),
        (Reply::Hang, Some(1), [1, 1, 0, 0, 0, 0], 2),
    ] {
        let world = World::open().await;
        world.resident.register_phone("asha-phone").await;
        world.stack.messages().answer("asha-phone", reply, times);
        let visitor = world.log_visitor().await;
        world.delivery_becomes(visitor, delivery(expected)).await;
        world.handed("asha-phone", tries).await;
        let tokens = world.resident.get("/v1/fcm-tokens").await.data(200);
        assert_eq!(
            tokens.as_array().unwrap().is_empty(),
            reply == Reply::Unregistered,
            "a dead token rings no more"
        );
    }
}

/// A service that stays broken is tried until the deadline, and then the guard is told so.
#[tokio::test]
async fn a_push_that_cannot_be_delivered_in_time_is_unreachable() {
    let world = World::open().await;
    let policy =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'approval_timeout_seconds', '10')";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.resident.register_phone("asha-phone").await;
    world.stack.messages().answer("asha-phone", Reply::Throttle(60), None);
    let visitor = world.log_visitor().await;
    world.delivery_becomes(visitor, delivery([1, 0, 0, 0, 1, 0])).await;
    let reason: String = world.db.query_one("SELECT reason FROM notifications", &[]).await.unwrap().get(0);
    assert_eq!(reason, "throttled");
}

/// A resident who moved out between the ring and the push, or has a new phone, is not notified.
#[tokio::test]
async fn people_who_are_no_longer_concerned_are_not_notified() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.spouse.register_phone("ravi-phone").await;
    // Nobody sends until all has changed.
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    world.log_visitor().await;
    let moved = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1";
    world.db.execute(moved, &[&world.resident.user_id]).await.unwrap();
    world.stranger.register_phone("ravi-phone").await;
    world.stack.faults().clear();
    world.dispatch().await;
    world.all_is_sent().await;
    assert!(world.stack.messages().handed().is_empty(), "{:?}", world.stack.messages().handed());
    let reasons: Vec<String> = world
        .db
        .query("SELECT reason FROM notifications ORDER BY reason", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(reasons, ["device_gone", "not_entitled"]);
}

/// Everybody who has to know is told what happened, and nobody is told what they did themselves.
#[tokio::test]
async fn a_day_is_told_to_phones() {
    let world = World::open().await;
    for (actor, token) in [
        (&world.resident, "asha"),
        (&world.guard, "gopal"),
        (&world.second_guard, "suresh"),
        (&world.admin, "anita"),
    ] {
        actor.register_phone(token).await;
    }
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
    world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    world.all_is_sent().await;
    let told = |to: &str| -> Vec<String> {
        let handed = world.stack.messages().accepted_by(to).into_iter();
        let mut kinds: Vec<_> =
            handed.map(|handed| handed.message["data"]["type"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    };
    // The request may be answered before it is sent, and is then of no use.
    let asha: Vec<_> = told("asha").into_iter().filter(|kind| kind != "visitor_request").collect();
    assert_eq!(asha, ["visitor_checkin", "visitor_checkout"]);
    for guard in ["gopal", "suresh"] {
        assert_eq!(told(guard), ["emergency_alert", "request_approved"], "{guard}");
    }
    assert_eq!(told("anita"), ["emergency_alert"]);
}

/// A dispatcher that dies between the service's answer and noting it sends again: twice, never not at all.
#[tokio::test]
async fn a_killed_dispatcher_loses_nothing() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.stack.messages().answer("asha-phone", Reply::Hang, Some(1));
    let visitor = world.log_visitor().await;
    world.handed("asha-phone", 1).await;
    // It is killed while the service thinks.
    let killed = Fault::killed("dispatcher", Point::BeforeCommit).times(1);
    world.stack.faults().set([killed]).unwrap();
    eventually("the dispatcher is dead", async || !world.stack.faults().struck().is_empty()).await;
    world.stack.faults().clear();
    let over = "UPDATE deliveries SET due_at = now(), leased_until = NULL";
    world.db.execute(over, &[]).await.unwrap();
    world.dispatch().await;
    world.delivery_becomes(visitor, delivery([1, 1, 0, 0, 0, 0])).await;
    let ids: Vec<_> = world
        .handed("asha-phone", 2)
        .await
        .iter()
        .map(|handed| handed.message["data"]["notification_id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1], "by its id the phone tells a repeat");
}

#[tokio::test]
async fn an_invitation_is_sent() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let path = format!("/v1/visitors/{}/send-invite", pass["id"].as_str().unwrap());
    let refused = world.resident.post(&path, json!({})).await;
    assert_eq!((refused.status, &refused.body["error_code"]), (409, &json!("TEMPLATE_NOT_APPROVED")));
    let logged = world.db.query_one("SELECT status, reason FROM notifications", &[]).await.unwrap();
    assert_eq!((logged.get(0), logged.get(1)), ("failed", "template_not_approved"));
    world.approve_templates().await;
    // The visitor is a user, too, and has agreed to WhatsApp messages.
    let leela = world.newcomer(Identity::of("leela").phone("+919876543219"));
    leela.post("/v1/notification-preferences", json!({"whatsapp": true})).await.data(200);
    for channel in ["sms", "whatsapp"] {
        world.resident.post(&path, json!({"channel": channel})).await.data(200);
    }
    let handed = world.handed("+919876543219", 2).await;
    let code = pass["access_code"].as_str().unwrap();
    let sms = handed.iter().find(|handed| handed.message["text"].is_string()).unwrap();
    assert!(sms.message["text"].as_str().unwrap().contains(code), "{}", sms.message);
    assert_eq!(sms.message["attributes"]["AWS.MM.SMS.TemplateId"], "1007");
    assert!(sms.message["attributes"]["AWS.MM.SMS.EntityId"].is_string());
    let whatsapp = handed.iter().find(|handed| handed.message["template"].is_object()).unwrap();
    assert_eq!(whatsapp.message["template"]["name"], "invite");
    let parameters = whatsapp.message["template"]["components"][0]["parameters"].as_array().unwrap();
    assert_eq!(parameters.last().unwrap()["text"], code);
    world.all_is_sent().await;
}

/// In quiet hours, or where somebody wants no push, nothing rings; the gate sees that it does not.
#[tokio::test]
async fn wishes_are_respected() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.spouse.register_phone("ravi-phone").await;
    let wishes = "INSERT INTO notification_preferences (user_id, push, quiet_from, quiet_until) VALUES ($1, $2, $3::text::time, $4::text::time)";
    world.db.execute(wishes, &[&world.resident.user_id, &false, &None::<&str>, &None::<&str>]).await.unwrap();
    // Quiet around the clock, but for one second of the day.
    world
        .db
        .execute(wishes, &[&world.spouse.user_id, &true, &Some("00:00:01"), &Some("00:00:00")])
        .await
        .unwrap();
    let visitor = world.log_visitor().await;
    world.delivery_becomes(visitor, delivery([2, 0, 0, 0, 2, 0])).await;
    assert!(world.stack.messages().handed().is_empty());
    world.answer(visitor, "accept").await;
}
