//! Rate limits and headers, as every caller meets them.

use local::Stack;

use crate::support::World;

/// The hundred-and-first request of an IP is refused, with the time to wait, and from memory after that.
#[tokio::test]
async fn an_ip_over_the_limit_is_refused_and_told_when_to_come_back() {
    let stack = Stack::builder().variable("RATE_LIMIT_MAX_REQUESTS", "3").start().await.unwrap();
    let world = World::on(stack).await;
    for left in ["2", "1", "0"] {
        let reply = world.guard.get("/v1/cities").await;
        assert_eq!(reply.headers["ratelimit-limit"], "3");
        assert_eq!(reply.headers["ratelimit-remaining"], left);
        assert!(reply.headers["ratelimit-reset"].to_str().unwrap().parse::<u64>().unwrap() <= 900);
        reply.data(200);
    }
    let before = world.stack.wire().total();
    let refused = world.resident.get("/v1/cities").await;
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 900);
    refused.refused(429, "RATE_LIMITED");
    assert_eq!((world.stack.wire().total() - before).round_trips, 1);
    let before = world.stack.wire().total();
    world.guard.get("/v1/cities").await.refused(429, "RATE_LIMITED");
    assert_eq!((world.stack.wire().total() - before).round_trips, 0, "it asked the database again");
    assert_eq!(world.nobody().get("/health").await.status, 200);
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
