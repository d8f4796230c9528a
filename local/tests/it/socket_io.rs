//! Socket.IO as the apps speak it. The stories are those of the official test suites of Engine.IO 4
//! and Socket.IO 5, as far as they reach a server that has WebSocket text frames alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{
    Actor, PATIENCE, Socket, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

const QUERY: &str = "EIO=4&transport=websocket";

impl World {
    fn socket_io_url(&self, query: &str) -> String {
        format!("{}/socket.io/?{query}", self.stack.base_url().replacen("http", "ws", 1))
    }

    /// Opens a connection and takes its opening packet.
    async fn open_app(&self, query: &str) -> Socket {
        let mut app = Socket::dial(self.socket_io_url(query)).await.expect("it is let in");
        let opening = app.text().await.expect("the server speaks first");
        assert!(opening.starts_with("0{"), "{opening}");
        app
    }

    /// Opens a connection and says hello with the actor's token.
    async fn app_of(&self, actor: &Actor) -> Socket {
        let mut app = self.open_app(QUERY).await;
        app.send_text(format!("40{}", json!({"token": actor.token}))).await;
        let welcome = app.text().await.expect("the hello is answered");
        assert!(welcome.starts_with("40{\"sid\":\""), "{welcome}");
        app
    }
}

/// The JSON after a packet's type.
fn json_of(packet: &str, kind: &str) -> Value {
    let data = packet.strip_prefix(kind).unwrap_or_else(|| panic!("{packet} is no {kind}"));
    serde_json::from_str(data).unwrap()
}

#[tokio::test]
async fn the_opening_packet_has_the_fields_of_the_handshake() {
    let world = World::open().await;
    let mut app = Socket::dial(world.socket_io_url(QUERY)).await.unwrap();
    let handshake = json_of(&app.text().await.unwrap(), "0");
    let keys: Vec<_> = handshake.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
    assert!(!handshake["sid"].as_str().unwrap().is_empty());
    assert_eq!(handshake["upgrades"], json!([]));
    assert!(
        handshake["pingInterval"].as_u64().unwrap() + handshake["pingTimeout"].as_u64().unwrap() < 1 << 31
    );
}

#[tokio::test]
async fn another_version_or_transport_is_refused() {
    let world = World::open().await;
    for query in [
        "EIO=4",
        "EIO=4&transport=polling",
        "EIO=4&transport=abc",
        "EIO=abc&transport=websocket",
        "EIO=3&transport=websocket",
        "transport=websocket",
    ] {
        assert_eq!(Socket::dial(world.socket_io_url(query)).await.err(), Some(400), "{query}");
    }
}

/// The token may come in the hello, in the query, or in a header.
#[tokio::test]
async fn a_client_says_hello_with_its_token() {
    let world = World::open().await;
    let token = &world.resident.token;
    let mut with_packet = world.app_of(&world.resident).await;
    let mut with_query = world.open_app(&format!("{QUERY}&token={token}")).await;
    let mut request = world.socket_io_url(QUERY).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut with_header = Socket::dial(request).await.unwrap();
    with_header.text().await.unwrap();
    for app in [&mut with_query, &mut with_header] {
        app.send_text("40").await;
        let welcome = json_of(&app.text().await.unwrap(), "40");
        // The Dart client reads a `pid` as the promise of something that there is not.
        assert_eq!(welcome.as_object().unwrap().len(), 1);
        assert!(!welcome["sid"].as_str().unwrap().is_empty());
    }
    for app in [&mut with_packet, &mut with_query, &mut with_header] {
        app.send_text(format!(r#"421["join_room",{{"room_type":"flat","room_id":"{FLAT_101}"}}]"#)).await;
        let [joined] =
            serde_json::from_value::<[Value; 1]>(json_of(&app.text().await.unwrap(), "431")).unwrap();
        let room = format!("flat:{FLAT_101}");
        let epoch = world.epoch().await;
        let answer =
            json!({"event": "room_joined", "room": room, "epoch": epoch, "seq": 0, "recovered": false});
        assert_eq!(joined, answer);
    }
}

/// Who has no good token is told so, and may try again on the same connection.
#[tokio::test]
async fn a_hello_without_a_good_token_is_refused() {
    let world = World::open().await;
    let mut app = world.open_app(QUERY).await;
    for (hello, code) in [("40", "TOKEN_MISSING"), ("40{\"token\":\"rubbish\"}", "TOKEN_INVALID")] {
        app.send_text(hello).await;
        let refusal = json_of(&app.text().await.unwrap(), "44");
        assert_eq!(refusal["data"]["code"], code);
        assert!(!refusal["message"].as_str().unwrap().is_empty());
    }
    app.send_text(format!("40{}", json!({"token": world.guard.token}))).await;
    assert!(app.text().await.unwrap().starts_with("40{\"sid\""));
    // One that is sent with the request is refused with it.
    let query = format!("{QUERY}&token=rubbish");
    assert_eq!(Socket::dial(world.socket_io_url(&query)).await.err(), Some(401));
}

#[tokio::test]
async fn a_broken_packet_closes_the_connection() {
    let world = World::open().await;
    for packet in [
        "abc",
        "4abc",
        "42{}",
        "42[]",
        "42[1]",
        "42[\"x\"",
        "47",
        "2",
        "2probe",
        "5",
        "{}",
        "",
        "40[]",
        "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
        "42[\"disconnect\"]",
        "42/admin,[\"x\"]",
    ] {
        let mut app = world.app_of(&world.resident).await;
        app.send_text(packet).await;
        while let Some(text) = app.text().await {
            assert_eq!(text, "6", "after {packet} nothing is said");
        }
    }
}

#[tokio::test]
async fn an_event_before_the_hello_closes_the_connection() {
    let world = World::open().await;
    let mut app = world.open_app(&format!("{QUERY}&token={}", world.resident.token)).await;
    app.send_text(format!(r#"42["join_room",{{"room_type":"flat","room_id":"{FLAT_101}"}}]"#)).await;
    while let Some(text) = app.text().await {
        assert_eq!(text, "6");
    }
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_the_main_one_works_on() {
    let world = World::open().await;
    let mut app = world.app_of(&world.resident).await;
    app.send_text("40/admin,{}").await;
    assert_eq!(app.text().await.unwrap(), "44/admin,{\"message\":\"Invalid namespace\"}");
    app.send_text("420[\"ping\"]").await;
    assert_eq!(json_of(&app.text().await.unwrap(), "430"), json!([{"event": "pong", "rooms": []}]));
}

/// An answer is an acknowledgement where one is asked for, with its number, and an event otherwise.
#[tokio::test]
async fn answers_carry_the_number_of_their_question() {
    let world = World::open().await;
    let mut app = world.app_of(&world.neighbour).await;
    for ack in ["0", "7", "123456"] {
        app.send_text(format!("42{ack}[\"ping\",{{}}]")).await;
        assert_eq!(
            json_of(&app.text().await.unwrap(), &format!("43{ack}")),
            json!([{"event": "pong", "rooms": []}])
        );
    }
    let stranger = format!(r#"["join_room",{{"room_type":"flat","room_id":"{FLAT_101}","user_id":"me"}}]"#);
    app.send_text(format!("42{stranger}")).await;
    let told = json_of(&app.text().await.unwrap(), "42");
    assert_eq!((&told[0], &told[1]["code"]), (&json!("error"), &json!("ROOM_FORBIDDEN")));
    app.send_text(format!("429{stranger}")).await;
    assert_eq!(json_of(&app.text().await.unwrap(), "439")[0]["code"], "ROOM_FORBIDDEN");
    app.send_text("42[\"shout\",{}]").await;
    assert_eq!(json_of(&app.text().await.unwrap(), "42")[1]["code"], "VALIDATION_FAILED");
    // A pong, a noop and an acknowledgement ask for nothing.
    for packet in ["3", "6", "431[]"] {
        app.send_text(packet).await;
        assert_eq!(app.text().await.unwrap(), "6");
    }
}

/// After its goodbye a client hears nothing, and may come back on the same connection.
#[tokio::test]
async fn a_goodbye_ends_the_conversation_and_not_the_connection() {
    let world = World::open().await;
    let mut app = world.app_of(&world.resident).await;
    app.send_text(format!(r#"421["join_room",{{"room_type":"flat","room_id":"{FLAT_101}"}}]"#)).await;
    app.text().await.unwrap();
    app.send_text("41").await;
    assert_eq!(app.text().await.unwrap(), "6");
    world.log_visitor().await;
    app.send_text("40").await;
    assert!(app.text().await.unwrap().starts_with("40{\"sid\""), "nothing came in between");
}

/// A client that never says hello is closed after twenty seconds.
#[tokio::test]
async fn a_connection_without_a_hello_is_closed() {
    let world = World::open().await;
    let started = Instant::now();
    let mut app = world.open_app(QUERY).await;
    let mut with_token = world.open_app(&format!("{QUERY}&token={}", world.resident.token)).await;
    assert_eq!(app.text_within(Duration::from_secs(20) + PATIENCE).await, None);
    assert!(started.elapsed() >= Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(with_token.text().await, None);
    eventually("nothing is left of them", async || world.stack.connections() == 0).await;
}

/// Both protocols tell the same events, with the same ids and numbers.
#[tokio::test]
async fn an_app_and_a_native_client_hear_the_same() {
    let world = World::open().await;
    let mut native = world.guard.connect().await;
    native.join("society", GREEN_ACRES).await;
    let mut app = world.app_of(&world.guard).await;
    app.send_text(format!(r#"42["join_room",{{"room_type":"society","room_id":"{GREEN_ACRES}"}}]"#)).await;
    assert_eq!(json_of(&app.text().await.unwrap(), "42")[0], "room_joined");

    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
    world.make_pass().await;
    for name in ["request_approved", "visitor_checkin", "visitor_checkout", "guest_pass_created"] {
        let frame = native.event(name).await;
        let packet = json_of(&app.text().await.unwrap(), "42");
        let [told, mut payload] = serde_json::from_value::<[Value; 2]>(packet).unwrap();
        assert_eq!(told, name);
        let meta = payload.as_object_mut().unwrap().remove("_meta").unwrap();
        let named = ["id", "room", "epoch", "seq"].map(|name| (name.to_owned(), frame[name].clone()));
        assert_eq!(meta, Value::Object(named.into_iter().collect()));
        assert_eq!(payload, frame["data"]);
    }
}
