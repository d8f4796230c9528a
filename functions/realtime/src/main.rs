//! The WebSocket function on Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{config::Env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut env = Env::process();
    telemetry::start(&mut env);
    let realtime = realtime::start(env).await?;
    let handle = |event: LambdaEvent<_>| {
        let realtime = realtime.clone();
        async move { realtime.handle(event).await }
    };
    lambda_runtime::run(service_fn(handle)).await
}
