//! The migrator on Lambda.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let serve = |migrator: migrator::Migrator| {
        run(service_fn(move |event: LambdaEvent<_>| {
            let migrator = migrator.clone();
            async move { migrator.handle(event).await }
        }))
    };
    shared::lambda::run(migrator::start, serve).await
}
