//! The migrator on Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{config::Env, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut env = Env::process();
    telemetry::start(&mut env);
    let migrator = migrator::start(env).await?;
    let handle = |event: LambdaEvent<_>| {
        let migrator = migrator.clone();
        async move { migrator.handle(event).await }
    };
    lambda_runtime::run(service_fn(handle)).await
}
