//! What every HTTP function wraps around its routes, and what runs them on Lambda.

mod answer;
mod event;
mod layers;
mod routes;

use std::{convert::Infallible, future::Future};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use lambda_runtime::service_fn;
use tower_http::catch_panic::CatchPanicLayer;

pub use answer::{Answer, List, Scoped};
pub use event::{HttpEvent, answer};
pub use layers::with_rate;
pub use routes::{Route, Routes};

use crate::{StartError, auth::App, config::Env, lambda};
pub use crate::{
    code::ErrorCode,
    error::{ApiError, Refusal, Verification},
};

/// Largest body in bytes.
pub const MAX_BODY: usize = 100 * 1024;

/// Routes whose every request must come from a known caller.
pub fn authenticated(app: &App, routes: Router) -> Router {
    routes.route_layer(middleware::from_fn_with_state(app.clone(), layers::identify))
}

/// Finishes a function's routes: answers to unknown paths and methods, the body limit, the time
/// limit, panics as 500, security headers, and the access log.
pub fn finish(routes: Router) -> Router {
    let unknown_method = || async { ApiError::MethodNotAllowed };
    routes
        .method_not_allowed_fallback(unknown_method)
        .fallback(|| async { ApiError::NotFound("This path does not exist.") })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(middleware::from_fn(layers::observe))
}

/// Runs an HTTP function on Lambda.
pub async fn serve<F>(start: impl FnOnce(Env) -> F) -> Result<(), lambda_runtime::Error>
where
    F: Future<Output = Result<Router, StartError>>,
{
    lambda::run(start, |router| {
        lambda_runtime::run(service_fn(move |event| {
            let router = router.clone();
            async move { Ok::<_, Infallible>(answer(router, event).await) }
        }))
    })
    .await
}
