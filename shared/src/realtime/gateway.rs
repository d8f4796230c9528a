//! `@connections`: sending to a connection, and closing it.

use aws_sdk_apigatewaymanagement::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
};

use super::aws::{self, Clients};
use crate::config::RealtimeConfig;

/// The gateway's side of all connections.
#[derive(Clone)]
pub struct Gateway {
    client: aws_sdk_apigatewaymanagement::Client,
}

/// What became of a call about one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The gateway took it. That is not delivery: the way to the client may just be breaking.
    Accepted,
    /// There is no such connection any more, or not yet.
    Gone,
    /// It was refused, or not answered in time; it may have been sent all the same.
    Failed,
}

impl Gateway {
    /// The gateway that the configuration names. Nothing is opened yet.
    pub fn start(config: &RealtimeConfig) -> Self {
        Self::of(&Clients::new(config))
    }

    pub(super) fn of(clients: &Clients) -> Self {
        Self { client: clients.gateway.clone() }
    }

    /// Opens the way ahead of the first push, since TLS costs a cold start most of its time.
    pub async fn warm(&self) {
        // Whatever the gateway says of a connection that is not there, the way to it is open.
        let _ = self.client.get_connection().connection_id("none").send().await;
    }

    /// Sends a frame to a connection.
    pub async fn post(&self, connection_id: &str, frame: &str) -> Posted {
        let post = self.client.post_to_connection().connection_id(connection_id);
        outcome(post.data(Blob::new(frame)).send().await, connection_id, "a post to a connection failed")
    }

    /// Closes a connection.
    pub async fn hang_up(&self, connection_id: &str) -> Posted {
        let call = self.client.delete_connection().connection_id(connection_id);
        outcome(call.send().await, connection_id, "a connection could not be closed")
    }
}

fn outcome<T, E: ProvideErrorMetadata>(
    result: Result<T, SdkError<E, aws_sdk_apigatewaymanagement::config::http::HttpResponse>>,
    connection_id: &str,
    failure: &'static str,
) -> Posted {
    match result {
        Ok(_) => Posted::Accepted,
        Err(error) if is_gone(&error) => Posted::Gone,
        Err(error) => {
            tracing::warn!(connection_id, cause = aws::cause(&error), failure);
            Posted::Failed
        }
    }
}

/// 410: closed, or not open yet (API Gateway: "Use @connections commands in your backend service").
fn is_gone<E>(error: &SdkError<E, aws_sdk_apigatewaymanagement::config::http::HttpResponse>) -> bool {
    error.raw_response().is_some_and(|response| response.status().as_u16() == 410)
}
