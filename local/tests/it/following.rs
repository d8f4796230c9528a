//! One visitor can be followed: from the call that logged them, by its request id, through events, messages and the lines
//! of the logs; and the story is told in order.

use serde_json::{Value, json};
use stack::faults::{Fault, Kind};
use tasks::trace::Trace;
use uuid::Uuid;

use crate::support::{
    World, eventually, logs,
    personal::leak,
    story::{flat_room, society_room},
    world::FLAT_101,
};

/// A call that was made: its request id, and what it answered.
struct Made {
    request: String,
    data: Value,
}

impl World {
    async fn call(&self, who: &crate::support::Actor, path: &str, body: Value) -> Made {
        let reply = who.post(path, body).await;
        let request = reply.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(reply.status < 300, "{reply:?}");
        Made { request, data: reply.body["data"].clone() }
    }

    /// The guard logs a visitor for flat 101.
    async fn log_one(&self) -> (Uuid, Made) {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        let made = self.call(&self.guard, "/v1/visitors", body).await;
        (made.data["visitor"]["id"].as_str().unwrap().parse().unwrap(), made)
    }

    /// What `cargo dev trace` says of a visitor.
    async fn trace(&self, visitor: Uuid) -> Vec<String> {
        let mut said = Vec::new();
        let trace = Trace { visitor, port: 0, database: Some(self.stack.database_url()) };
        trace.run(|line| said.extend(line.lines().map(str::to_owned))).await.unwrap();
        said
    }
}

/// Lines of the log with this message that belong to a request.
fn lines(request: &str, message: &str) -> Vec<Value> {
    let lines = logs::lines_with(request);
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["request_id"] == request && line["message"] == message).collect()
}

/// The one line with this message.
async fn line(request: &str, message: &str) -> Value {
    eventually(message, async || !lines(request, message).is_empty()).await;
    lines(request, message).remove(0)
}

/// Fails unless the lines have these parts, in this order.
#[track_caller]
fn assert_told(said: &[String], parts: &[&str]) {
    let mut rest = said.iter();
    for part in parts {
        assert!(rest.any(|line| line.contains(part)), "{part} does not come next in {said:#?}");
    }
}

/// The request and the trace of the call stand in what was written with it, in the ring, and in the lines of the push
/// and of the service that carries the message.
#[tokio::test]
async fn a_visitor_is_followed_from_the_call_to_the_phone() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let mut flat = world.resident.connect().await;
    flat.join("flat", FLAT_101).await;
    let (visitor, Made { request, .. }) = world.log_one().await;
    let rung = flat.event("visitor_request").await;
    assert!(rung.get("request_id").is_none() && rung.get("trace_id").is_none(), "{rung}");
    world.handed("asha-phone", 1).await;

    let served = line(&request, "request").await;
    let trace = served["trace_id"].as_str().unwrap();
    assert!(trace.starts_with("1-") && trace.len() == 35, "{served}");
    let pushed = line(&request, "an event was pushed").await;
    assert_eq!(
        [&pushed["room"], &pushed["seq"], &pushed["event"], &pushed["connections"], &pushed["lagging"]],
        [&json!(flat_room()), &json!(1), &json!("visitor_request"), &json!(1), &json!(0)]
    );
    let handed = line(&request, "a message was handed over").await;
    assert_eq!(
        [&handed["kind"], &handed["attempt"], &handed["outcome"]],
        [&json!("visitor_request"), &json!(1), &json!("sent")]
    );
    world.all_is_sent().await;
    for line in [&pushed, &line(&request, "invoked").await, &handed] {
        assert_eq!(line["trace_id"], trace, "{line}");
        assert!(!line.to_string().contains(&visitor.to_string()), "{line}");
    }
    for sql in [
        "SELECT request_id, trace_id FROM outbox WHERE data ->> 'visitor_id' = $1",
        "SELECT request_id, trace_id FROM notifications WHERE visitor_id::text = $1",
        "SELECT request_id, trace_id FROM visitors WHERE id::text = $1",
    ] {
        let rows = world.db.query(sql, &[&visitor.to_string()]).await.unwrap();
        assert!(!rows.is_empty(), "{sql}");
        for row in rows {
            let noted: (String, String) = (row.get(0), row.get(1));
            assert_eq!(noted, (request.clone(), trace.to_owned()), "{sql}");
        }
    }
}

/// A connection that does not take its event is named, with the room, the number and the request; so is a room that
/// cannot be read, and a message that its service refuses.
#[tokio::test]
async fn what_goes_wrong_says_where_and_for_which_request() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let mut flat = world.resident.connect().await;
    flat.join("flat", FLAT_101).await;
    let connection = world.stack.connection_ids().remove(0);
    world.stack.faults().set([Fault::new(Kind::PostFails).times(2)]).unwrap();
    let (_, Made { request, .. }) = world.log_one().await;
    let failed = line(&request, "an event was not taken").await;
    assert_eq!(
        [&failed["room"], &failed["seq"], &failed["connection_id"]],
        [&json!(flat_room()), &json!(1), &json!(connection)]
    );
    flat.event("visitor_request").await;

    world.stack.faults().set([Fault::new(Kind::DynamodbDown).function("visitors")]).unwrap();
    let (_, Made { request, .. }) = world.log_one().await;
    let unread = line(&request, "a room could not be read").await;
    assert_eq!([&unread["room"], &unread["seq"]], [&json!(flat_room()), &json!(2)]);
    let left = line(&request, "some events are left to the dispatcher").await;
    assert_eq!(left["trace_id"], line(&request, "request").await["trace_id"]);
    world.stack.faults().clear();
    // The dispatcher pushes it in the name of the same request.
    let pushed = line(&request, "an event was pushed").await;
    assert_eq!(pushed["seq"], 2);
}

/// Nobody answers: the step's message and the news of the deadline belong to the call that began it.
#[tokio::test]
async fn what_time_does_belongs_to_the_first_call() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.approve_templates().await;
    let (visitor, Made { request, .. }) = world.log_one().await;
    world.handed("asha-phone", 1).await;
    world.let_steps_fall_due(2).await;
    world.watch().await;
    world.handed("+919800000003", 1).await;
    world.let_deadline_pass(visitor).await;
    world.watch().await;
    let others = "SELECT (SELECT count(*) FROM outbox WHERE request_id IS DISTINCT FROM $1)
                       + (SELECT count(*) FROM notifications WHERE request_id IS DISTINCT FROM $1)";
    let others: i64 = world.db.query_one(others, &[&request]).await.unwrap().get(0);
    assert_eq!(others, 0);
    assert_told(
        &world.trace(visitor).await,
        &[
            ": denied, decided by the timeout",
            "logged at the gate",
            "event visitor_request, number 1",
            "step 1: push to all was taken",
            "step 2: sms to primary was taken",
            "denied, since nobody answered in time",
            "event visitor_timeout, number 2",
        ],
    );
}

/// People on call read what became of a visitor, each thing once and in its order, with the requests to look for.
#[tokio::test]
async fn the_story_is_told_in_order() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let (visitor, logged) = world.log_one().await;
    let message = world.handed("asha-phone", 1).await.remove(0);
    world.all_is_sent().await;
    let notification = message.message["data"]["notification_id"].as_str().unwrap();
    let receipt = format!("/v1/notifications/{notification}/receipt");
    world.call(&world.resident, &receipt, json!({"event": "opened"})).await;
    let respond = format!("/v1/visitors/{visitor}/respond");
    let answered = world.call(&world.resident, &respond, json!({"decision": "accept"})).await;
    let came = world.call(&world.guard, "/v1/visits/checkin", json!({"visitor_id": visitor})).await;
    let went = world.call(&world.guard, "/v1/visits/checkout", json!({"visit_id": came.data["id"]})).await;
    eventually("all is pushed", async || world.is_up_to_date().await).await;

    let said = world.trace(visitor).await;
    assert_told(
        &said,
        &[
            &format!(
                "Visitor {visitor} for flat 101 of Block A, Green Acres: checked_out, decided by the resident"
            ),
            &format!("logged at the gate, by user {}  [{}]", world.guard.user_id, logged.request),
            &format!("event visitor_request, number 1 of {}: pushed  [{}]", flat_room(), logged.request),
            &format!(
                "push message {notification} (visitor_request) queued for user {}",
                world.resident.user_id
            ),
            "taken by the service, try 1",
            "opened",
            &format!(
                "answered by a resident: accept, by user {}  [{}]",
                world.resident.user_id, answered.request
            ),
            &format!("of {}: pushed  [{}]", society_room(), answered.request),
            &format!("checked in, by user {}  [{}]", world.guard.user_id, came.request),
            &format!("checked out, by user {}  [{}]", world.guard.user_id, went.request),
            "the deadline",
            "Requests, and the trace of each",
            "filter request_id in [",
        ],
    );
    let times: Vec<_> =
        said.iter().filter(|line| line.get(2..3) == Some(":")).map(|line| &line[..12]).collect();
    assert!(times.len() > 12 && times.is_sorted(), "{said:#?}");
    assert!(said.iter().any(|line| line.contains(" ms  ")), "{said:#?}");
    for line in &said {
        assert_eq!(leak(line), None, "{line}");
    }
    for call in [&logged, &answered, &came, &went] {
        let (ids, named) = (said.last().unwrap(), format!("\"{}\"", call.request));
        assert!(ids.contains(&named), "{ids}");
    }
}

/// Nothing is changed by looking, and nobody is made up.
#[tokio::test]
async fn a_visitor_that_is_not_there_has_no_story() {
    let world = World::open().await;
    let trace = Trace { visitor: Uuid::nil(), port: 0, database: Some(world.stack.database_url()) };
    let refused = trace.run(|_| ()).await.unwrap_err().to_string();
    assert_eq!(refused, "database: there is no such visitor");
}
