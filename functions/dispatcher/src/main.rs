//! The dispatcher on Lambda.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let serve = |dispatcher: dispatcher::Dispatcher| {
        run(service_fn(move |event: LambdaEvent<_>| {
            let dispatcher = dispatcher.clone();
            async move { dispatcher.handle(event).await }
        }))
    };
    shared::lambda::run(dispatcher::start, serve).await
}
