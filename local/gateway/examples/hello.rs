//! One function behind both APIs: `cargo run -p gateway --example hello`, then `curl http://127.0.0.1:3000/hello/you`,
//! or a WebSocket client at `ws://127.0.0.1:3000/ws`.

use std::{collections::HashMap, error::Error, sync::Arc};

use futures_util::future::BoxFuture;
use gateway::{
    Context, Environment, Failed, Functions, Gateway, Host, Lambda, NoFaults, Options, WebSocketLimits,
    read_event, template::Setting, template::Template, write_answer,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the function is deployed with.
const TEMPLATE: &str = include_str!("hello.yaml");

#[tokio::main]
#[allow(dead_code, reason = "a test includes this file as a module")]
async fn main() -> Result<(), Box<dyn Error>> {
    serve(TcpListener::bind("127.0.0.1:3000").await?).await
}

/// Serves the template until the runtime ends.
pub async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let template = Template::parse(TEMPLATE)?;
    let deployed = template.functions.iter().map(|function| {
        let variables = function.variables.iter().filter_map(|(name, setting)| match setting {
            Setting::Literal(value) => Some((name.clone(), value.clone())),
            Setting::Reference(_) | Setting::Computed => None,
        });
        (function.clone(), variables.collect())
    });
    let region = "eu-central-1".to_owned();
    let functions = Functions { deployed: deployed.collect(), region, faults: Arc::new(NoFaults) };
    let options = Options {
        domain: listener.local_addr()?.to_string(),
        websocket_paths: vec!["/ws".to_owned()],
        limits: WebSocketLimits::default(),
    };
    let lambda = Lambda::in_process(functions, Arc::new(OneFunction))?;
    Arc::new(Gateway::new(template, lambda, options)).serve(listener).await;
    Ok(())
}

/// Knows one function, `hello`.
struct OneFunction;

impl Host for OneFunction {
    fn contains(&self, function: &str) -> bool {
        function == "hello"
    }

    fn start<'a>(
        &'a self,
        _: &'a str,
        variables: &'a HashMap<String, String>,
    ) -> BoxFuture<'a, Result<Box<dyn Environment>, String>> {
        Box::pin(async {
            let greeting = variables.get("GREETING").ok_or("GREETING is missing")?.clone();
            Ok(Box::new(Hello { greeting }) as Box<dyn Environment>)
        })
    }
}

/// What the function keeps from one event to the next.
struct Hello {
    greeting: String,
}

impl Environment for Hello {
    fn serve(&self, event: String, _: Context) -> BoxFuture<'_, Result<String, Failed>> {
        Box::pin(async move {
            let event: Value = read_event(&event)?;
            let name = event["pathParameters"]["name"].as_str().or(event["body"].as_str());
            let text = format!("{}, {}!", self.greeting, name.unwrap_or("world"));
            write_answer(&json!({"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": text}))
        })
    }
}
