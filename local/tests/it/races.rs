//! Two hands on one thing: exactly one wins, and the others are told the state that won.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use stack::Identity;

use crate::support::{Reply, World, world::FLAT_101};

/// How many replies had which status.
fn statuses(replies: &[Reply]) -> BTreeMap<u16, usize> {
    replies.iter().fold(BTreeMap::new(), |mut counts, reply| {
        *counts.entry(reply.status).or_default() += 1;
        counts
    })
}

/// Twenty times the same tap makes one visitor, rings once, and answers the same thing each time.
#[tokio::test]
async fn twenty_equal_keys_make_one_visitor() {
    let world = World::open().await;
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": "guard_7"});
    let replies = join_all((0..20).map(|_| world.guard.post("/v1/visitors", body.clone()))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 19), (201, 1)]));
    let ids: Vec<&Value> = replies.iter().map(|reply| &reply.body["data"]).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "the answers differ");
    let replayed = replies.iter().filter(|reply| reply.headers.contains_key("idempotency-replayed")).count();
    assert_eq!(replayed, 19);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM audit_logs").await, 1);
}

/// Yes and no at the same moment: one of them wins, never both.
#[tokio::test]
async fn of_accept_and_deny_one_wins() {
    let world = World::open().await;
    for _ in 0..10 {
        let visitor = world.log_visitor().await;
        let path = format!("/v1/visitors/{visitor}/respond");
        let (yes, no) = tokio::join!(
            world.resident.post(&path, json!({"decision": "accept"})),
            world.spouse.post(&path, json!({"decision": "deny"}))
        );
        // A denial that comes second still counts before entry; a yes that comes second never does.
        assert_eq!(no.status, 200, "{}", no.body);
        let status = world.guard.get(&format!("/v1/visitors/{visitor}")).await.data(200)["status"].take();
        assert_eq!(status, "denied");
        if yes.status != 200 {
            assert_eq!(yes.refused(409, "WRONG_STATE")["data"]["status"], "denied");
        }
    }
}

/// Two residents say yes at the same moment: one did it, the other is told so.
#[tokio::test]
async fn of_two_equal_answers_one_wins() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let path = format!("/v1/visitors/{visitor}/respond");
    let replies =
        join_all([&world.resident, &world.spouse].map(|who| who.post(&path, json!({"decision": "accept"}))))
            .await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 1), (409, 1)]));
    assert_eq!(world.count("SELECT count(*) FROM visitor_approvals").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM outbox WHERE event = 'request_approved'").await, 1);
}

/// Four check-ins at once open one visit.
#[tokio::test]
async fn four_checkins_open_one_visit() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    let guards = [&world.guard, &world.second_guard, &world.guard, &world.second_guard];
    let replies =
        join_all(guards.map(|guard| guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(201, 1), (409, 3)]));
    assert_eq!(world.count("SELECT count(*) FROM visits").await, 1);

    let visit = replies.iter().find(|reply| reply.status == 201).unwrap().body["data"]["id"].clone();
    let replies =
        join_all(guards.map(|guard| guard.post("/v1/visits/checkout", json!({"visit_id": visit})))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 1), (409, 3)]));
}

/// A denial and a check-in at the same moment: the visitor is either inside or denied, never both.
#[tokio::test]
async fn of_entry_and_denial_one_wins() {
    let world = World::open().await;
    for _ in 0..10 {
        let visitor = world.log_visitor().await;
        let path = format!("/v1/visitors/{visitor}/respond");
        world.resident.post(&path, json!({"decision": "accept"})).await.data(200);
        let (entry, denial) = tokio::join!(
            world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})),
            world.spouse.post(&path, json!({"decision": "deny"}))
        );
        assert_eq!(
            u8::from(entry.status == 201) + u8::from(denial.status == 200),
            1,
            "entry: {}, denial: {}",
            entry.body,
            denial.body
        );
    }
}

/// A new user's app sends many requests at once; all are served, and there is one user.
#[tokio::test]
async fn twenty_first_requests_make_one_user() {
    let world = World::open().await;
    let newcomer = world.newcomer(Identity::of("brand-new").phone("+919811111111"));
    let replies = join_all((0..20).map(|_| newcomer.get("/v1/profile/me"))).await;
    assert_eq!(statuses(&replies), BTreeMap::from([(200, 20)]));
    assert_eq!(world.count("SELECT count(*) FROM users WHERE firebase_uid = 'brand-new'").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, 1);
}
