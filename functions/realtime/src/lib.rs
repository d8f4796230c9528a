//! The WebSocket API: who connects, which rooms they join, and that they left.
//!
//! Routes are `$connect`, `$default` and `$disconnect`; what a client wants stands in the message. The
//! identity of a connection is the one of the token it was let in with; no message can change it.
//! What the frames look like is the business of [`shared::realtime::Protocol`] alone. Whatever a client
//! sends, nothing here fails towards the gateway, which would tell the client of it in a format of its
//! own.

mod answer;
mod connect;
mod disconnect;
mod hello;
mod join_room;
mod leave_room;
mod message;
mod ping;

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use futures_util::FutureExt;
use lambda_runtime::{Error, LambdaEvent};
use shared::{
    App, StartError,
    auth::{Counting, RequestMeta},
    config::{AppConfig, CallingConfig, Env},
    http::ApiError,
    realtime::{Connections, DispatcherClient, Gateway, Protocol, Pusher},
};

use answer::{Answer, refuse, say};
use message::refuse_message;

/// How long one event may take; the gateway gives up after 29 s (API Gateway quotas for WebSocket APIs).
const TIMEOUT: Duration = Duration::from_secs(20);

/// Reads the configuration and opens what every event needs. A store that is down now is left to the
/// first event.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Realtime, StartError> {
    let app = AppConfig::read(&mut env);
    let calling = CallingConfig::read(&mut env);
    env.finish()?;
    let pusher = Pusher::start(&calling.realtime);
    let (app, ()) = tokio::join!(App::start(app), pusher.warm());
    Ok(Realtime { app: app?, pusher, dispatcher: DispatcherClient::start(&calling) })
}

/// What every event of the WebSocket API needs.
#[derive(Clone)]
pub struct Realtime {
    app: App,
    pusher: Pusher,
    dispatcher: DispatcherClient,
}

/// The connection an event belongs to, as the gateway names it.
struct Source {
    connection_id: String,
    /// Milliseconds since 1970.
    connected_at: i64,
    request_id: String,
    ip: String,
}

impl Source {
    /// The same as a caller of the API has it.
    fn meta(&self, counting: Counting) -> RequestMeta {
        let (ip, request_id) = (self.ip.clone(), self.request_id.clone());
        RequestMeta { ip, request_id, trace_id: None, counting }
    }
}

impl Realtime {
    fn connections(&self) -> &Connections {
        self.pusher.connections()
    }

    fn gateway(&self) -> &Gateway {
        self.pusher.gateway()
    }

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
            Ok(Err(_)) => {
                failed(route, ApiError::Unavailable("the event took too long".into()), &source, &request)
            }
            Err(_) => failed(route, ApiError::Internal("panic".into()), &source, &request),
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
            Route::Message => say(self.answer_message(source, text(request)).await),
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
}

/// What a client sent; a frame that is not text has none.
fn text(request: &ApiGatewayWebsocketProxyRequest) -> &str {
    request.body.as_deref().filter(|_| !request.is_base64_encoded).unwrap_or_default()
}

/// The answer where serving broke off.
fn failed(
    route: Route,
    error: ApiError,
    source: &Source,
    request: &ApiGatewayWebsocketProxyRequest,
) -> ApiGatewayProxyResponse {
    match route {
        Route::Connect => refuse(error, &source.request_id),
        Route::Message => {
            let answer = Answer::failed(&error, &source.request_id);
            say(refuse_message(Protocol::guess(text(request)), text(request), &answer))
        }
        Route::Disconnect => answer::empty(),
    }
}
