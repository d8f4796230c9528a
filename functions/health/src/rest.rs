//! What the gateway has no route for: 405 with `Allow` where the path has other methods, 404 elsewhere.

use axum::{
    Router,
    http::header::ALLOW,
    response::{IntoResponse, Response},
    routing::any,
};
use shared::http::ApiError;

/// Every path of the API with its methods, a line each. `cargo dev openapi` writes it.
const METHODS: &str = include_str!("methods.txt");

/// Adds all paths to the router but those that it has.
pub(super) fn routes(router: Router) -> Router {
    let lines = METHODS.lines().filter_map(|line| line.split_once(' '));
    lines.filter(|(path, _)| *path != "/health").fold(router, |router, (path, methods)| {
        router.route(path, any(move || async move { other_method(methods) }))
    })
}

fn other_method(methods: &'static str) -> Response {
    ([(ALLOW, methods)], ApiError::MethodNotAllowed).into_response()
}
