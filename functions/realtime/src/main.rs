//! The WebSocket function on Lambda.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let serve = |realtime: realtime::Realtime| {
        run(service_fn(move |event: LambdaEvent<_>| {
            let realtime = realtime.clone();
            async move { realtime.handle(event).await }
        }))
    };
    shared::lambda::run(realtime::start, serve).await
}
