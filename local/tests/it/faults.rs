//! Failures that are switched on strike, are counted, and end; and what the system makes of each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use stack::{
    Stack,
    faults::{Fault, Kind, Point},
    own_template,
};
use template::Schedule;

use crate::support::{
    Reply, Socket, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

const UNPUSHED: &str = "SELECT (SELECT count(*) FROM room_sequences WHERE pushed < seq) + (SELECT count(*) FROM lagging_connections)";
const VISITORS: &str = "SELECT count(*) FROM visitors";

impl World {
    fn set(&self, fault: Fault) {
        self.stack.faults().set([fault]).unwrap();
    }

    /// Fails unless so many faults of this kind, and no others, have struck.
    #[track_caller]
    fn assert_struck(&self, kind: Kind, times: u64) {
        assert_eq!(self.stack.faults().struck(), BTreeMap::from([(kind, times)]));
    }

    async fn try_to_log_visitor(&self) -> Reply {
        self.guard.post("/v1/visitors", new_visitor()).await
    }

    /// Has a visitor logged by nobody who waits; answers the status of the Invoke API.
    async fn log_visitor_later(&self) -> u16 {
        let url = format!("{}/2015-03-31/functions/VisitorsFunction/invocations", self.stack.base_url());
        let request = self.guard.http.post(url).header("x-amz-invocation-type", "Event");
        let bearer = format!("Bearer {}", self.guard.token);
        let headers = json!({"content-type": "application/json", "authorization": bearer});
        let event = event("POST", "/v1/visitors", headers, new_visitor().to_string());
        request.body(event).send().await.unwrap().status().as_u16()
    }
}

/// A world, and the first resident of flat 101 listening in it.
async fn world_with_listener() -> (Arc<World>, Socket) {
    let world = World::open().await;
    let mut listener = world.resident.connect().await;
    listener.join("flat", FLAT_101).await;
    (world, listener)
}

fn new_visitor() -> Value {
    json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101})
}

/// An event of the HTTP API.
fn event(method: &str, path: &str, headers: Value, body: impl Into<String>) -> String {
    let client =
        json!({"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "::1", "userAgent": ""});
    json!({
        "version": "2.0", "routeKey": format!("{method} {path}"), "rawPath": path, "rawQueryString": "",
        "headers": headers, "body": body.into(), "isBase64Encoded": false,
        "requestContext": {"http": client, "requestId": "r", "stage": "$default", "timeEpoch": 0},
    })
    .to_string()
}

/// Over HTTP: a lost message is counted, the fault runs out, and what makes no sense is a 400.
#[tokio::test]
async fn faults_are_switched_over_http() {
    let (world, mut listener) = world_with_listener().await;
    let switch = async |method, body| world.nobody().send(method, "/_local/faults", body, None).await;
    let none = json!({"seed": 0, "faults": [], "struck": {}});
    assert_eq!(switch(Method::GET, None).await.expect(200), none);

    let lost = json!([{"kind": "post_lost", "times": 1, "function": "visitors"}]);
    let set = switch(Method::PUT, Some(lost)).await.expect(200);
    assert_eq!(
        set["faults"],
        json!([{"kind": "post_lost", "probability": 1.0, "times": 1, "function": "visitors"}])
    );
    world.log_visitor().await;
    assert!(listener.heard().await.is_empty());
    assert_eq!(world.count(UNPUSHED).await, 0, "the gateway said 200");
    let told = switch(Method::GET, None).await.expect(200);
    assert_eq!(told, json!({"seed": 0, "faults": [], "struck": {"post_lost": 1}}));
    world.log_visitor().await;
    listener.event("visitor_request").await;

    let random = json!({"seed": 7, "faults": [{"kind": "invoke_refused", "probability": 0.5}]});
    assert_eq!(switch(Method::PUT, Some(random)).await.expect(200)["seed"], 7);
    let wrong = switch(Method::PUT, Some(json!([{"kind": "post_eaten"}]))).await.expect(400);
    assert!(wrong["message"].as_str().unwrap().contains("post_eaten"), "{wrong}");
    assert_eq!(switch(Method::DELETE, None).await.expect(200)["faults"], json!([]));
    switch(Method::POST, None).await.expect(405);
}

/// A post that is lost to one connection reaches the others; faults of other functions do not strike.
#[tokio::test]
async fn a_fault_strikes_whom_it_is_for() {
    let (world, mut listener) = world_with_listener().await;
    let [id] = &world.stack.connection_ids()[..] else { panic!("not one connection") };
    let mut other = world.spouse.connect().await;
    other.join("flat", FLAT_101).await;
    world.set(Fault::new(Kind::PostLost).connection(id));
    world.log_visitor().await;
    other.event("visitor_request").await;
    assert!(listener.heard().await.is_empty());
    world.assert_struck(Kind::PostLost, 1);

    world.set(Fault::new(Kind::PostLost).function("visits"));
    let visitor = world.log_visitor().await;
    listener.event("visitor_request").await;
    assert!(world.stack.faults().struck().is_empty());
    let mut gate = world.admin.connect().await;
    gate.join("society", GREEN_ACRES).await;
    let accept = json!({"decision": "accept"});
    world.resident.post(&format!("/v1/visitors/{visitor}/respond"), accept).await.data(200);
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    assert!(world.stack.faults().struck()[&Kind::PostLost] > 0);
}

/// One refusal of a post is made good by its repeat; two leave the event to the dispatcher.
#[tokio::test]
async fn refused_posts_are_repeated_once() {
    for kind in [Kind::PostThrottled, Kind::PostFails] {
        let (world, mut listener) = world_with_listener().await;
        world.set(Fault::new(kind).times(1));
        world.log_visitor().await;
        listener.event("visitor_request").await;
        world.assert_struck(kind, 1);
        world.set(Fault::new(kind).times(2));
        let visitor = world.log_visitor().await;
        let rung = listener.event("visitor_request").await;
        assert_eq!(rung["data"]["visitor_id"], visitor.to_string(), "{kind}");
        world.assert_struck(kind, 2);
        eventually("the dispatcher is through", async || world.count(UNPUSHED).await == 0).await;
    }
}

/// A connection that is said to be gone is forgotten.
#[tokio::test]
async fn a_connection_that_is_said_to_be_gone_is_forgotten() {
    let (world, mut listener) = world_with_listener().await;
    world.set(Fault::new(Kind::PostGone).times(1));
    world.log_visitor().await;
    world.assert_struck(Kind::PostGone, 1);
    assert_eq!(world.members_of_the_flat().await, 0);
    // The client, which knows nothing of it, hears the answer to its next message and nothing before.
    listener.send(json!({"action": "ping"})).await;
    assert!(listener.frame().await.is_none_or(|frame| frame["event"] != "visitor_request"));
}

/// A post that is never answered is given up, and made again by the dispatcher: whether it was
/// delivered cannot be told, so it may come twice.
#[tokio::test]
async fn hanging_posts_are_given_up_and_made_again() {
    for (kind, deliveries) in [(Kind::PostHangs, 1), (Kind::PostLate, 2)] {
        let (world, mut listener) = world_with_listener().await;
        world.set(Fault::new(kind).times(1));
        world.log_visitor().await;
        world.assert_struck(kind, 1);
        eventually("the dispatcher is through", async || world.count(UNPUSHED).await == 0).await;
        let heard = listener.heard().await;
        assert_eq!(heard.len(), deliveries, "{kind}");
        assert!(heard.iter().all(|event| event["id"] == heard[0]["id"]), "{kind}");
    }
}

/// A connection that is cut leaves nothing behind, neither at the gateway nor in the table.
#[tokio::test]
async fn a_cut_connection_leaves_nothing_behind() {
    let (world, mut listener) = world_with_listener().await;
    world.set(Fault::new(Kind::ConnectionCut).times(1));
    world.log_visitor().await;
    assert_eq!(listener.frame().await, None);
    world.assert_struck(Kind::ConnectionCut, 1);
    eventually("the connection is forgotten", async || {
        world.stack.connections() == 0 && world.members_of_the_flat().await == 0
    })
    .await;
}

/// A connection whose end nobody is told of stays in the table, until a push finds it gone.
#[tokio::test]
async fn a_lost_disconnect_is_found_by_the_next_push() {
    let (world, listener) = world_with_listener().await;
    world.set(Fault::new(Kind::DisconnectLost));
    drop(listener);
    eventually("the end is lost", async || !world.stack.faults().struck().is_empty()).await;
    assert_eq!((world.stack.connections(), world.members_of_the_flat().await), (0, 1));
    world.log_visitor().await;
    assert_eq!(world.members_of_the_flat().await, 0);
    world.assert_struck(Kind::DisconnectLost, 1);
}

/// An event may be refused, or served twice.
#[tokio::test]
async fn asynchronous_invocations_are_refused_and_doubled() {
    let world = World::open().await;
    world.set(Fault::new(Kind::InvokeRefused).function("visitors").times(1));
    assert_eq!(world.log_visitor_later().await, 429);
    world.assert_struck(Kind::InvokeRefused, 1);
    world.set(Fault::new(Kind::InvokeDuplicated).times(1));
    assert_eq!(world.log_visitor_later().await, 202);
    // Of two at one moment the second is a repetition of the first.
    let mut runs = 0;
    let mut have_run = async |count| {
        runs += world.stack.lambda().take_usage("visitors").unwrap().invocations;
        runs == count
    };
    eventually("both have run", async || have_run(2).await).await;
    world.assert_struck(Kind::InvokeDuplicated, 1);
    assert_eq!(world.log_visitor_later().await, 202);
    eventually("one more has run", async || have_run(3).await).await;
}

/// An event whose function was killed twice is served at the third try.
#[tokio::test]
async fn asynchronous_invocations_that_fail_are_repeated_twice() {
    let world = World::open().await;
    world.set(Fault::killed("visitors", Point::BeforeCommit).times(2));
    assert_eq!(world.log_visitor_later().await, 202);
    eventually("the third try has succeeded", async || world.count(VISITORS).await == 1).await;
    world.assert_struck(Kind::FunctionKilled, 2);
}

/// Killed before the commit nothing is written; after it the row is there and nobody was rung until
/// the dispatcher comes. Either way the caller gets the gateway's 500, and the next request a new
/// environment.
#[tokio::test]
async fn a_function_can_be_killed_at_each_point() {
    for (point, written) in [(Point::BeforeCommit, 0), (Point::BeforePush, 1), (Point::DuringPush, 1)] {
        let (world, mut listener) = world_with_listener().await;
        world.set(Fault::killed("visitors", point).times(1));
        let answer = world.try_to_log_visitor().await.expect(500);
        assert_eq!(answer, json!({"message": "Internal Server Error"}), "{point:?}");
        world.assert_struck(Kind::FunctionKilled, 1);
        assert_eq!(world.count(VISITORS).await, written, "{point:?}");
        assert_eq!(world.count(UNPUSHED).await, written, "{point:?}");
        assert!(listener.heard().await.is_empty(), "{point:?}");
        world.let_leases_end().await;
        world.dispatch().await;
        assert_eq!(listener.heard().await.len(), usize::try_from(written).unwrap(), "{point:?}");
        let visitor = world.log_visitor().await;
        assert_eq!(listener.event("visitor_request").await["data"]["visitor_id"], visitor.to_string());
    }
}

/// Without the table a visitor is logged and announced by the dispatcher; with it all is well again.
#[tokio::test]
async fn a_table_that_is_down_costs_pushes_and_connections() {
    let (world, mut listener) = world_with_listener().await;
    world.log_visitor().await;
    listener.event("visitor_request").await;
    world.set(Fault::new(Kind::DynamodbDown).function("visitors"));
    world.log_visitor().await;
    listener.event("visitor_request").await;
    assert!(world.stack.faults().struck()[&Kind::DynamodbDown] > 0);
    drop(world.spouse.connect().await);

    world.set(Fault::new(Kind::DynamodbDown));
    assert_eq!(world.spouse.try_connect().await.err(), Some(503));
    world.log_visitor().await;
    assert_eq!(world.count(UNPUSHED).await, 1);
    world.stack.faults().clear();
    world.spouse.connect().await.join("flat", FLAT_101).await;
    listener.event("visitor_request").await;
    world.log_visitor().await;
    listener.event("visitor_request").await;
}

/// A function without its database says 503 and is healthy again when it is back; others serve on.
#[tokio::test]
async fn a_database_that_is_down_is_503() {
    let world = World::open().await;
    world.log_visitor().await;
    world.guard.get("/v1/cities").await.data(200);
    world.set(Fault::new(Kind::PostgresDown).function("visitors"));
    world.try_to_log_visitor().await.refused(503, "UNAVAILABLE");
    world.guard.get("/v1/cities").await.data(200);
    world.set(Fault::new(Kind::PostgresDown));
    world.guard.get("/v1/cities").await.refused(503, "UNAVAILABLE");
    assert!(world.stack.faults().struck()[&Kind::PostgresDown] > 0);
    world.stack.faults().clear();
    world.guard.get("/v1/cities").await.data(200);
    world.log_visitor().await;
    assert_eq!(world.count(VISITORS).await, 2);
}

/// A schedule calls its function again and again, with its input as the event.
#[tokio::test]
async fn schedules_run_where_they_are_asked_for() {
    let mut template = own_template().unwrap();
    let health = template.functions.iter_mut().find(|function| function.name == "health").unwrap();
    let (name, expression) = ("Check".to_owned(), "rate(1 minute)".to_owned());
    let input = Some(event("GET", "/health", json!({}), ""));
    health.schedules = vec![Schedule { name, expression, input }];
    let builder = Stack::builder().template(template).schedule_every(Duration::from_millis(20));
    let stack = builder.start().await.unwrap();
    eventually("it has run three times", async || stack.wire().total().statements >= 3).await;
}
