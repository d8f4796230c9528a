//! An emulated table, and a gateway that records what is posted and answers as it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::post,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::{
    config::{Env, RealtimeConfig},
    realtime::{Connection, Connections, Event, Joined, Protocol, Room},
};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use uuid::Uuid;

pub const TABLE: &str = "connections";

/// Table and gateway of one test.
pub struct World {
    pub config: RealtimeConfig,
    pub connections: Connections,
    pub gateway: Gateway,
    store: aws_sdk_dynamodb::Client,
    users: Mutex<Vec<Uuid>>,
}

impl World {
    pub async fn start() -> Self {
        let gateway = Gateway::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dynamodb = listener.local_addr().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let config = config(dynamodb, gateway.address);
        let store = store(&config);
        create_table(&store).await;
        Self { connections: Connections::start(&config), config, gateway, store, users: Mutex::default() }
    }

    /// Opens a connection now and joins it to the rooms.
    pub async fn connected(&self, id: &str, rooms: &[Room]) -> Connection {
        self.connected_at(id, now_ms(), rooms).await
    }

    pub async fn connected_at(&self, id: &str, at: i64, rooms: &[Room]) -> Connection {
        self.connections.open(id, at, Some(self.new_user()), Protocol::Native).await.unwrap();
        self.joined(id, rooms).await
    }

    /// Opens a connection of this protocol, lets it in, and joins it to the rooms.
    pub async fn connected_with(&self, id: &str, protocol: Protocol, rooms: &[Room]) -> Connection {
        self.connections.open(id, now_ms(), None, protocol).await.unwrap();
        let connection = self.connections.find(id).await.unwrap().expect("it was just opened");
        assert!(self.connections.admit(&connection, self.new_user()).await.unwrap());
        self.joined(id, rooms).await
    }

    /// Everybody whose connection was opened here.
    pub fn users(&self) -> Vec<Uuid> {
        self.users.lock().unwrap().clone()
    }

    pub fn forget_user(&self, user: Uuid) {
        self.users.lock().unwrap().retain(|known| *known != user);
    }

    fn new_user(&self) -> Uuid {
        let user = Uuid::now_v7();
        self.users.lock().unwrap().push(user);
        user
    }

    async fn joined(&self, id: &str, rooms: &[Room]) -> Connection {
        let connection = self.connections.find(id).await.unwrap().expect("it was just opened");
        for room in rooms {
            assert_eq!(self.connections.join(&connection, *room).await.unwrap(), Joined::Yes);
        }
        self.connections.find(id).await.unwrap().expect("it is still open")
    }

    /// Joins so many connections to a room and returns their ids.
    pub async fn crowd(&self, size: usize, room: Room) -> Vec<String> {
        let ids: Vec<String> = (0..size).map(|number| format!("c{number}")).collect();
        let connections = stream::iter(&ids).map(|id| async move { self.connected(id, &[room]).await });
        connections.buffer_unordered(32).collect::<Vec<_>>().await;
        ids
    }

    /// The ids of a room's members, sorted.
    pub async fn members(&self, room: Room) -> Vec<String> {
        let mut ids: Vec<_> = self
            .connections
            .members(room)
            .await
            .unwrap()
            .into_iter()
            .map(|member| member.connection_id)
            .collect();
        ids.sort();
        ids
    }

    /// Every key in the table, sorted.
    pub async fn keys(&self) -> Vec<(String, String)> {
        let items = self.store.scan().table_name(TABLE).into_paginator().items().send();
        let mut keys: Vec<_> = items
            .collect::<Result<Vec<_>, _>>()
            .await
            .unwrap()
            .iter()
            .map(|item| (item["pk"].as_s().unwrap().clone(), item["sk"].as_s().unwrap().clone()))
            .collect();
        keys.sort();
        keys
    }

    /// Lets a connection's items expire as of now, as if two hours had passed.
    pub async fn expire(&self, pk: &str) {
        for (item_pk, sk) in self.keys().await.into_iter().filter(|(item_pk, _)| item_pk == pk) {
            self.store
                .update_item()
                .table_name(TABLE)
                .key("pk", AttributeValue::S(item_pk))
                .key("sk", AttributeValue::S(sk))
                .update_expression("SET expires_at = :past")
                .expression_attribute_values(":past", AttributeValue::N("1".into()))
                .send()
                .await
                .unwrap();
        }
    }
}

pub fn now_ms() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap()
}

pub fn event(room: Room, seq: i64) -> Event {
    Event {
        event: "visitor_request".into(),
        room,
        epoch: Uuid::nil(),
        seq,
        id: Uuid::now_v7(),
        data: json!({"status": "pending"}).as_object().unwrap().clone(),
        request_id: None,
        trace_id: None,
    }
}

fn config(dynamodb: SocketAddr, gateway: SocketAddr) -> RealtimeConfig {
    let mut env = Env::from_map(
        [
            ("CONNECTIONS_TABLE", TABLE.to_owned()),
            ("WEBSOCKET_API_ENDPOINT", format!("http://{gateway}/local")),
            ("AWS_REGION", "ap-south-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{dynamodb}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    );
    RealtimeConfig::read(&mut env)
}

fn store(config: &RealtimeConfig) -> aws_sdk_dynamodb::Client {
    let builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(config.region.clone()))
        .credentials_provider(aws_credential_types::Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(config.dynamodb_endpoint.as_deref().unwrap());
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

async fn create_table(store: &aws_sdk_dynamodb::Client) {
    let mut table = store.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute =
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        table = table.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
    }
    table.send().await.unwrap();
}

/// How the gateway answers posts to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Accept,
    Gone,
    TooManyRequests,
    Broken,
    Hang,
}

/// A gateway's `@connections`.
#[derive(Clone)]
pub struct Gateway {
    address: SocketAddr,
    state: Arc<Mutex<GatewayState>>,
}

#[derive(Default)]
struct GatewayState {
    behaviours: HashMap<String, Behaviour>,
    posted: Vec<(String, String)>,
    under_way: usize,
    most_under_way: usize,
    delay: Duration,
}

impl Gateway {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let routes =
            Router::new().route("/local/@connections/{id}", post(receive)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        gateway
    }

    pub fn set(&self, connection: &str, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviours.insert(connection.to_owned(), behaviour);
    }

    pub fn delay(&self, delay: Duration) {
        self.state.lock().unwrap().delay = delay;
    }

    pub fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    /// Posts that reached a connection, in order.
    pub fn posted_to(&self, connection: &str) -> Vec<Value> {
        let texts = self.texts_posted_to(connection);
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    pub fn texts_posted_to(&self, connection: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.posted.iter().filter(|(id, _)| id == connection).map(|(_, text)| text.clone()).collect()
    }
}

async fn receive(State(gateway): State<Gateway>, Path(id): Path<String>, body: Bytes) -> impl IntoResponse {
    let (behaviour, delay) = {
        let mut state = gateway.state.lock().unwrap();
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        (state.behaviours.get(&id).copied().unwrap_or(Behaviour::Accept), state.delay)
    };
    tokio::time::sleep(delay).await;
    let (status, error) = match behaviour {
        Behaviour::Accept => (StatusCode::OK, ""),
        Behaviour::Gone => (StatusCode::GONE, "GoneException"),
        Behaviour::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException"),
        Behaviour::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        Behaviour::Hang => std::future::pending().await,
    };
    let mut state = gateway.state.lock().unwrap();
    state.under_way -= 1;
    if behaviour == Behaviour::Accept {
        state.posted.push((id, String::from_utf8(body.to_vec()).unwrap()));
    }
    (status, [("x-amzn-errortype", error)])
}
