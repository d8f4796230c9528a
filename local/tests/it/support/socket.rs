//! A WebSocket as an app holds it.

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{error::Elapsed, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::PATIENCE;

/// A connection, and the events it was sent while something else was awaited.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
}

impl Socket {
    /// Connects with the token in the query; a refusal is its HTTP status.
    pub async fn open(url: &str, token: &str) -> Result<Self, u16> {
        Self::dial(format!("{url}?token={token}")).await
    }

    /// Connects with a request of any kind.
    pub async fn dial(request: impl IntoClientRequest) -> Result<Self, u16> {
        let request = request.into_client_request().unwrap();
        match timeout(PATIENCE, connect_async(request)).await.expect("the gateway never answered") {
            Ok((stream, _)) => Ok(Self { stream, waiting: VecDeque::new() }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the connection failed: {error}"),
        }
    }

    /// Sends a text frame as it is.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    /// Joins a room with the last event that is known, and answers what `room_joined` said.
    pub async fn join_since(
        &mut self,
        room_type: &str,
        room_id: impl std::fmt::Display,
        since: i64,
    ) -> Value {
        let room_id = room_id.to_string();
        self.send(json!({"action": "join_room", "room_type": room_type, "room_id": room_id, "since": since}))
            .await;
        self.event("room_joined").await
    }

    /// Joins a room and answers what `room_joined` said.
    pub async fn join(&mut self, room_type: &str, room_id: impl std::fmt::Display) -> Value {
        self.send(json!({"action": "join_room", "room_type": room_type, "room_id": room_id.to_string()}))
            .await;
        self.event("room_joined").await
    }

    /// The next event of this name; others are kept for later.
    pub async fn event(&mut self, name: &str) -> Value {
        if let Some(place) = self.waiting.iter().position(|frame| frame["event"] == name) {
            return self.waiting.remove(place).unwrap();
        }
        loop {
            let frame = self.frame().await.unwrap_or_else(|| panic!("closed while waiting for {name}"));
            if frame["event"] == name {
                return frame;
            }
            self.waiting.push_back(frame);
        }
    }

    /// Everything that was sent before now and not asked for: what comes ahead of the answer to a ping.
    pub async fn heard(&mut self) -> Vec<Value> {
        self.send(json!({"action": "ping"})).await;
        let pong = self.event("pong").await;
        assert_eq!(pong["event"], "pong");
        self.waiting.drain(..).collect()
    }

    /// The next frame; `None` once the connection is closed.
    pub async fn frame(&mut self) -> Option<Value> {
        let text = self.text().await?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// The next frame as it is; `None` once the connection is closed.
    pub async fn text(&mut self) -> Option<String> {
        self.text_within(PATIENCE).await
    }

    /// As [`Socket::text`], for one that takes its time.
    pub async fn text_within(&mut self, patience: Duration) -> Option<String> {
        self.try_text(patience).await.expect("nothing came in time")
    }

    /// As [`Socket::text`], where it may be that nothing comes.
    pub async fn try_text(&mut self, patience: Duration) -> Result<Option<String>, Elapsed> {
        loop {
            match timeout(patience, self.stream.next()).await? {
                Some(Ok(Message::Text(text))) => return Ok(Some(text.to_string())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(_)) => {}
            }
        }
    }

    /// Closes the connection as a client does that leaves.
    pub async fn close(&mut self) {
        let _ = self.stream.close(None).await;
    }

    /// Sends a message; false where the connection is closed.
    pub async fn try_send(&mut self, message: Value) -> bool {
        self.stream.send(Message::text(message.to_string())).await.is_ok()
    }
}
