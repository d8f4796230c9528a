//! Someone with a phone in their hand.

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use super::Socket;

/// A caller: their token, and the API they talk to.
#[derive(Clone)]
pub struct Actor {
    pub http: reqwest::Client,
    pub base_url: String,
    pub websocket_url: String,
    pub token: String,
    /// Their id in the `users` table; nil for one who has never called.
    pub user_id: uuid::Uuid,
}

impl Actor {
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body), None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body), None).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, None).await
    }

    /// A call of any method, with an idempotency key where there is one.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Reply {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base_url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { call: format!("{method} {path}"), status, headers, body }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// Opens a WebSocket with their token; a refusal is its HTTP status.
    pub async fn try_connect(&self) -> Result<Socket, u16> {
        Socket::open(&self.websocket_url, &self.token).await
    }

    /// Opens a WebSocket with their token.
    pub async fn connect(&self) -> Socket {
        self.try_connect().await.unwrap_or_else(|status| panic!("refused: {status}"))
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub call: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The body of an answer with this status; any other fails the test with what came instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {}", self.call, self.body);
        self.body
    }

    /// `data` of an answer with this status.
    #[track_caller]
    pub fn data(self, status: u16) -> Value {
        self.expect(status)["data"].take()
    }

    /// Fails unless this is a refusal of this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let call = self.call.clone();
        let body = self.expect(status);
        assert_eq!(body["error_code"], code, "{call} answered {body}");
        assert_eq!(body["success"], false, "{call} answered {body}");
        body
    }
}
