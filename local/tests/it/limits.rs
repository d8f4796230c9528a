//! Rate limits and headers, as every caller meets them.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use serde_json::json;
use shared::auth::URGENT_ROUTES;
use stack::{Identity, Stack};
use uuid::Uuid;

use crate::support::{Actor, Socket, World, world::FLAT_101};

/// As deployed: the template's bounds.
async fn deployed() -> Arc<World> {
    World::on(Stack::builder().rate_limit(100, Duration::from_secs(900)).start().await.unwrap()).await
}

/// With bounds of a hundredth, so that few calls reach them.
async fn narrow(max_requests: u32) -> Arc<World> {
    World::on(Stack::builder().rate_limit(max_requests, Duration::from_secs(900)).start().await.unwrap())
        .await
}

/// One call too many is refused, with the time to wait, and from memory after that; others go on.
#[tokio::test]
async fn a_caller_over_their_bound_is_refused_and_told_when_to_come_back() {
    let world = narrow(1).await;
    for left in ["1", "0"] {
        let reply = world.stranger.get("/v1/cities").await;
        assert_eq!(reply.headers["ratelimit-limit"], "2");
        assert_eq!(reply.headers["ratelimit-remaining"], left);
        assert!(reply.headers["ratelimit-reset"].to_str().unwrap().parse::<u64>().unwrap() <= 900);
        reply.data(200);
    }
    for round_trips in [1, 0] {
        let before = world.stack.wire().total();
        let refused = world.stranger.get("/v1/cities").await;
        assert_eq!(refused.headers["ratelimit-limit"], "2");
        assert_eq!(refused.headers["ratelimit-remaining"], "0");
        assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 900);
        refused.refused(429, "RATE_LIMITED");
        assert_eq!((world.stack.wire().total() - before).round_trips, round_trips);
    }
    world.resident.get("/v1/cities").await.data(200);
}

/// The bound is that of the highest role.
#[tokio::test]
async fn callers_are_bounded_by_what_they_are() {
    let world = deployed().await;
    for (actor, bound) in [
        (&world.stranger, "200"),
        (&world.resident, "600"),
        (&world.guard, "2000"),
        (&world.block_admin, "2000"),
        (&world.admin, "2000"),
        (&world.super_admin, "2000"),
    ] {
        assert_eq!(actor.get("/v1/cities").await.headers["ratelimit-limit"], bound);
    }
    let health = world.nobody().get("/health").await;
    assert_eq!(health.headers["ratelimit-limit"], "100");
}

/// A gate with forty visitors in a quarter of an hour, eight calls each, and the residents' answers.
#[tokio::test]
async fn a_busy_gate_reaches_no_bound() {
    let world = deployed().await;
    for number in 0..40 {
        let body =
            json!({"visitor_name": format!("Visitor {number}"), "phone": "9876543210", "flat_id": FLAT_101});
        let made = world.guard.post("/v1/visitors", body).await.data(201);
        let id: Uuid = made["visitor"]["id"].as_str().unwrap().parse().unwrap();
        world.guard.get("/v1/visitors?status=pending").await.data(200);
        world.resident.get("/v1/visitors/pending").await.data(200);
        world.answer(id, "accept").await;
        world.guard.get(&format!("/v1/visitors/{id}")).await.data(200);
        world.guard.get("/v1/visitors?status=accepted").await.data(200);
        let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": id})).await.data(201);
        world.guard.get("/v1/visitors?status=checked_in").await.data(200);
        world.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
        world.guard.get("/v1/visitors?status=checked_out").await.data(200);
    }
}

/// A newcomer's account that floods, and a flood of bad tokens, behind the building's one address.
#[tokio::test]
async fn a_flood_behind_the_same_address_stops_nobody_else() {
    let world = deployed().await;
    let bad = world.stranger.with_token("rubbish");
    for (actor, calls) in [(&world.stranger, 220), (&bad, 120)] {
        let statuses: Vec<u16> = stream::iter(0..calls)
            .map(|_| actor.get("/v1/cities"))
            .buffer_unordered(8)
            .map(|reply| reply.status)
            .collect()
            .await;
        assert!(statuses.contains(&429), "{statuses:?}");
    }
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    let visitor = world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["data"]["visitor_id"], visitor.to_string());
    world.answer(visitor, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    world.newcomer(Identity::of("next-door")).get("/v1/cities").await.data(200);
}

/// Whatever comes without a valid token counts for its address: no token, a bad or an old one, a forged link, the
/// question after health, a connection.
#[tokio::test]
async fn what_shows_no_valid_token_counts_for_its_address() {
    let world = narrow(6).await;
    let old = world.stack.issuer().token(&Identity::of("asha").ttl(-60)).unwrap();
    let forged = json!({"token": "AAAA", "decision": "accept"});
    let kinds = async || {
        [
            world.nobody().get("/v1/cities").await.status,
            world.stranger.with_token("rubbish").get("/v1/cities").await.status,
            world.stranger.with_token(&old).get("/v1/cities").await.status,
            world.nobody().post("/v1/decide", forged.clone()).await.status,
            world.nobody().get("/health").await.status,
            world.nobody().try_connect().await.err().unwrap(),
        ]
    };
    assert_eq!(kinds().await, [401, 401, 401, 401, 200, 401]);
    assert_eq!(kinds().await, [429; 6]);
    assert_eq!(kinds().await, [429; 6], "from memory");
    world.stranger.get("/v1/cities").await.data(200);
    world.resident.try_connect().await.unwrap();
}

/// Connections that have shown no token are bounded; each that shows one makes room for another.
#[tokio::test]
async fn connections_that_have_shown_no_token_are_bounded() {
    let world = narrow(2).await;
    let url =
        format!("{}/socket.io/?EIO=4&transport=websocket", world.stack.base_url().replacen("http", "ws", 1));
    let open = async || {
        let mut app = Socket::dial(url.as_str()).await?;
        app.text().await.expect("the server speaks first");
        Ok::<_, u16>(app)
    };
    let hello = |actor: &Actor| format!("40{}", json!({"token": actor.token}));
    for _ in 0..5 {
        let mut app = open().await.unwrap();
        app.send_text(hello(&world.guard)).await;
        assert!(app.text().await.unwrap().starts_with("40{"));
    }
    let (mut first, _second) = (open().await.unwrap(), open().await.unwrap());
    assert_eq!(open().await.err(), Some(429));
    first.send_text(hello(&world.resident)).await;
    assert!(first.text().await.unwrap().starts_with("40{"));
    let _third = open().await.unwrap();
    assert_eq!(open().await.err(), Some(429));
}

/// An app that has no token comes back again and again; it keeps out no other, until it is a flood.
#[tokio::test]
async fn apps_without_a_token_keep_out_no_other() {
    let world = narrow(2).await;
    let url =
        format!("{}/socket.io/?EIO=4&transport=websocket", world.stack.base_url().replacen("http", "ws", 1));
    let hello = async |packet: String| {
        let mut app = Socket::dial(url.as_str()).await?;
        app.text().await.expect("the server speaks first");
        app.send_text(packet).await;
        Ok::<_, u16>(app.text().await.unwrap())
    };
    for count in 0..20 {
        let refused =
            hello(if count % 2 == 0 { "40".to_owned() } else { "40{\"token\":\"rubbish\"}".to_owned() });
        assert!(refused.await.unwrap().starts_with("44"));
    }
    assert_eq!(hello("40".to_owned()).await.err(), Some(429));
    world.db.batch_execute("DELETE FROM request_counts").await.unwrap();
    for _ in 0..5 {
        hello("40".to_owned()).await.unwrap();
    }
    let welcome = hello(format!("40{}", json!({"token": world.guard.token}))).await.unwrap();
    assert!(welcome.starts_with("40{"), "{welcome}");
}

/// An account over its bound comes back again and again, and its connections keep out no other either.
#[tokio::test]
async fn connections_of_a_flooding_account_keep_out_no_other() {
    let world = narrow(2).await;
    let url =
        format!("{}/socket.io/?EIO=4&transport=websocket", world.stack.base_url().replacen("http", "ws", 1));
    let hello = async |actor: &Actor| {
        let mut app = Socket::dial(url.as_str()).await?;
        app.text().await.expect("the server speaks first");
        app.send_text(format!("40{}", json!({"token": actor.token}))).await;
        Ok::<_, u16>(app.text().await.unwrap())
    };
    while world.stranger.get("/v1/cities").await.status != 429 {}
    for _ in 0..5 {
        let refused = hello(&world.stranger).await.unwrap();
        assert!(refused.starts_with("44") && refused.contains("RATE_LIMITED"), "{refused}");
    }
    assert!(hello(&world.guard).await.unwrap().starts_with("40{"));
}

/// Neither the own app's noise nor the neighbours' stops an emergency, or an answer to a ring.
#[tokio::test]
async fn what_is_urgent_is_never_refused_for_anything_else() {
    let world = narrow(3).await;
    let visitor = world.log_visitor().await;
    while world.resident.get("/v1/my-flats").await.status != 429 {}
    let full = "UPDATE request_counts SET hits = 2000000 WHERE counted LIKE 'address:%'";
    assert!(world.db.execute(full, &[]).await.unwrap() > 0);
    world.spouse.get("/v1/my-flats").await.refused(429, "RATE_LIMITED");
    world.guard.get("/v1/visitors").await.refused(429, "RATE_LIMITED");
    world.answer(visitor, "accept").await;
    world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    let routes = stack::http_routes().unwrap();
    for (method, route) in URGENT_ROUTES {
        assert!(routes.contains(&(method.to_string(), route.to_owned())), "{method} {route} is no route");
    }
    // Their own bound is not endless.
    for status in [201, 429] {
        let reply = world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
}

/// Answers carry what browsers and operators need.
#[tokio::test]
async fn answers_carry_security_headers_and_a_request_id() {
    let world = World::open().await;
    for reply in [
        world.guard.get("/v1/cities").await,
        world.nobody().get("/v1/cities").await,
        world.nobody().get("/health").await,
    ] {
        for header in [
            "x-request-id",
            "x-content-type-options",
            "strict-transport-security",
            "content-security-policy",
            "cache-control",
        ] {
            assert!(reply.headers.contains_key(header), "{} has no {header}", reply.call);
        }
    }
    let refused = world.nobody().get("/v1/cities").await;
    assert_eq!(refused.body["request_id"], refused.headers["x-request-id"].to_str().unwrap());
}

/// A page of another origin may call the API, and reads the headers that matter.
#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let world = World::open().await;
    let url = format!("{}/v1/visitors", world.guard.base_url);
    let preflight = world
        .guard
        .http
        .request(reqwest::Method::OPTIONS, &url)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let preflight = preflight.send().await.unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let answer = world.guard.http.get(&url).header("origin", "https://app.example").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(
        answer.headers()["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .to_lowercase()
            .contains("retry-after")
    );
}
