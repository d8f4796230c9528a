//! The WebSocket API: who connects, which rooms he joins, and that he left.
//!
//! Routes are `$connect`, `$default` and `$disconnect`; what a client wants stands in the message's
//! `action`. The identity of a connection is the one its token had at `$connect`; no message can
//! change it. Whatever a client sends, it gets a frame back: nothing here fails towards the gateway,
//! which would tell the client of it in a format of its own.

mod answer;
mod connect;
mod disconnect;
mod join_room;
mod leave_room;
mod message;

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use futures_util::FutureExt;
use lambda_runtime::{Error, LambdaEvent};
use shared::{
    App, StartError,
    config::{AppConfig, Env, RealtimeConfig},
    http::ApiError,
    realtime::Connections,
};

use answer::{Answer, refuse, say};

/// How long one event may take; the gateway gives up after 29 s (API Gateway quotas for WebSocket APIs).
const TIMEOUT: Duration = Duration::from_secs(20);

/// Reads the configuration and opens what every event needs. A store that is down now is left to the
/// first event.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Realtime, StartError> {
    let app = AppConfig::read(&mut env);
    let realtime = RealtimeConfig::read(&mut env);
    env.finish()?;
    let connections = Connections::start(&realtime);
    let (app, ()) = tokio::join!(App::start(app), connections.warm());
    Ok(Realtime { app: app?, connections })
}

/// What every event of the WebSocket API needs.
#[derive(Clone)]
pub struct Realtime {
    app: App,
    connections: Connections,
}

/// The connection an event belongs to, as the gateway names it.
struct Source {
    connection_id: String,
    /// Milliseconds since 1970.
    connected_at: i64,
    request_id: String,
    ip: String,
}

impl Realtime {
    /// Serves one event of the gateway.
    ///
    /// # Errors
    /// None; the type is the one that the Lambda runtime asks for.
    pub async fn handle(
        &self,
        event: LambdaEvent<ApiGatewayWebsocketProxyRequest>,
    ) -> Result<ApiGatewayProxyResponse, Error> {
        let started = Instant::now();
        let request = event.payload;
        let context = &request.request_context;
        let route = Route::of(context.route_key.as_deref());
        let source = Source {
            connection_id: context.connection_id.clone().unwrap_or_default(),
            connected_at: context.connected_at,
            request_id: context.request_id.clone().unwrap_or_default(),
            ip: context.identity.source_ip.clone().unwrap_or_default(),
        };
        let served = AssertUnwindSafe(tokio::time::timeout(TIMEOUT, self.serve(route, &source, &request)));
        let response = match served.catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => route.failed(ApiError::Unavailable("the event took too long".into()), &source),
            Err(_) => route.failed(ApiError::Internal("panic".into()), &source),
        };
        tracing::info!(
            request_id = source.request_id,
            route = ?route,
            status = response.status_code,
            duration_ms = started.elapsed().as_millis(),
            "event"
        );
        Ok(response)
    }

    async fn serve(
        &self,
        route: Route,
        source: &Source,
        request: &ApiGatewayWebsocketProxyRequest,
    ) -> ApiGatewayProxyResponse {
        match route {
            Route::Connect => match self.connect(source, request).await {
                Ok(response) => response,
                Err(error) => refuse(error, &source.request_id),
            },
            Route::Message => {
                let text = request.body.as_deref().filter(|_| !request.is_base64_encoded);
                say(&self.answer_message(source, text.unwrap_or_default()).await)
            }
            Route::Disconnect => {
                self.disconnect(source).await;
                answer::empty()
            }
        }
    }
}

/// What the gateway reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Connect,
    Message,
    Disconnect,
}

impl Route {
    fn of(route_key: Option<&str>) -> Self {
        match route_key {
            Some("$connect") => Self::Connect,
            Some("$disconnect") => Self::Disconnect,
            _ => Self::Message,
        }
    }

    /// The answer where serving broke off.
    fn failed(self, error: ApiError, source: &Source) -> ApiGatewayProxyResponse {
        match self {
            Self::Connect => refuse(error, &source.request_id),
            Self::Message => say(&Answer::failed(&error, &source.request_id)),
            Self::Disconnect => answer::empty(),
        }
    }
}
