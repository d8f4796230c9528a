//! What runs every function on Lambda.

use std::future::{Future, ready};

use lambda_runtime::{Error, spawn_graceful_shutdown_handler};

use crate::{StartError, config::Env, telemetry};

/// Starts a function and has it served until Lambda ends its environment: log, configuration, state,
/// events.
///
/// The handler of SIGTERM ends the process, which closes the connection to the database. Without one
/// Lambda stops the process as it is, and the database's proxy keeps the connection
/// (docs/decisions/019).
pub async fn run<S, F, G>(start: impl FnOnce(Env) -> F, serve: impl FnOnce(S) -> G) -> Result<(), Error>
where
    F: Future<Output = Result<S, StartError>>,
    G: Future<Output = Result<(), Error>>,
{
    let mut env = Env::process();
    telemetry::start(&mut env);
    let (started, ()) = tokio::join!(start(env), spawn_graceful_shutdown_handler(|| ready(())));
    serve(started?).await
}
