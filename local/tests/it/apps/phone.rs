//! An app as the network sees it: Dio 5 on dart:io for calls, socket_io_client 2.0 for events.

use std::{collections::BTreeSet, fmt::Display, sync::Mutex};

use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::dart::{Reads, read};
use crate::support::{Actor, Socket, World};

/// Which app it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    Guard,
    Resident,
}

/// A call that an app makes, by the name of the place in its source.
pub type Call = &'static str;

/// An app on someone's phone.
pub struct Phone<'a> {
    app: App,
    world: &'a World,
    who: &'a Actor,
    /// What it can do, and what of it was done.
    inventory: &'static [Call],
    made: Mutex<BTreeSet<Call>>,
}

impl<'a> Phone<'a> {
    pub fn new(app: App, world: &'a World, who: &'a Actor, inventory: &'static [Call]) -> Self {
        Self { app, world, who, inventory, made: Mutex::default() }
    }

    /// `apiClient.get(path)`, with the query already in the path.
    pub async fn get(&self, call: Call, path: &str) -> Answer {
        self.send(call, "GET", path, None).await
    }

    /// `apiClient.post(path, data: data)`.
    pub async fn post(&self, call: Call, path: &str, data: Value) -> Answer {
        self.send(call, "POST", path, Some(data)).await
    }

    /// `apiClient.post(path)`: no body at all, and still declared as JSON.
    pub async fn post_nothing(&self, call: Call, path: &str) -> Answer {
        self.send(call, "POST", path, None).await
    }

    /// `apiClient.delete(path)`, with the data that one of them sends.
    pub async fn delete(&self, call: Call, path: &str, data: Option<Value>) -> Answer {
        self.send(call, "DELETE", path, data).await
    }

    async fn send(&self, call: Call, method: &str, path: &str, data: Option<Value>) -> Answer {
        self.note(call);
        let host = self.world.stack.base_url().strip_prefix("http://").unwrap();
        let body = data.map(|data| data.to_string().into_bytes());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/v1{}", dart_uri(path)))
            .header("user-agent", "Dart/3.5 (dart:io)")
            .header("content-type", "application/json")
            .header("accept-encoding", "gzip")
            .header("authorization", format!("Bearer {}", self.who.token))
            .header("host", host);
        if method != "GET" || body.is_some() {
            request = request.header("content-length", body.as_ref().map_or(0, Vec::len));
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default()))).unwrap();
        let stream = TokioIo::new(TcpStream::connect(host).await.unwrap());
        let (mut sender, connection) = http1::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        // Dio parses what is declared as JSON and leaves anything else a text, on which `['success']` throws.
        let declared = head.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert!(declared.is_some_and(|kind| kind.starts_with("application/json")), "{call}: {head:?}");
        assert!(!head.headers.contains_key("content-encoding"), "{call}: {head:?}");
        let body = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{call}: {error}"));
        Answer { app: self.app, call, status: head.status.as_u16(), body }
    }

    /// The app's socket, which has said hello. It listens to events of these names.
    pub async fn open_socket(&self, call: Call) -> AppSocket {
        self.note(call);
        let url = self.world.stack.base_url().replacen("http", "ws", 1);
        let mut socket = Socket::dial(format!("{url}/socket.io/?EIO=4&transport=websocket")).await.unwrap();
        let opening = socket.text().await.unwrap();
        assert!(opening.starts_with("0{"), "{opening}");
        socket.send_text(format!("40{}", json!({"token": self.who.token}))).await;
        let welcome = socket.text().await.unwrap();
        let welcome: Value = serde_json::from_str(welcome.strip_prefix("40").unwrap()).unwrap();
        assert!(welcome["sid"].is_string() && welcome["pid"].is_null(), "{welcome}");
        AppSocket { socket }
    }

    /// Hears the next event of this name and reads it as its listener does; others are dropped.
    pub async fn hear(&self, socket: &mut AppSocket, call: Call, reads: Reads) -> Value {
        self.note(call);
        let data = socket.on(call.strip_prefix("on ").unwrap()).await;
        read(&data, reads);
        data
    }

    /// Notes that a call was made, which has to be one of the app's.
    pub fn note(&self, call: Call) {
        assert!(self.inventory.contains(&call), "{call} is no call of the {:?}'s app", self.app);
        self.made.lock().unwrap().insert(call);
    }

    /// Fails unless each call of the app was made.
    pub fn has_done_everything(&self) {
        let made = self.made.lock().unwrap();
        let left: Vec<_> = self.inventory.iter().filter(|call| !made.contains(*call)).collect();
        assert!(left.is_empty(), "nobody has tried {left:#?}");
    }

    /// `DateTime.now().add(…).toIso8601String()` on a phone in the society: its clock, no offset, microseconds.
    pub async fn clock(&self, hours: i32) -> String {
        let now = "SELECT to_char(now() AT TIME ZONE 'Asia/Kolkata' + make_interval(hours => $1), 'YYYY-MM-DD\"T\"HH24:MI:SS.US')";
        self.world.db.query_one(now, &[&hours]).await.unwrap().get(0)
    }

    /// Fails unless a time that was answered is so many hours from now.
    pub async fn is_in_hours(&self, answered: &Value, hours: i32) {
        let close = "SELECT abs(extract(epoch FROM $1::text::timestamptz - now() - make_interval(hours => $2))) < 120";
        let answered = answered.as_str().unwrap();
        let close: bool = self.world.db.query_one(close, &[&answered, &hours]).await.unwrap().get(0);
        assert!(close, "{answered} is not in {hours} hours");
    }
}

/// Milliseconds as in `'guard_${DateTime.now().millisecondsSinceEpoch}'`.
pub fn milliseconds() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
}

/// `Uri.parse`, which encodes what may not stand in a URI as it is.
fn dart_uri(path: &str) -> String {
    let encode = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_string(),
        _ if "-._~:/?#[]@!$&'()*+,;=%".contains(c) => c.to_string(),
        _ => percent_encoding::utf8_percent_encode(
            c.encode_utf8(&mut [0; 4]),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .to_string(),
    };
    let uri: String = path.chars().map(encode).collect();
    // A fragment stays on the phone.
    uri.split('#').next().unwrap().to_owned()
}

/// What came back, as Dio hands it over.
#[derive(Debug)]
pub struct Answer {
    app: App,
    call: Call,
    status: u16,
    body: Value,
}

impl Answer {
    /// The whole body, where `response.data['success'] == true`.
    #[track_caller]
    pub fn succeeded(self) -> Value {
        let Self { call, status, body, .. } = self;
        assert!(
            (200..300).contains(&status) && body["success"] == true,
            "{call} is answered {status} {body}"
        );
        body
    }

    /// `response.data['data']`.
    #[track_caller]
    pub fn data(self) -> Value {
        self.succeeded()["data"].take()
    }

    /// What the app shows of a refusal, by the rules of its `_handleError`.
    #[track_caller]
    pub fn shown(self) -> String {
        let Self { app, call, status, body } = self;
        assert!(status >= 300, "{call} is answered {status} {body}");
        let sentence = body["error"].as_str().unwrap_or_else(|| panic!("{call}: {body}"));
        match (app, status) {
            (App::Resident, 401 | 403 | 404 | 500..) => format!("{status}"),
            _ => format!("Error {status}: {sentence}"),
        }
    }
}

/// A connection of socket_io_client. Events that nobody listens to are dropped, as there.
pub struct AppSocket {
    socket: Socket,
}

impl AppSocket {
    /// `emit(name, data)`, without an acknowledgement.
    pub async fn emit(&mut self, name: &str, data: Value) {
        self.socket.send_text(format!("42{}", json!([name, data]))).await;
    }

    /// What the guard's app sends after each connect.
    pub async fn join_society(&mut self, society: Uuid, user: impl Display) -> Vec<(String, Value)> {
        let room = json!({"room_type": "society", "room_id": society, "user_id": user.to_string()});
        self.emit("join_room", room).await;
        self.told_until("room_joined").await
    }

    /// What the resident's app sends, once.
    pub async fn join_flat(&mut self, flat: Uuid) -> Vec<(String, Value)> {
        self.emit("join_room", json!({"room_type": "flat", "room_id": flat})).await;
        self.told_until("room_joined").await
    }

    /// Everything up to the next event of this name, which is left out.
    pub async fn told_until(&mut self, name: &str) -> Vec<(String, Value)> {
        let mut told = Vec::new();
        loop {
            let (event, data) = self.next().await;
            if event == name {
                return told;
            }
            told.push((event, data));
        }
    }

    /// The payload of the next event of this name.
    async fn on(&mut self, name: &str) -> Value {
        loop {
            let (event, data) = self.next().await;
            if event == name {
                return data;
            }
        }
    }

    async fn next(&mut self) -> (String, Value) {
        loop {
            let packet = self.socket.text().await.expect("the connection is open");
            if packet == "2" {
                self.socket.send_text("3").await;
                continue;
            }
            let Some(event) = packet.strip_prefix("42") else { panic!("what is {packet}?") };
            // The client hands over one argument, which the apps cast to a map.
            let [name, data]: [Value; 2] = serde_json::from_str(event).unwrap();
            assert!(data.is_object(), "{packet}");
            return (name.as_str().unwrap().to_owned(), data);
        }
    }
}
