//! Who may do what: every endpoint, called by everybody, on things of one flat of one society.
//!
//! A row names what is called and what each person is answered. Whoever has no part in the society
//! gets 404, whoever has a part but not the role gets 403. A route without a row fails the test.

use std::collections::BTreeSet;

use local::{Identity, template::Template};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Actor, World,
    world::{BLOCK_A, FLAT_101, GREEN_ACRES, TOWER},
};

/// The columns of the table.
const PEOPLE: [&str; 12] = [
    "guard",
    "resident",
    "spouse",
    "neighbour",
    "far neighbour",
    "admin",
    "block admin",
    "super admin",
    "blue guard",
    "blue resident",
    "blue admin",
    "stranger",
];

/// What has to be there before a call.
#[derive(Clone, Copy)]
enum Given {
    Nothing,
    /// A visitor of flat 101 who waits for an answer.
    Pending,
    /// One who was accepted.
    Accepted,
    /// One who is inside; the id is the visit's.
    Inside,
    /// A pass for flat 101; the id is the visitor's.
    Pass,
    /// A pass, by its code.
    Code,
    /// A pass, by its QR id.
    Qr,
    /// An emergency in flat 101.
    Emergency,
    /// One that a guard has taken on.
    Addressed,
    /// A request of a newcomer for flat 101.
    Request,
    /// A link about a visitor of flat 101, made for the caller; its token.
    Link,
}

struct Row {
    method: Method,
    /// The route as the template has it.
    route: &'static str,
    given: Given,
    /// Path behind the route's parameters, and the body; both may use the id that was given.
    path: fn(&str) -> String,
    body: Option<fn(&str) -> Value>,
    /// The answer to each of [`PEOPLE`].
    answers: [u16; 12],
}

const ANYONE: [u16; 12] = [200; 12];

/// Routes that ask for no bearer token.
const OPEN: [(&str, &str); 5] = [
    ("GET", "/health"),
    ("POST", "/v1/auth/firebase"),
    ("GET", "/v1/decide"),
    ("POST", "/v1/decide"),
    ("POST", "/v1/decide/visitor"),
];

fn is_open(method: &str, route: &str) -> bool {
    OPEN.contains(&(method, route))
}

fn rows() -> Vec<Row> {
    let get =
        |route, given, path, answers| Row { method: Method::GET, route, given, path, body: None, answers };
    let post = |route, given, path, body, answers| Row {
        method: Method::POST,
        route,
        given,
        path,
        body: Some(body),
        answers,
    };
    let flat = |_: &str| json!({"flat_id": FLAT_101});
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, blue guard, blue resident, blue admin, stranger
    vec![
        get("/v1/cities", Given::Nothing, |_| "/v1/cities".into(), ANYONE),
        get("/v1/societies", Given::Nothing, |_| "/v1/societies?city=Pune".into(), ANYONE),
        get("/v1/complexes", Given::Nothing, |_| format!("/v1/complexes?society_id={GREEN_ACRES}"), ANYONE),
        get("/v1/blocks", Given::Nothing, |_| format!("/v1/blocks?complex_id={TOWER}"), ANYONE),
        get("/v1/flats", Given::Nothing, |_| format!("/v1/flats?block_id={BLOCK_A}"), ANYONE),
        get("/v1/profile/me", Given::Nothing, |_| "/v1/profile/me".into(), ANYONE),
        Row {
            method: Method::PATCH,
            route: "/v1/profile/me",
            given: Given::Nothing,
            path: |_| "/v1/profile/me".into(),
            body: Some(|_| json!({"language": "hi"})),
            answers: ANYONE,
        },
        post(
            "/v1/visitors",
            Given::Nothing,
            |_| "/v1/visitors".into(),
            |_| json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101}),
            [201, 403, 403, 403, 403, 201, 201, 201, 404, 404, 404, 404],
        ),
        get(
            "/v1/visitors",
            Given::Pending,
            |_| format!("/v1/visitors?flat_id={FLAT_101}"),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        get(
            "/v1/visitors/{id}",
            Given::Pending,
            |id| format!("/v1/visitors/{id}"),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        get("/v1/visitors/pending", Given::Pending, |_| "/v1/visitors/pending".into(), ANYONE),
        get(
            "/v1/visitors/pending-count",
            Given::Pending,
            |_| format!("/v1/visitors/pending-count?flat_id={FLAT_101}"),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/visitors/{id}/respond",
            Given::Pending,
            |id| format!("/v1/visitors/{id}/respond"),
            |_| json!({"decision": "accept"}),
            [403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        get("/v1/decide", Given::Nothing, |_| "/v1/decide".into(), ANYONE),
        post(
            "/v1/decide",
            Given::Link,
            |_| "/v1/decide".into(),
            |token| json!({"token": token, "decision": "accept"}),
            [403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/decide/visitor",
            Given::Link,
            |_| "/v1/decide/visitor".into(),
            |token| json!({"token": token}),
            [403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/visitors/{id}/guard-respond",
            Given::Pending,
            |id| format!("/v1/visitors/{id}/guard-respond"),
            |_| json!({"decision": "accept"}),
            [200, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/visitors/guest-pass",
            Given::Nothing,
            |_| "/v1/visitors/guest-pass".into(),
            |_| json!({"visitor_name": "Leela", "phone": "9876543210", "flat_id": FLAT_101}),
            [403, 201, 201, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        get(
            "/v1/visitors/by-qr/{qr_code+}",
            Given::Qr,
            |qr| format!("/v1/visitors/by-qr/{qr}"),
            [200, 403, 403, 403, 403, 200, 200, 200, 404, 403, 404, 403],
        ),
        get(
            "/v1/visitors/by-access-code/{code}",
            Given::Code,
            |code| format!("/v1/visitors/by-access-code/{code}"),
            [200, 403, 403, 403, 403, 200, 200, 200, 404, 403, 404, 403],
        ),
        post(
            "/v1/visitors/{id}/send-invite",
            Given::Pass,
            |id| format!("/v1/visitors/{id}/send-invite"),
            |_| json!({"channel": "sms"}),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        // A message of somebody else, or none: nobody is told which.
        post(
            "/v1/notifications/{id}/receipt",
            Given::Pending,
            |id| format!("/v1/notifications/{id}/receipt"),
            |_| json!({"event": "opened"}),
            [404; 12],
        ),
        get(
            "/v1/notification-preferences",
            Given::Nothing,
            |_| "/v1/notification-preferences".into(),
            ANYONE,
        ),
        post(
            "/v1/notification-preferences",
            Given::Nothing,
            |_| "/v1/notification-preferences".into(),
            |_| json!({"sms": false}),
            ANYONE,
        ),
        Row {
            method: Method::DELETE,
            route: "/v1/visitors/rejected",
            given: Given::Nothing,
            path: |_| "/v1/visitors/rejected".into(),
            body: None,
            answers: [200, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403],
        },
        post(
            "/v1/visits/checkin",
            Given::Accepted,
            |_| "/v1/visits/checkin".into(),
            |id| json!({"visitor_id": id}),
            [201, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/visits/checkout",
            Given::Inside,
            |_| "/v1/visits/checkout".into(),
            |id| json!({"visit_id": id}),
            [200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        get(
            "/v1/visits",
            Given::Inside,
            |_| format!("/v1/visits?flat_id={FLAT_101}"),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/guards/register-device",
            Given::Nothing,
            |_| "/v1/guards/register-device".into(),
            |_| json!({"device_identifier": "gate phone", "platform": "android"}),
            ANYONE,
        ),
        get(
            "/v1/society/{society_id}/expected-visitors",
            Given::Pass,
            |_| format!("/v1/society/{GREEN_ACRES}/expected-visitors"),
            [200, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        get(
            "/v1/guards/society/{society_id}/expected-visitors",
            Given::Pass,
            |_| format!("/v1/guards/society/{GREEN_ACRES}/expected-visitors"),
            [200, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/fcm-token",
            Given::Nothing,
            |_| "/v1/fcm-token".into(),
            |_| json!({"token": "shared-phone"}),
            ANYONE,
        ),
        get("/v1/fcm-tokens", Given::Nothing, |_| "/v1/fcm-tokens".into(), ANYONE),
        // The last one to post the token is its owner; a stranger to it is told that there is none.
        Row {
            method: Method::DELETE,
            route: "/v1/fcm-token",
            given: Given::Nothing,
            path: |_| "/v1/fcm-token".into(),
            body: Some(|_| json!({"token": "shared-phone"})),
            answers: [404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404, 200],
        },
        post(
            "/v1/resident-requests",
            Given::Nothing,
            |_| "/v1/resident-requests".into(),
            |_| json!({"flat_id": crate::support::world::FLAT_B1, "requested_role": "tenant"}),
            [201, 201, 201, 201, 409, 201, 201, 201, 201, 201, 201, 201],
        ),
        get("/v1/resident-requests", Given::Request, |_| "/v1/resident-requests".into(), ANYONE),
        post(
            "/v1/resident-requests/{id}/approve",
            Given::Request,
            |id| format!("/v1/resident-requests/{id}/approve"),
            |_| json!({}),
            [403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/resident-requests/{id}/reject",
            Given::Request,
            |id| format!("/v1/resident-requests/{id}/reject"),
            |_| json!({"note": "not known here"}),
            [403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
        post(
            "/v1/resident-requests/reject",
            Given::Request,
            |_| "/v1/resident-requests/reject".into(),
            |id| json!({"ids": [id]}),
            [403, 403, 403, 403, 403, 200, 200, 200, 403, 403, 200, 403],
        ),
        get("/v1/my-flats", Given::Nothing, |_| "/v1/my-flats".into(), ANYONE),
        get(
            "/v1/resident-requests/my-flats",
            Given::Nothing,
            |_| "/v1/resident-requests/my-flats".into(),
            ANYONE,
        ),
        post(
            "/v1/ensure-occupancy",
            Given::Nothing,
            |_| "/v1/ensure-occupancy".into(),
            flat,
            [409, 200, 200, 409, 409, 409, 409, 409, 409, 409, 409, 409],
        ),
        post(
            "/v1/resident-requests/ensure-occupancy",
            Given::Nothing,
            |_| "/v1/resident-requests/ensure-occupancy".into(),
            flat,
            [409, 200, 200, 409, 409, 409, 409, 409, 409, 409, 409, 409],
        ),
        post(
            "/v1/emergencies",
            Given::Nothing,
            |_| "/v1/emergencies".into(),
            flat,
            [403, 201, 201, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/emergencies/{id}/address",
            Given::Emergency,
            |id| format!("/v1/emergencies/{id}/address"),
            |_| json!({}),
            [200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/emergencies/{id}/resolve",
            Given::Addressed,
            |id| format!("/v1/emergencies/{id}/resolve"),
            |_| json!({}),
            [200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        post(
            "/v1/emergencies/resolve",
            Given::Emergency,
            |_| "/v1/emergencies/resolve".into(),
            flat,
            [200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404],
        ),
        get(
            "/v1/emergencies",
            Given::Emergency,
            |_| format!("/v1/emergencies?flat_id={FLAT_101}"),
            [200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404],
        ),
    ]
}

/// What the table says of a call such as `GET /v1/visitors`.
pub fn answers(call: &str) -> Option<[u16; 12]> {
    let row =
        rows().into_iter().find(|row| format!("{} {}", row.method, row.route.replace("+}", "}")) == call)?;
    Some(row.answers)
}

impl World {
    fn people(&self) -> [&Actor; 12] {
        [
            &self.guard,
            &self.resident,
            &self.spouse,
            &self.neighbour,
            &self.far_neighbour,
            &self.admin,
            &self.block_admin,
            &self.super_admin,
            &self.blue_guard,
            &self.blue_resident,
            &self.blue_admin,
            &self.stranger,
        ]
    }

    /// Makes what a row needs, freshly for each call, and answers how it is named.
    async fn give(&self, given: Given, actor: &Actor) -> String {
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        match given {
            Given::Nothing => String::new(),
            Given::Pending => self.log_visitor().await.to_string(),
            Given::Link => {
                let visitor = self.log_visitor().await;
                self.stack.decision_token(visitor, actor.user_id).await.unwrap()
            }
            Given::Accepted => {
                let visitor = self.log_visitor().await;
                let path = format!("/v1/visitors/{visitor}/respond");
                self.resident.post(&path, json!({"decision": "accept"})).await.data(200);
                visitor.to_string()
            }
            Given::Inside => {
                let visitor = Box::pin(self.give(Given::Accepted, actor)).await;
                let visit =
                    self.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
                id(&visit["id"])
            }
            Given::Pass => {
                self.approve_templates().await;
                // No number is invited more than five times.
                let phone = format!("98765{:05}", Uuid::new_v4().as_u128() % 100_000);
                let body = json!({"visitor_name": "Leela", "phone": phone, "flat_id": FLAT_101});
                let made = self.resident.post("/v1/visitors/guest-pass", body).await.data(201);
                id(&made["visitor"]["id"])
            }
            Given::Code => id(&self.make_pass().await["access_code"]),
            Given::Qr => id(&self.make_pass().await["qr_code"]),
            Given::Emergency => {
                // No flat has more than three.
                let all = json!({"flat_id": FLAT_101});
                self.guard.post("/v1/emergencies/resolve", all).await.data(200);
                id(&self.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201)["id"])
            }
            Given::Addressed => {
                let emergency = Box::pin(self.give(Given::Emergency, actor)).await;
                self.guard.post(&format!("/v1/emergencies/{emergency}/address"), json!({})).await.data(200);
                emergency
            }
            Given::Request => {
                let newcomer = self.newcomer(Identity::of(&format!("newcomer-{}", Uuid::new_v4())));
                let body = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
                id(&newcomer.post("/v1/resident-requests", body).await.data(201)["id"])
            }
        }
    }
}

/// Every endpoint answers everybody as the table says.
#[tokio::test]
async fn everybody_is_answered_as_the_table_says() {
    let world = World::open().await;
    let mut wrong = Vec::new();
    for row in rows() {
        for ((actor, name), expected) in world.people().into_iter().zip(PEOPLE).zip(row.answers) {
            let given = world.give(row.given, actor).await;
            let reply = actor
                .send(row.method.clone(), &(row.path)(&given), row.body.map(|body| body(&given)), None)
                .await;
            if reply.status != expected {
                wrong.push(format!(
                    "{} as {name}: expected {expected}, got {} {}",
                    reply.call, reply.status, reply.body
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without a valid token nothing is answered and nothing is written.
#[tokio::test]
async fn no_endpoint_opens_without_a_valid_token() {
    use local::issuer::forge;
    let world = World::open().await;
    let issuer = world.stack.issuer();
    let guard = Identity::of("gopal");
    let tokens = [
        ("no token", String::new(), "TOKEN_MISSING"),
        ("rubbish", "rubbish".into(), "TOKEN_INVALID"),
        ("expired", issuer.token(&guard.clone().ttl(-1)).unwrap(), "TOKEN_EXPIRED"),
        ("of another project", forge::wrong_project(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("unsigned", forge::unsigned(issuer, &guard), "TOKEN_INVALID"),
        ("signed with a secret", forge::hs256(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("signed with another key", forge::wrong_key(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("of an unknown key", forge::unknown_key(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("tampered with", forge::tampered(issuer, &guard).unwrap(), "TOKEN_INVALID"),
    ];
    let id = Uuid::now_v7().to_string();
    for row in rows().into_iter().filter(|row| !is_open(row.method.as_str(), row.route)) {
        for (_, token, code) in &tokens {
            let actor = world.guard.with_token(token.clone());
            let reply =
                actor.send(row.method.clone(), &(row.path)(&id), row.body.map(|body| body(&id)), None).await;
            reply.refused(401, code);
        }
    }
    for (name, token, code) in &tokens[1..] {
        let body = json!({"idToken": token});
        world.nobody().post("/v1/auth/firebase", body).await.refused(401, code);
        let refused = world.guard.with_token(token.clone()).try_connect().await.err();
        assert_eq!(refused, Some(401), "a WebSocket with a token {name}");
    }
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 0);
}

/// A route that the template has and the table has not would be unguarded by this test.
#[test]
fn every_route_has_a_row() {
    let table: BTreeSet<(String, String)> =
        rows().iter().map(|row| (row.method.to_string(), row.route.to_owned())).collect();
    let routes: BTreeSet<(String, String)> = Template::embedded()
        .unwrap()
        .functions
        .into_iter()
        .flat_map(|function| function.routes)
        .map(|route| (route.method, route.path))
        .collect();
    let missing: Vec<_> =
        routes.iter().filter(|route| !table.contains(route) && !is_open(&route.0, &route.1)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let unknown: Vec<_> = table.iter().filter(|route| !routes.contains(route)).collect();
    assert!(unknown.is_empty(), "the template has no {unknown:?}");
}

/// Lists hold what the caller's roles reach and nothing else.
#[tokio::test]
async fn lists_end_where_the_role_ends() {
    let world = World::open().await;
    world.log_visitor().await;
    let blue =
        json!({"visitor_name": "Zubin", "phone": "9876543211", "flat_id": crate::support::world::BLUE_FLAT});
    world.blue_guard.post("/v1/visitors", blue).await.data(201);
    let far =
        json!({"visitor_name": "Omar", "phone": "9876543212", "flat_id": crate::support::world::FLAT_B1});
    world.guard.post("/v1/visitors", far).await.data(201);
    let expected: [&[&str]; 12] = [
        &["Omar", "Kiran"],
        &["Kiran"],
        &["Kiran"],
        &[],
        &["Omar"],
        &["Omar", "Kiran"],
        &["Kiran"],
        &["Omar", "Zubin", "Kiran"],
        &["Zubin"],
        &["Zubin"],
        &["Zubin"],
        &[],
    ];
    for ((actor, name), expected) in world.people().into_iter().zip(PEOPLE).zip(expected) {
        let list = actor.get("/v1/visitors").await.data(200);
        let names: Vec<&str> =
            list.as_array().unwrap().iter().map(|v| v["visitor_name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "as {name}");
    }
}

/// Who lives in a flat is told only to those with a part in the society.
#[tokio::test]
async fn names_of_residents_stay_in_the_society() {
    let world = World::open().await;
    let path = format!("/v1/flats?block_id={BLOCK_A}");
    assert_eq!(world.neighbour.get(&path).await.data(200)[0]["resident_name"], "Asha");
    for outsider in [&world.stranger, &world.blue_admin] {
        let flat = outsider.get(&path).await.data(200)[0].take();
        for field in ["resident_name", "is_occupied", "occupancy_role"] {
            assert_eq!(flat[field], json!(null), "{field}");
        }
    }
}

/// A revoked role, a closed occupancy, a deactivated guard: each stops working with the next request.
#[tokio::test]
async fn a_role_that_ended_stops_working_at_once() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let path = format!("/v1/visitors/{visitor}");
    for (actor, end) in [
        (&world.admin, "UPDATE role_assignments SET revoked_at = now() WHERE role = 'society_admin'"),
        (&world.spouse, "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE role = 'tenant'"),
        (&world.resident, "DELETE FROM role_assignments WHERE role = 'resident'"),
        (
            &world.second_guard,
            "UPDATE guards SET active = false WHERE id <> '66666666-6666-6666-6666-666666666661'",
        ),
        (&world.guard, "DELETE FROM role_assignments WHERE role = 'guard'"),
    ] {
        actor.get(&path).await.data(200);
        world.db.batch_execute(end).await.unwrap();
        actor.get(&path).await.refused(404, "NOT_FOUND");
    }
}
