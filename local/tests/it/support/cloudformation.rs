//! CloudFormation, as far as a custom resource meets it: it asks, and has the answer put to an address.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tasks::events::{RESPONSE_URL, migrations};

pub struct CloudFormation {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

/// One answer.
#[derive(Debug)]
pub struct Told {
    pub method: Method,
    pub headers: HeaderMap,
    pub answer: Value,
}

#[derive(Default)]
struct Seen {
    refusals: usize,
    told: Vec<Told>,
}

impl CloudFormation {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=5ec2e7", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let router = Router::new().fallback(take).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, seen }
    }

    /// The event with which it asks.
    pub fn request(&self, kind: &str) -> String {
        migrations(kind).to_string().replace(RESPONSE_URL, &self.url)
    }

    /// Refuses the next answer.
    pub fn refuse_one(&self) {
        self.seen.lock().unwrap().refusals = 1;
    }

    /// What it was told since the last call of this.
    pub fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut self.seen.lock().unwrap().told)
    }
}

async fn take(
    State(seen): State<Arc<Mutex<Seen>>>,
    method: Method,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let mut seen = seen.lock().unwrap();
    if seen.refusals > 0 {
        seen.refusals -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    seen.told.push(Told { method, headers, answer: serde_json::from_str(&body).unwrap() });
    StatusCode::OK
}
