//! The janitor on Lambda.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let serve = |janitor: janitor::Janitor| {
        run(service_fn(move |event: LambdaEvent<_>| {
            let janitor = janitor.clone();
            async move { janitor.handle(event).await }
        }))
    };
    shared::lambda::run(janitor::start, serve).await
}
