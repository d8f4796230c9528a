//! The same stories with clients that others have written: `socket.io-client`, which the apps' client
//! is a translation of, and `ws`.

use serde_json::json;
use stack::{
    Identity,
    faults::{Fault, Kind},
};

use crate::support::{
    Actor, Client, World, eventually,
    story::{flat_room, society_room},
    world::{FLAT_101, GREEN_ACRES},
};

/// An app and a plain client of the same person, side by side in a room.
async fn pair_of(actor: &Actor, room_type: &str, room_id: impl ToString) -> [Client; 2] {
    let room_id = room_id.to_string();
    let app = Client::app(actor, room_type, &room_id);
    let plain = Client::plain(actor, "subprotocol", room_type, &room_id);
    let mut pair = [app, plain];
    for client in &mut pair {
        client.saw("connected").await;
        assert_eq!(client.saw("room_joined").await["seq"], 0);
    }
    pair
}

/// An app of the first resident of flat 101, after it has joined the flat's room.
async fn app_in_the_flat(world: &World) -> Client {
    let mut app = Client::app(&world.resident, "flat", FLAT_101);
    app.saw("connected").await;
    app.saw("room_joined").await;
    app
}

/// Both protocols tell the whole day, from the same events: in the order of their numbers, with the same
/// ids and payloads, and nothing else.
#[tokio::test]
async fn both_clients_hear_the_same_day() {
    let world = World::open().await;
    let in_the_flat = pair_of(&world.resident, "flat", FLAT_101).await;
    let at_the_gate = pair_of(&world.guard, "society", GREEN_ACRES).await;
    world.live_through_a_day().await;
    for (room, clients) in [(flat_room(), in_the_flat), (society_room(), at_the_gate)] {
        let told = world.told_in(&room).await;
        assert!(told.len() > 5, "{told:?}");
        for mut client in clients {
            for event in &told {
                assert_eq!(client.event().await, *event);
            }
            client.tell("leave").await;
            assert_eq!(client.saw("room_left").await, json!({"room": room}));
        }
    }
}

/// The token may come in the hello or in the query; the answer to a join is an event, or an
/// acknowledgement where the client asks for one.
#[tokio::test]
async fn an_app_joins_with_and_without_an_acknowledgement() {
    let world = World::open().await;
    let epoch = world.epoch().await;
    for token_in in ["hello", "query"] {
        let mut app =
            Client::app_with(&world.resident, "flat", FLAT_101, json!({"token_in": token_in, "ack": true}));
        app.saw("connected").await;
        let answer = json!({"event": "room_joined", "room": flat_room(), "epoch": epoch, "seq": 0, "recovered": false});
        assert_eq!(app.saw("acknowledged").await, answer);

        let mut app = Client::app_with(&world.resident, "flat", FLAT_101, json!({"token_in": token_in}));
        app.saw("connected").await;
        let answer = json!({"room": flat_room(), "epoch": epoch, "seq": 0, "recovered": false});
        assert_eq!(app.saw("room_joined").await, answer);
    }
    let mut app = Client::app(&world.neighbour, "flat", FLAT_101);
    app.saw("connected").await;
    assert_eq!(app.saw("error").await["code"], "ROOM_FORBIDDEN");
}

/// The token of a plain client may come in three places; a subprotocol that it offers is named back.
#[tokio::test]
async fn a_plain_client_shows_its_token_in_three_places() {
    let world = World::open().await;
    for (token_in, subprotocol) in [("query", ""), ("header", ""), ("subprotocol", "society360")] {
        let mut client = Client::plain(&world.resident, token_in, "flat", FLAT_101);
        assert_eq!(client.saw("connected").await["subprotocol"], subprotocol);
        assert_eq!(client.saw("room_joined").await["room"], flat_room());
    }
}

/// A client without a good token is told why.
#[tokio::test]
async fn a_bad_token_is_a_connect_error_with_our_words() {
    let world = World::open().await;
    let expired = world.stack.issuer().token(&Identity::of("asha").ttl(-60)).unwrap();
    for (token, code, message) in [
        ("rubbish", "TOKEN_INVALID", "Please sign in again: the token is not valid."),
        (&expired, "TOKEN_EXPIRED", "Please sign in again: the token has expired."),
        ("", "TOKEN_MISSING", "Please sign in: the request has no bearer token."),
    ] {
        let mut app = Client::app(&world.resident.with_token(token), "flat", FLAT_101);
        assert_eq!(app.saw("connect_error").await, json!({"message": message, "data": {"code": code}}));
    }
    // In the query it refuses the request itself, of which a client hears no more than that.
    let actor = world.resident.with_token("rubbish");
    let mut app = Client::app_with(&actor, "flat", FLAT_101, json!({"token_in": "query"}));
    assert_eq!(app.saw("connect_error").await["message"], "websocket error");
    let mut plain = Client::plain(&actor, "query", "flat", FLAT_101);
    assert_eq!(plain.saw("connect_error").await["message"], "Unexpected server response: 401");
}

/// A connection is cut while a check-in is told: both apps come back by themselves. The one that says
/// where it stopped hears what it missed; the other one is told that it may have missed something.
#[tokio::test]
async fn an_app_whose_connection_is_cut_comes_back() {
    let world = World::open().await;
    let mut forgetful = Client::app(&world.resident, "flat", FLAT_101);
    let mut attentive = Client::app_with(&world.spouse, "flat", FLAT_101, json!({"since": true}));
    for app in [&mut forgetful, &mut attentive] {
        app.saw("connected").await;
        app.saw("room_joined").await;
    }
    let visitor = world.log_visitor().await;
    for app in [&mut forgetful, &mut attentive] {
        assert_eq!(app.event().await["seq"], 1);
    }
    let accept = json!({"decision": "accept"});
    world.resident.post(&format!("/v1/visitors/{visitor}/respond"), accept).await.data(200);

    world.stack.faults().set([Fault::new(Kind::ConnectionCut).function("visits").times(2)]).unwrap();
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    for app in [&mut forgetful, &mut attentive] {
        assert_eq!(app.saw("disconnected").await, "transport close");
        app.saw("connected").await;
    }
    let epoch = world.epoch().await;
    let joined = |recovered| json!({"room": flat_room(), "epoch": epoch, "seq": 2, "recovered": recovered});
    assert_eq!(forgetful.saw("room_joined").await, joined(false));
    assert_eq!(attentive.event().await["event"], "visitor_checkin");
    assert_eq!(attentive.saw("room_joined").await, joined(true));

    world.log_visitor().await;
    for app in [&mut forgetful, &mut attentive] {
        let ring = app.event().await;
        assert_eq!((&ring["event"], &ring["seq"]), (&json!("visitor_request"), &json!(3)));
    }
}

/// A ring is not lost with the connection: the visitor still waits, so it comes with the next join,
/// although the app does not say where it stopped.
#[tokio::test]
async fn a_ring_that_got_lost_is_heard_after_coming_back() {
    let world = World::open().await;
    let mut app = app_in_the_flat(&world).await;
    world.stack.faults().set([Fault::new(Kind::ConnectionCut).times(1)]).unwrap();
    let visitor = world.log_visitor().await;
    app.saw("disconnected").await;
    app.saw("connected").await;
    assert_eq!(app.event().await["data"]["visitor_id"], visitor.to_string());
    app.saw("room_joined").await;
}

/// A client that disconnects leaves nothing behind, neither at the gateway nor in the table.
#[tokio::test]
async fn an_app_that_disconnects_leaves_the_room() {
    let world = World::open().await;
    let mut app = app_in_the_flat(&world).await;
    assert_eq!(world.members_of_the_flat().await, 1);
    app.tell("disconnect").await;
    assert_eq!(app.saw("disconnected").await, "io client disconnect");
    eventually("nothing is left", async || {
        world.stack.connections() == 0 && world.members_of_the_flat().await == 0
    })
    .await;
}

/// A greeter that is called twice greets once.
#[tokio::test]
async fn an_app_is_greeted_once_by_a_greeter_that_is_called_twice() {
    let world = World::open().await;
    world.stack.faults().set([Fault::new(Kind::InvokeDuplicated).function("dispatcher").times(1)]).unwrap();
    let mut app = app_in_the_flat(&world).await;
    assert_eq!(world.stack.faults().struck()[&Kind::InvokeDuplicated], 1);
    app.tell("leave").await;
    app.saw("room_left").await;
}

/// A greeting that was delivered and not acknowledged is sent again, and does no harm.
#[tokio::test]
async fn an_app_bears_a_second_greeting() {
    let world = World::open().await;
    world.stack.faults().set([Fault::new(Kind::PostLate).function("dispatcher").times(1)]).unwrap();
    let mut app = app_in_the_flat(&world).await;
    app.saw("greeted_again").await;
    let visitor = world.log_visitor().await;
    assert_eq!(app.event().await["data"]["visitor_id"], visitor.to_string());
}
