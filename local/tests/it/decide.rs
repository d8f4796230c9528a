//! Residents who answer by a link: without the app, and without any say beyond the one question.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::{
    config::LinkConfig,
    decision_link::{DecisionClaims, DecisionLinks},
};
use stack::Stack;
use uuid::Uuid;

use crate::support::{
    Actor, Client, Reply, World, eventually,
    world::{BLUE_FLAT, FLAT_101, FLAT_102, GREEN_ACRES},
};

const ASHAS_PHONE: &str = "+919800000003";

impl World {
    /// The token of the link by which someone is asked about a visitor.
    async fn link(&self, visitor: Uuid, who: &Actor) -> String {
        self.stack.decision_token(visitor, who.user_id).await.unwrap()
    }

    /// An answer by link; nobody has signed in.
    async fn decide(&self, token: &str, decision: &str) -> Reply {
        self.nobody().post("/v1/decide", json!({"token": token, "decision": decision})).await
    }

    /// Who is at the gate, as the page asks.
    async fn who_is_there(&self, token: &str) -> Reply {
        self.nobody().post("/v1/decide/visitor", json!({"token": token})).await
    }

    /// The visitor's time is over; answers a link about them, which names the new deadline.
    async fn end_the_time_of(&self, visitor: Uuid, who: &Actor) -> String {
        let over = "UPDATE visitors SET approval_deadline = now() - interval '1 s' WHERE id = $1";
        self.db.execute(over, &[&visitor]).await.unwrap();
        self.link(visitor, who).await
    }

    /// What answers leave behind.
    async fn answers(&self) -> i64 {
        self.count(
            "SELECT (SELECT count(*) FROM visitor_approvals) + (SELECT count(*) FROM idempotency_keys WHERE path = '/v1/decide')
                  + (SELECT count(*) FROM audit_logs WHERE action = 'visitor.respond')",
        )
        .await
    }

    /// Has the escalation send an SMS to the primary resident; answers the link in it.
    async fn link_by_sms(&self) -> (Uuid, String) {
        self.approve_templates().await;
        let step = "INSERT INTO escalation_steps (society_id, position, after_seconds, channel, audience)
                    VALUES ($1, 1, 120, 'sms', 'primary')";
        self.db.execute(step, &[&GREEN_ACRES]).await.unwrap();
        let visitor = self.log_visitor().await;
        self.db.execute("UPDATE visitor_escalations SET due_at = now()", &[]).await.unwrap();
        self.watch().await;
        let text = self.handed(ASHAS_PHONE, 1).await.remove(0).message["text"].as_str().unwrap().to_owned();
        let link = text.split_whitespace().find(|word| word.starts_with("http")).unwrap();
        (visitor, link.to_owned())
    }
}

fn token_of(link: &str) -> &str {
    link.split_once('#').unwrap().1
}

/// The escalation sends an SMS; who opens its link sees who is there and answers; the gate hears it at once.
#[tokio::test]
async fn a_resident_without_the_app_answers() {
    let world = World::open().await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    let (visitor, link) = world.link_by_sms().await;
    let token = token_of(&link);
    assert_eq!(link, format!("{}/v1/decide#{token}", world.stack.base_url()));

    let seen = world.who_is_there(token).await.data(200);
    let told = [
        ("visitor_name", "Kiran"),
        ("purpose", "guest"),
        ("flat_number", "101"),
        ("society_name", "Green Acres"),
        ("status", "pending"),
    ];
    for (field, value) in told {
        assert_eq!(seen[field], value, "{field}");
    }
    assert!(seen["block_name"].is_string() && seen["approval_deadline"].is_string(), "{seen}");
    assert_eq!(seen.as_object().unwrap().len(), 7, "no more than the answer needs: {seen}");

    let body = json!({"token": token, "decision": "accept", "note": "my cousin"});
    let answer = world.nobody().post("/v1/decide", body).await;
    assert!(answer.headers.contains_key("ratelimit-remaining"));
    assert_eq!(
        answer.data(200),
        json!({"visitor_id": visitor, "decision": "accept", "status": "accepted"}),
        "the same as the app is answered"
    );
    let told = desk.event("request_approved").await;
    assert_eq!(
        (&told["data"]["approver_name"], &told["data"]["note"]),
        (&json!("Asha"), &json!("my cousin"))
    );
    let audited = "SELECT actor_user_id, details FROM audit_logs WHERE action = 'visitor.respond'";
    let audited = world.db.query_one(audited, &[]).await.unwrap();
    assert_eq!(audited.get::<_, Uuid>(0), world.resident.user_id);
    assert_eq!(audited.get::<_, Value>(1), json!({"decision": "accept", "via": "link"}));
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);

    let kept = world
        .db
        .query_one("SELECT key, answer::text FROM idempotency_keys WHERE path = '/v1/decide'", &[])
        .await
        .unwrap();
    assert!((0..2).all(|column| !kept.get::<_, String>(column).contains(token)), "the token is kept");
}

/// The same answer again is the first one again; another one is refused, whatever key is sent with it.
#[tokio::test]
async fn a_link_answers_once() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let link = world.link(visitor, &world.resident).await;
    let first = world.decide(&link, "accept").await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let first = first.data(200);
    for (note, key) in [(Value::Null, None), (json!("once more"), Some("k-1")), (json!("again"), Some("k-2"))]
    {
        let body = json!({"token": link, "decision": "accept", "note": note});
        let again = world.nobody().send(Method::POST, "/v1/decide", Some(body), key).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.data(200), first);
    }
    for key in [None, Some("k-3")] {
        let body = json!({"token": link, "decision": "deny"});
        let turned = world.nobody().send(Method::POST, "/v1/decide", Some(body), key).await;
        turned.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(world.status_of(visitor).await, "accepted");
    assert_eq!(world.answers().await, 3);
    // Long after, it is as much worth.
    world.db.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 h'", &[]).await.unwrap();
    world.decide(&link, "deny").await.refused(409, "WRONG_STATE");
    assert_eq!(world.status_of(visitor).await, "accepted");
}

/// Two residents have links: the first answer wins, and the second is told which.
#[tokio::test]
async fn of_two_links_the_first_wins() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let (ashas, ravis) =
        (world.link(visitor, &world.resident).await, world.link(visitor, &world.spouse).await);
    assert_ne!(ashas, ravis);
    world.decide(&ravis, "accept").await.data(200);
    for decision in ["accept", "deny"] {
        let refused = world.decide(&ashas, decision).await.refused(409, "WRONG_STATE");
        assert_eq!(refused["data"]["status"], "accepted");
    }
    assert_eq!(world.who_is_there(&ashas).await.data(200)["status"], "accepted");
    // An app's denial still counts until they are inside.
    world.answer(visitor, "deny").await;
    assert_eq!(world.who_is_there(&ravis).await.data(200)["status"], "denied");
    world.decide(&ravis, "accept").await.data(200);
    assert_eq!(world.status_of(visitor).await, "denied", "a replay changes nothing");
}

/// An app, a link and the clock at the same moment: one of them wins, and all are told the same.
#[tokio::test]
async fn of_app_link_and_timeout_one_wins() {
    let world = World::open().await;
    // A round goes on for as long as something is about to fall due.
    world.db.execute("DELETE FROM escalation_steps", &[]).await.unwrap();
    let mut winners = BTreeSet::new();
    for round in 0..30_u64 {
        let visitor = world.log_visitor().await;
        let soon = "UPDATE visitors SET approval_deadline = clock_timestamp() + make_interval(secs => $2) WHERE id = $1";
        let left = 0.01 * f64::from(u32::try_from(round % 10).unwrap());
        world.db.execute(soon, &[&visitor, &left]).await.unwrap();
        let link = world.link(visitor, &world.spouse).await;
        let path = format!("/v1/visitors/{visitor}/respond");
        let (app, linked, ()) = tokio::join!(
            world.resident.post(&path, json!({"decision": "accept"})),
            world.decide(&link, "deny"),
            world.watch()
        );
        // Where neither came in time, the clock has won by now.
        let status = world.status_of(visitor).await;
        let decided: Option<String> = world
            .db
            .query_one("SELECT decided_by FROM visitors WHERE id = $1", &[&visitor])
            .await
            .unwrap()
            .get(0);
        let told = |reply: &Reply| reply.body["data"]["status"].clone();
        assert_eq!(
            (told(&app), told(&linked)),
            (json!(status), json!(status)),
            "{} {}",
            app.body,
            linked.body
        );
        let won = u8::from(app.status == 200) + u8::from(linked.status == 200);
        assert_eq!(won, u8::from(decided.as_deref() == Some("resident")), "{} {}", app.body, linked.body);
        let events = "SELECT event FROM outbox WHERE room = $1 AND data ->> 'visitor_id' = $2
                      AND event IN ('request_approved', 'visitor_timeout')";
        let (room, id) = (format!("society:{GREEN_ACRES}"), visitor.to_string());
        let events = world.db.query(events, &[&room, &id]).await.unwrap();
        assert_eq!(events.len(), 1, "the gate is told once");
        let told: String = events[0].get(0);
        assert_eq!(told == "visitor_timeout", won == 0);
        winners.insert(match (app.status, linked.status) {
            (200, _) => "app",
            (_, 200) => "link",
            _ => "clock",
        });
    }
    assert!(winners.contains("clock"), "{winners:?}");

    // With time left, it is between the other two.
    for _ in 0..15 {
        let visitor = world.log_visitor().await;
        let link = world.link(visitor, &world.spouse).await;
        let path = format!("/v1/visitors/{visitor}/respond");
        let accept = json!({"decision": "accept"});
        let (app, linked) = tokio::join!(world.resident.post(&path, accept), world.decide(&link, "deny"));
        assert_eq!(BTreeSet::from([app.status, linked.status]), BTreeSet::from([200, 409]));
        for reply in [app, linked] {
            assert_eq!(reply.body["data"]["status"], world.status_of(visitor).await);
        }
    }
}

/// The same link many times at once, with both answers: one decision, and everybody is told it or refused.
#[tokio::test]
async fn a_link_tapped_many_times_answers_once() {
    let world = World::open().await;
    for _ in 0..5 {
        let visitor = world.log_visitor().await;
        let link = world.link(visitor, &world.resident).await;
        let taps = (0..12).map(|tap| world.decide(&link, if tap % 2 == 0 { "accept" } else { "deny" }));
        let replies = futures_util::future::join_all(taps).await;
        let count = |status| replies.iter().filter(|reply| reply.status == status).count();
        assert_eq!((count(200), count(422)), (6, 6), "{replies:?}");
        let replayed = replies.iter().filter(|reply| reply.headers.contains_key("idempotency-replayed"));
        assert_eq!(replayed.count(), 5);
    }
    assert_eq!(world.count("SELECT count(*) FROM visitor_approvals").await, 5);
}

/// A resident who moved out has no say any more, whether they still have a part in the society or not.
#[tokio::test]
async fn a_link_of_someone_who_moved_out_is_worth_nothing() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let link = world.link(visitor, &world.resident).await;
    let answered = world.log_visitor().await;
    let used = world.link(answered, &world.resident).await;
    world.decide(&used, "accept").await.data(200);
    let moved = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1";
    world.db.execute(moved, &[&world.resident.user_id]).await.unwrap();
    let before = world.answers().await;
    for token in [&link, &used] {
        world.who_is_there(token).await.refused(404, "NOT_FOUND");
        world.decide(token, "accept").await.refused(404, "NOT_FOUND");
    }
    for (table, columns, values) in [
        ("flat_occupancies", "flat_id, user_id, role", format!("'{FLAT_102}', $1, 'tenant'")),
        (
            "role_assignments",
            "user_id, role, scope_type, scope_id",
            format!("$1, 'resident', 'flat', '{FLAT_102}'"),
        ),
    ] {
        let next_door = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
        world.db.execute(&next_door, &[&world.resident.user_id]).await.unwrap();
    }
    for token in [&link, &used] {
        world.who_is_there(token).await.refused(403, "FORBIDDEN");
        world.decide(token, "accept").await.refused(403, "FORBIDDEN");
    }
    assert_eq!(world.answers().await, before);
    assert_eq!(world.status_of(visitor).await, "pending");
}

/// After the deadline a link answers nothing, shows nobody's name, and says what became of it.
#[tokio::test]
async fn a_link_ends_with_its_deadline() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let earlier = world.link(visitor, &world.resident).await;
    let link = world.end_the_time_of(visitor, &world.resident).await;
    // It is for the deadline that it names.
    world.decide(&earlier, "accept").await.refused(404, "NOT_FOUND");
    world.who_is_there(&earlier).await.refused(404, "NOT_FOUND");
    let late = world.who_is_there(&link).await.refused(409, "DEADLINE_PASSED");
    assert_eq!(late["data"], json!({"status": "denied"}));
    assert_eq!(world.status_of(visitor).await, "pending", "looking changes nothing");
    // The first late answer ends the waiting for all.
    let late = world.decide(&link, "accept").await.refused(409, "DEADLINE_PASSED");
    assert_eq!(late["data"]["status"], "denied");
    assert_eq!(world.status_of(visitor).await, "denied");

    // What was accepted in time is not denied by a link that comes later.
    let accepted = world.log_visitor().await;
    world.answer(accepted, "accept").await;
    let link = world.end_the_time_of(accepted, &world.spouse).await;
    assert_eq!(world.decide(&link, "deny").await.refused(409, "WRONG_STATE")["data"]["status"], "accepted");
    assert_eq!(world.who_is_there(&link).await.refused(409, "DEADLINE_PASSED")["data"]["status"], "accepted");
}

#[tokio::test]
async fn a_link_does_not_reach_who_is_inside_or_has_a_pass() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let link = world.link(visitor, &world.spouse).await;
    world.answer(visitor, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    for decision in ["accept", "deny"] {
        let refused = world.decide(&link, decision).await.refused(409, "WRONG_STATE");
        assert_eq!(refused["data"]["status"], "checked_in");
    }
    let pass: Uuid = world.make_pass().await["id"].as_str().unwrap().parse().unwrap();
    let link = world.link(pass, &world.resident).await;
    world.decide(&link, "deny").await.refused(409, "WRONG_STATE");
}

/// What we did not sign is counted and refused, and says nothing of whom there is.
#[tokio::test]
async fn links_that_are_not_ours_are_refused() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let good = world.link(visitor, &world.resident).await;
    let claims = world.stack.decision_links().verify(&good).unwrap();
    let other =
        DecisionLinks::new(&LinkConfig { key: "another key that is long enough to sign".to_owned().into() });
    let flipped = if good.starts_with('A') { 'B' } else { 'A' };
    let forged = [
        "x".to_owned(),
        "🚪".to_owned(),
        good[..95].to_owned(),
        good[..92].to_owned(),
        format!("{good}A"),
        format!("{flipped}{}", &good[1..]),
        format!("{good}="),
        other.token(&claims),
        other.token(&DecisionClaims { visitor_id: Uuid::now_v7(), ..claims }),
        world.resident.token.clone(),
    ];
    let before = (world.stack.wire().total(), world.answers().await);
    let mut told = BTreeSet::new();
    for token in &forged {
        for reply in [world.who_is_there(token).await, world.decide(token, "accept").await] {
            let mut body = reply.refused(401, "TOKEN_INVALID");
            body["request_id"].take();
            told.insert(body.to_string());
        }
    }
    assert_eq!(told.len(), 1, "{told:?}");
    let asked = world.stack.wire().total() - before.0;
    assert_eq!(asked.round_trips, 2 * forged.len() as u64, "the database was asked for more than a count");
    assert_eq!(world.answers().await, before.1);
    // With a bearer token it is no better.
    world.resident.post("/v1/decide/visitor", json!({"token": "x"})).await.refused(401, "TOKEN_INVALID");
}

/// Of what a link is bound to, nothing can be another, even with our signature.
#[tokio::test]
async fn a_link_is_for_one_visitor_flat_resident_and_deadline() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let links = world.stack.decision_links();
    let claims = links.verify(&world.link(visitor, &world.resident).await).unwrap();
    let body = json!({"visitor_name": "Omar", "phone": "9876543212", "flat_id": FLAT_102});
    let made = world.guard.post("/v1/visitors", body).await.data(201);
    let next_door: Uuid = made["visitor"]["id"].as_str().unwrap().parse().unwrap();
    let body = json!({"visitor_name": "Zubin", "phone": "9876543211", "flat_id": BLUE_FLAT});
    let made = world.blue_guard.post("/v1/visitors", body).await.data(201);
    let elsewhere: Uuid = made["visitor"]["id"].as_str().unwrap().parse().unwrap();
    let of = |id| links.verify(id);
    let (next_door_link, elsewhere_link) =
        (world.link(next_door, &world.resident).await, world.link(elsewhere, &world.resident).await);
    let before = world.answers().await;
    for (claims, status) in [
        (DecisionClaims { visitor_id: Uuid::now_v7(), ..claims }, 404),
        (DecisionClaims { visitor_id: next_door, ..claims }, 404),
        (DecisionClaims { flat_id: FLAT_102, ..claims }, 404),
        (DecisionClaims { deadline: claims.deadline + 1, ..claims }, 404),
        (DecisionClaims { user_id: world.guard.user_id, ..claims }, 403),
        (DecisionClaims { user_id: world.neighbour.user_id, ..claims }, 403),
        (DecisionClaims { user_id: world.stranger.user_id, ..claims }, 404),
        (DecisionClaims { user_id: Uuid::now_v7(), ..claims }, 401),
        (of(&next_door_link).unwrap(), 403),
        (of(&elsewhere_link).unwrap(), 404),
    ] {
        let token = links.token(&claims);
        assert_eq!(world.who_is_there(&token).await.status, status, "{claims:?}");
        assert_eq!(world.decide(&token, "accept").await.status, status, "{claims:?}");
    }
    assert_eq!(world.answers().await, before);
    assert_eq!(FLAT_101, claims.flat_id);
}

/// Requests by link count for their resident, as urgent ones; the page itself does not.
#[tokio::test]
async fn links_count_against_the_limit() {
    let stack = Stack::builder().variable("RATE_LIMIT_MAX_REQUESTS", "3").start().await.unwrap();
    let world = World::on(stack).await;
    let visitor = world.log_visitor().await;
    let link = world.link(visitor, &world.resident).await;
    for left in ["2", "1", "0"] {
        let reply = world.who_is_there(&link).await;
        assert_eq!(reply.headers["ratelimit-remaining"], left);
        reply.data(200);
    }
    let refused = world.decide(&link, "accept").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(world.status_of(visitor).await, "pending");
    assert_eq!(world.nobody().get("/v1/decide").await.status, 200);
}

/// A link signs nobody in and notes no token.
#[tokio::test]
async fn a_link_is_no_sign_in() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let users = world.count("SELECT count(*) FROM users").await;
    let audits = world.count("SELECT count(*) FROM firebase_auth_audit").await;
    let link = world.link(visitor, &world.resident).await;
    world.who_is_there(&link).await.data(200);
    world.resident.with_token(link).get("/v1/profile/me").await.refused(401, "TOKEN_INVALID");
    assert_eq!(world.count("SELECT count(*) FROM users").await, users);
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, audits);
}

/// The page runs its own script and no other, is kept by nobody, and is the same for all.
#[tokio::test]
async fn the_page_is_sealed() {
    let world = World::open().await;
    let page = world.nobody().get("/v1/decide").await;
    assert_eq!(page.status, 200);
    let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-frame-options"), "DENY");
    let policy = header("content-security-policy");
    let html = page.body.as_str().unwrap();
    for (directive, tag) in [("script-src", "script"), ("style-src", "style")] {
        let (_, rest) = html.split_once(&format!("<{tag}>")).unwrap();
        let (inline, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
        assert!(!rest.contains(&format!("<{tag}")), "one {tag} alone");
        let hash = base64(&Sha256::digest(inline));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{directive}: {policy}");
    }
    for rule in ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !html.contains("://") && !html.contains(" src="));
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

impl Client {
    /// What the page shows, once it shows this.
    async fn shows(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut page = Value::Null;
        eventually(what, async || {
            self.tell("look").await;
            page = self.saw("page").await;
            holds(&page)
        })
        .await;
        page
    }

    /// What the page shows once it has this title.
    async fn ends(&mut self, title: &str) -> Value {
        let page = self.shows(title, |page| page["title"] == title).await;
        assert_eq!((&page["question"], &page["can_retry"]), (&json!(false), &json!(false)), "{page}");
        assert_eq!(page["focus"], "title");
        page
    }
}

fn asks(page: &Value) -> bool {
    page["can_answer"] == true
}

/// Opened from an SMS, the page hides its token, shows who is there, survives a dead spot, and answers.
#[tokio::test]
async fn the_page_asks_and_answers() {
    let world = World::open().await;
    let (visitor, link) = world.link_by_sms().await;
    let mut page = Client::page(&link);
    let seen = page.shows("the question", asks).await;
    assert_eq!(seen["url"], format!("{}/v1/decide", world.stack.base_url()), "the token is out of sight");
    let asked = &seen["question"];
    assert_eq!((&asked["visitor_name"], &asked["purpose"]), (&json!("Kiran"), &json!("guest")));
    assert_eq!(asked["society_name"], "Green Acres");
    assert!(asked["flat"].as_str().unwrap().starts_with("101, "), "{asked}");
    let left = asked["countdown"].as_str().unwrap();
    // The page takes the time from the answer's date, which has whole seconds.
    assert!(["5:00", "5:01"].contains(&left) || left.starts_with("4:"), "{left}");

    page.tell("note 9999 4105 7058").await;
    page.tell("click accept").await;
    let corrected = page.shows("a problem", |page| page["problem"] != "").await;
    assert!(asks(&corrected) && corrected["problem"].as_str().unwrap().contains("note"), "{corrected}");

    page.tell("note my cousin").await;
    page.tell("offline").await;
    page.tell("click accept").await;
    let cut = page.shows("no connection", |page| page["can_retry"] == true).await;
    assert_eq!((&cut["can_answer"], &cut["focus"]), (&json!(false), &json!("retry")), "{cut}");
    page.tell("online").await;
    page.tell("click retry").await;
    let done = page.ends("Done").await;
    assert_eq!(done["message"], "Kiran may come in. The gate has been told.");
    assert_eq!(world.status_of(visitor).await, "accepted");
    assert_eq!(world.count("SELECT count(*) FROM visitor_approvals WHERE note = 'my cousin'").await, 1);

    // Opened once more it says what came of it, and so does the next link in the same tab.
    let again = Client::page(&link).ends("Already answered").await;
    assert_eq!(again["message"], "The visitor may come in.");
    let second = world.log_visitor().await;
    page.tell(&format!("open {}", world.link(second, &world.resident).await)).await;
    page.shows("the next question", asks).await;
    page.tell("click deny").await;
    page.shows("the next answer", |page| page["message"] == "Kiran is turned away. The gate has been told.")
        .await;
    assert_eq!(world.status_of(second).await, "denied");
}

/// Whatever else may come of a link is told as clearly.
#[tokio::test]
async fn the_page_tells_what_became_of_it() {
    let world = World::open().await;
    let url = |token: &str| format!("{}/v1/decide#{token}", world.stack.base_url());
    let visitor = world.log_visitor().await;
    let link = world.link(visitor, &world.resident).await;

    Client::page(&url("forged")).ends("Link not valid").await;
    Client::page(&url("")).ends("Link incomplete").await;

    // Somebody is quicker while the page is open.
    let mut slow = Client::page(&url(&link));
    slow.shows("the question", asks).await;
    world.decide(&world.link(visitor, &world.spouse).await, "deny").await.data(200);
    slow.tell("click accept").await;
    assert_eq!(slow.ends("Already answered").await["message"], "The visitor was turned away.");

    // The same link is open twice, with other answers.
    let second = world.log_visitor().await;
    let link = world.link(second, &world.resident).await;
    let mut twin = Client::page(&url(&link));
    twin.shows("the question", asks).await;
    world.decide(&link, "accept").await.data(200);
    twin.tell("click deny").await;
    assert_eq!(twin.ends("Already answered").await["message"], "The visitor may come in.");

    // Time runs out before its eyes.
    let third = world.log_visitor().await;
    let soon = "UPDATE visitors SET approval_deadline = now() + interval '3 s' WHERE id = $1";
    world.db.execute(soon, &[&third]).await.unwrap();
    let mut late = Client::page(&url(&world.link(third, &world.resident).await));
    let over = late.ends("Too late").await;
    assert_eq!(over["message"], "The time to answer is over. The visitor was turned away.");
}
