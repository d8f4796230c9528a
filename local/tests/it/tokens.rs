//! Tokens and the keys they are signed with.

use stack::{Identity, Stack, issuer::forge};

use crate::support::{World, eventually};

/// The issuer changes its key: the new one is fetched at once, and the old one is good as long as it is served.
#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_seen() {
    let world = World::open().await;
    world.guard.get("/v1/cities").await.data(200);
    world.stack.issuer().rotate().unwrap();
    let renewed = world.guard.with_token(world.stack.issuer().token(&Identity::of("gopal")).unwrap());
    renewed.get("/v1/cities").await.data(200);
    world.guard.get("/v1/cities").await.data(200);
    // A second unknown key within the minute is refused without asking the issuer again.
    let forged = forge::unknown_key(world.stack.issuer(), &Identity::of("gopal")).unwrap();
    world.guard.with_token(forged).get("/v1/cities").await.refused(401, "TOKEN_INVALID");
}

/// A token that was verified is remembered as long as it is good: not beyond its end, and no other one for its sake.
#[tokio::test]
async fn a_token_that_is_known_ends_as_it_says() {
    let world = World::open().await;
    let short = world.stack.issuer().token(&Identity::of("gopal").ttl(3)).unwrap();
    let guard = world.guard.with_token(short.clone());
    for _ in 0..2 {
        guard.get("/v1/cities").await.data(200);
    }
    let (signed, signature) = short.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = world.guard.with_token(format!("{signed}.{other}{}", &signature[1..]));
    forged.get("/v1/cities").await.refused(401, "TOKEN_INVALID");
    eventually("it ends", async || guard.get("/v1/cities").await.status == 401).await;
    guard.get("/v1/cities").await.refused(401, "TOKEN_EXPIRED");
}

/// Keys that cannot be fetched are no reason to send a user to the sign-in page.
#[tokio::test]
async fn keys_that_cannot_be_fetched_are_503() {
    let nobody_listens = "http://127.0.0.1:9/keys";
    let stack = Stack::builder().variable("FIREBASE_JWKS_URL", nobody_listens).start().await.unwrap();
    let world = World::on(stack).await;
    world.guard.get("/v1/cities").await.refused(503, "UNAVAILABLE");
    assert_eq!(world.guard.try_connect().await.err(), Some(503));
}

/// A token of someone who signed in by e-mail, whose name is more than a name: what fits is taken, and nothing fails.
#[tokio::test]
async fn odd_claims_do_not_fail() {
    let world = World::open().await;
    let long = "x".repeat(5000);
    let names = [("a\u{0}b", None), (&*long, Some(&long[..120])), ("", None), ("संजय", Some("संजय"))];
    for (number, (name, taken)) in names.into_iter().enumerate() {
        let identity = Identity::of(&format!("odd-{number}")).email("odd@example.com").name(name);
        let me = world.newcomer(identity).get("/v1/profile/me").await.data(200);
        assert_eq!(me["user"]["phone"], serde_json::Value::Null);
        assert_eq!(me["user"]["name"].as_str(), taken);
    }
}
