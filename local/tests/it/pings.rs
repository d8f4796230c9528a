//! Who is not there any more is noticed by both sides, with clients that others have written behind a network that
//! dies without a word. The stories of raw connections are those of "heartbeat" in the official test suites of
//! Engine.IO 4 and Socket.IO 5, as far as they reach a server that has WebSocket alone.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use futures_util::future::join_all;
use gateway::{Outcome, PostCount};
use serde_json::{Value, json};
use shared::{
    config::{Env, RealtimeConfig},
    realtime::{Connections, Protocol},
};
use stack::{
    Stack,
    faults::{Fault, Kind},
};
use tokio::time::sleep;

use crate::support::{Actor, Client, Line, Socket, World, eventually, world::FLAT_101};

/// What clients are told.
const INTERVAL: Duration = Duration::from_millis(1500);
const TIMEOUT: Duration = Duration::from_millis(5000);
/// The schedule's minute.
const MINUTE: Duration = Duration::from_millis(150);
/// What a client may take besides: it pauses before it comes back.
const SLACK: Duration = Duration::from_secs(10);
/// The packets of Engine.IO: ping, pong, and one that means nothing.
const PING: &str = "2";
const PONG: &str = "3";
const NOOP: &str = "6";

impl World {
    /// A stack that pings so that a test can wait for it.
    async fn that_pings() -> Arc<Self> {
        Self::with_pings(|builder| builder.schedule_every(MINUTE)).await
    }

    async fn with_pings(more: impl FnOnce(stack::Builder) -> stack::Builder) -> Arc<Self> {
        let builder = Stack::builder()
            .variable("PING_INTERVAL_MS", INTERVAL.as_millis().to_string())
            .variable("PING_TIMEOUT_MS", TIMEOUT.as_millis().to_string());
        Self::on(more(builder).start().await.unwrap()).await
    }

    /// A connection that has got its opening packet, and has not said hello.
    async fn open_socket_io(&self) -> Socket {
        let url = format!(
            "{}/socket.io/?EIO=4&transport=websocket",
            self.stack.base_url().replacen("http", "ws", 1)
        );
        let mut app = Socket::dial(url).await.unwrap();
        let opening = app.text().await.unwrap();
        let told: Value = serde_json::from_str(opening.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(told["pingInterval"], json!(INTERVAL.as_millis() as u64));
        assert_eq!(told["pingTimeout"], json!(TIMEOUT.as_millis() as u64));
        app
    }

    /// A connection that has joined the flat's room.
    async fn in_the_flat(&self, actor: &Actor) -> Socket {
        let mut app = self.open_socket_io().await;
        app.send_text(format!("40{}", json!({"token": actor.token}))).await;
        assert!(packet(&mut app).await.unwrap().starts_with("40{"));
        app.send_text(format!(r#"42["join_room",{{"room_type":"flat","room_id":"{FLAT_101}"}}]"#)).await;
        assert!(packet(&mut app).await.unwrap().starts_with("42[\"room_joined\""));
        app
    }

    /// Closes a connection as a backend may.
    async fn hang_up(&self, id: &str) {
        let url = format!("{}/@connections/{id}", self.stack.base_url());
        let answer = self.guard.http.delete(url).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }

    /// What the table holds of connections.
    fn items_left(&self) -> BTreeSet<String> {
        let keys = self.stack.dynamodb().keys("ConnectionsTable").unwrap();
        keys.into_iter().map(|(pk, sk)| format!("{pk} {sk}")).filter(|key| key != "PINGS TURN").collect()
    }

    /// Whether nothing of any connection is left, at the gateway and in the table.
    async fn is_deserted(&self) {
        eventually("nothing is left", async || self.stack.connections() == 0 && self.items_left().is_empty())
            .await;
    }
}

/// The next packet that means something; pings are answered.
async fn packet(app: &mut Socket) -> Option<String> {
    loop {
        match app.text().await?.as_str() {
            PING => app.send_text(PONG).await,
            NOOP => {}
            text => return Some(text.to_owned()),
        }
    }
}

/// Waits for a ping.
async fn ping(app: &mut Socket) {
    while app.text().await.expect("it is open") != PING {}
}

/// Heartbeat, WebSocket: pings come, each within the time that the client was told, before and after its hello.
#[tokio::test]
async fn an_app_is_pinged_within_the_time_it_was_told() {
    let world = World::that_pings().await;
    let (stranger, resident) = (world.open_socket_io().await, world.in_the_flat(&world.resident).await);
    join_all([stranger, resident].map(async |mut app| {
        for _ in 0..3 {
            let since = Instant::now();
            ping(&mut app).await;
            assert!(since.elapsed() < INTERVAL + TIMEOUT, "{:?}", since.elapsed());
            app.send_text(PONG).await;
        }
    }))
    .await;
}

/// Heartbeat, WebSocket: a client that does not answer is closed, and nothing is left of it; one that answers stays.
#[tokio::test]
async fn an_app_that_does_not_answer_its_pings_is_closed() {
    let world = World::that_pings().await;
    let mut alive = world.in_the_flat(&world.spouse).await;
    let (mut dead, mut silent) = (world.in_the_flat(&world.resident).await, world.open_socket_io().await);
    let closed = async {
        let since = Instant::now();
        for app in [&mut dead, &mut silent] {
            while let Some(text) = app.text().await {
                assert!([PING, NOOP].contains(&text.as_str()), "{text}");
            }
        }
        since.elapsed()
    };
    // The other one goes on answering meanwhile.
    let took = tokio::select! {
        took = closed => took,
        text = packet(&mut alive) => panic!("{text:?} came"),
    };
    assert!(took < INTERVAL * 2 + TIMEOUT + SLACK, "{took:?}");
    eventually("the other one is left", async || world.members_of_the_flat().await == 1).await;
    world.log_visitor().await;
    assert!(packet(&mut alive).await.unwrap().starts_with("42[\"visitor_request\""));
    alive.close().await;
    world.is_deserted().await;
}

/// Anything that an app says shows that it is there, so one that never answers a ping and talks is not closed.
#[tokio::test]
async fn an_app_that_talks_is_there() {
    let world = World::that_pings().await;
    let mut app = world.in_the_flat(&world.resident).await;
    let since = Instant::now();
    while since.elapsed() < (INTERVAL + TIMEOUT) * 2 {
        ping(&mut app).await;
        app.send_text("427[\"ping\",{}]").await;
        while !app.text().await.expect("it is open").starts_with("437[") {}
    }
}

/// Native clients ping by themselves: nobody pings them, and their silence is the gateway's business.
#[tokio::test]
async fn a_native_client_is_not_pinged() {
    let world = World::that_pings().await;
    let mut native = world.resident.connect().await;
    native.join("flat", FLAT_101).await;
    let mut app = world.in_the_flat(&world.spouse).await;
    for _ in 0..3 {
        ping(&mut app).await;
        app.send_text(PONG).await;
    }
    assert!(native.heard().await.is_empty());
    assert!(world.items_left().iter().filter(|key| key.starts_with("PING#")).count() == 1);
}

/// Two hundred connections are each pinged once in a turn, however many are called for it, and not too many at once.
#[tokio::test]
async fn each_connection_is_pinged_once() {
    let hour = Duration::from_secs(3600).as_millis().to_string();
    let world = World::with_pings(|builder| builder.variable("PING_INTERVAL_MS", hour)).await;
    let mut apps = Vec::new();
    for _ in 0..20 {
        let url = format!(
            "{}/socket.io/?EIO=4&transport=websocket",
            world.stack.base_url().replacen("http", "ws", 1)
        );
        let some = join_all((0..10).map(async |_| {
            let mut app = Socket::dial(url.clone()).await.unwrap();
            assert!(app.text().await.unwrap().starts_with('0'));
            app.send_text(format!("40{}", json!({"token": world.resident.token}))).await;
            assert!(app.text().await.unwrap().starts_with("40{"));
            app
        }));
        apps.extend(some.await);
    }
    world.stack.take_posts();
    // Of three that are called at once, one pings; later ones find nothing that is due.
    join_all((0..3).map(|_| world.dispatch())).await;
    world.dispatch().await;
    let PostCount { posts, at_once } = world.stack.take_posts();
    assert_eq!(posts, 200);
    assert!(at_once <= 32, "{at_once}");
    join_all(apps.iter_mut().map(async |app| assert_eq!(app.text().await.unwrap(), PING))).await;
}

/// What one round could not do, the next one does; what the gateway did not take is sent once more.
#[tokio::test]
async fn a_ping_that_could_not_be_sent_is_sent_later() {
    let world = World::with_pings(|builder| builder).await;
    let mut app = world.in_the_flat(&world.resident).await;
    world.stack.faults().set([Fault::new(Kind::DynamodbDown).function("dispatcher")]).unwrap();
    let event = json!({"source": "aws.events"}).to_string();
    let done = world.stack.lambda().invoke("dispatcher", event).await.unwrap();
    assert!(matches!(done, Outcome::Failed(_)), "{done:?}");

    // The SDK tries twice by itself.
    world.stack.faults().set([Fault::new(Kind::PostFails).function("dispatcher").times(2)]).unwrap();
    world.dispatch().await;
    assert_eq!(world.stack.faults().struck()[&Kind::PostFails], 2);
    ping(&mut app).await;
}

/// Of a connection that ended without a word the gateway's 410 tells, and nothing is left of it.
#[tokio::test]
async fn a_ping_finds_out_who_has_gone() {
    let world = World::that_pings().await;
    let app = world.in_the_flat(&world.resident).await;
    world.stack.faults().set([Fault::new(Kind::DisconnectLost)]).unwrap();
    drop(app);
    world.is_deserted().await;
}

/// A crowd whose end nobody told is cleaned up in one round, also where a slot holds more of it than is read at once.
#[tokio::test]
async fn a_crowd_that_has_gone_is_cleaned_up() {
    let world = World::with_pings(|builder| builder).await;
    let mut env = Env::from_map(world.stack.variables());
    let connections = Connections::start(&RealtimeConfig::read(&mut env));
    let opened_at = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    // Each digit twice: such ids are all in one slot.
    let twice =
        |number: usize| number.to_string().chars().flat_map(|digit| [digit, digit]).collect::<String>();
    let ids: Vec<_> = (0..400).map(twice).collect();
    for some in ids.chunks(20) {
        let opened = some.iter().map(async |id| {
            let protocol = Protocol::SocketIo;
            connections.open(id, opened_at, Some(world.resident.user_id), protocol).await.unwrap();
            connections.note_greeting(id, opened_at).await.unwrap();
        });
        join_all(opened).await;
    }
    let slots: BTreeSet<_> = world
        .items_left()
        .iter()
        .filter_map(|key| Some(key.strip_prefix("PING#")?.split_once(' ')?.0.to_owned()))
        .collect();
    assert_eq!(slots.len(), 1, "{slots:?}");
    world.dispatch().await;
    assert_eq!(world.items_left(), BTreeSet::new());
}

/// What is asked of every client of Socket.IO: behind a network that dies, and after a clean close, it is back within
/// the time that it was told, joins its room again and has missed nothing.
async fn comes_back(start: impl Fn(&Actor, Value) -> Client) {
    let world = World::that_pings().await;
    let line = Line::to(&world.stack).await;
    let mut app = start(&world.resident, json!({"url": line.url("http")}));
    app.saw("connected").await;
    app.saw("room_joined").await;
    let first = world.log_visitor().await;
    assert_eq!(app.event().await["data"]["visitor_id"], first.to_string());
    // It is pinged for longer than it would wait.
    let ids = world.stack.connection_ids();
    sleep(INTERVAL + TIMEOUT).await;
    assert_eq!(world.stack.connection_ids(), ids);

    line.go_silent();
    let since = Instant::now();
    let missed = world.log_visitor().await;
    app.saw("disconnected").await;
    let mut open = comes_to_know(&mut app, 2).await;
    assert!(since.elapsed() < INTERVAL + TIMEOUT + SLACK, "{:?}", since.elapsed());
    assert_eq!(open, [first, missed].map(|id| id.to_string()).into());
    // The server closes the dead one, whose end nobody told it.
    eventually("one connection is left", async || world.stack.connections() == 1).await;

    // The server closes the living one.
    let [id] = world.stack.connection_ids().try_into().unwrap();
    let since = Instant::now();
    world.hang_up(&id).await;
    app.saw("disconnected").await;
    open.insert(world.log_visitor().await.to_string());
    assert_eq!(comes_to_know(&mut app, 3).await, open);
    assert!(since.elapsed() < INTERVAL + TIMEOUT + SLACK, "{:?}", since.elapsed());
}

/// The visitors that an app hears of when it comes back, so many.
async fn comes_to_know(app: &mut Client, count: usize) -> BTreeSet<String> {
    app.saw("connected").await;
    let mut heard = BTreeSet::new();
    let mut has_joined = false;
    while heard.len() < count || !has_joined {
        let event = app.event().await;
        match event["event"].as_str().unwrap() {
            "visitor_request" => _ = heard.insert(event["data"]["visitor_id"].as_str().unwrap().to_owned()),
            "room_joined" => has_joined = true,
            other => panic!("{other}: {event}"),
        }
    }
    heard
}

fn node(version: &'static str) -> impl Fn(&Actor, Value) -> Client {
    move |actor, mut options| {
        options["client"] = json!(version);
        Client::app_with(actor, "flat", FLAT_101, options)
    }
}

#[tokio::test]
async fn socket_io_client_4_8_notices_a_dead_connection() {
    comes_back(node("socket.io-client")).await;
}

#[tokio::test]
async fn socket_io_client_4_0_notices_a_dead_connection() {
    comes_back(node("socket.io-client-4.0")).await;
}

#[tokio::test]
async fn socket_io_client_3_1_notices_a_dead_connection() {
    comes_back(node("socket.io-client-3.1")).await;
}

#[tokio::test]
async fn python_socketio_notices_a_dead_connection() {
    comes_back(|actor, options| Client::python(actor, "flat", FLAT_101, options)).await;
}

/// The guide's clients ask by themselves: an app that comes to the front knows within ten seconds that its network has
/// died, in both protocols, and is told what it missed.
#[tokio::test]
async fn the_guides_clients_notice_a_dead_connection() {
    let world = World::open().await;
    let line = Line::to(&world.stack).await;
    let mut apps = ["socket_io", "websocket"].map(|protocol| {
        let urls = json!({"url": line.url("http"), "websocket_url": format!("{}/ws", line.url("ws"))});
        Client::guide(&world.resident, protocol, ("flat", FLAT_101), urls)
    });
    for app in &mut apps {
        app.saw("stale").await;
    }
    line.go_silent();
    let missed = world.log_visitor().await;
    for app in &mut apps {
        app.tell("check").await;
        app.saw("did check").await;
    }
    for app in &mut apps {
        assert_eq!(app.saw("visitor_request").await["visitor_id"], missed.to_string());
    }
}
