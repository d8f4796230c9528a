//! The janitor on Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{config::Env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut env = Env::process();
    telemetry::start(&mut env);
    let janitor = janitor::start(env).await?;
    let handle = |event: LambdaEvent<_>| {
        let janitor = janitor.clone();
        async move { janitor.handle(event).await }
    };
    lambda_runtime::run(service_fn(handle)).await
}
