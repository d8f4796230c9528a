//! One environment of a function: it serves one event at a time.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use axum::Router;
use lambda_runtime::{Context, LambdaEvent};
use shared::http::HttpEvent;

/// What a function's `start` gave.
pub(super) enum Environment {
    /// A function of the HTTP API.
    Http(Router),
    /// The function of the WebSocket API.
    Realtime(realtime::Realtime),
    /// The function that others invoke.
    Dispatcher(Box<dispatcher::Dispatcher>),
    /// The function that a schedule calls.
    Janitor(janitor::Janitor),
    /// The function that a deployment calls.
    Migrator(Box<migrator::Migrator>),
}

/// Why an event was not served.
pub(super) enum Failed {
    /// The event is no JSON, which the Lambda service refuses.
    NoJson,
    /// The function does not understand the event, or failed.
    Event(String),
}

impl Environment {
    /// Serves an event as the function's `main.rs` does under the Lambda runtime.
    pub(super) async fn serve(&self, event: String, context: Context) -> Result<String, Failed> {
        match self {
            Self::Http(router) => {
                let event: HttpEvent = read(&event)?;
                write(&shared::http::answer(router.clone(), LambdaEvent::new(event, context)).await)
            }
            Self::Realtime(realtime) => {
                let event: ApiGatewayWebsocketProxyRequest = read(&event)?;
                let response = realtime.handle(LambdaEvent::new(event, context)).await;
                write(&response.map_err(|error| Failed::Event(error.to_string()))?)
            }
            Self::Dispatcher(dispatcher) => {
                let done = dispatcher.handle(LambdaEvent::new(read(&event)?, context)).await;
                write(&done.map_err(|error| Failed::Event(error.to_string()))?)
            }
            Self::Migrator(migrator) => {
                let done = migrator.handle(LambdaEvent::new(read(&event)?, context)).await;
                write(&done.map_err(|error| Failed::Event(error.to_string()))?)
            }
            Self::Janitor(janitor) => {
                let done = janitor.handle(LambdaEvent::new(read(&event)?, context)).await;
                write(&done.map_err(|error| Failed::Event(error.to_string()))?)
            }
        }
    }
}

/// An event as the runtime reads it, from its text.
fn read<T: serde::de::DeserializeOwned>(event: &str) -> Result<T, Failed> {
    serde_json::from_str(event).map_err(|error| {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(event).is_ok();
        if is_json { Failed::Event(error.to_string()) } else { Failed::NoJson }
    })
}

fn write(response: &impl serde::Serialize) -> Result<String, Failed> {
    serde_json::to_string(response).map_err(|error| Failed::Event(error.to_string()))
}
