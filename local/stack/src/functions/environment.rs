//! One environment of a function: it serves one event at a time.

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use axum::Router;
use futures_util::future::BoxFuture;
use gateway::{Context, Environment, Failed, read_event as read, write_answer as write};
use lambda_runtime::LambdaEvent;
use shared::http::HttpEvent;

/// What a function's `start` gave.
pub(super) enum Started {
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

impl Environment for Started {
    fn serve(&self, event: String, context: Context) -> BoxFuture<'_, Result<String, Failed>> {
        Box::pin(self.answer(event, context))
    }
}

impl Started {
    /// Serves an event as the function's `main.rs` does under the Lambda runtime.
    async fn answer(&self, event: String, context: Context) -> Result<String, Failed> {
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
