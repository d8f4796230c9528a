//! `/docs` and `/openapi.json`: the API reference, and a page to read and try it.

use std::sync::LazyLock;

use axum::{
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::said;
use crate::openapi;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::text(&openapi::document()));

/// The answer, where `path` is one of the two.
pub(super) fn answer(method: &Method, path: &str) -> Option<Response> {
    let (kind, content) = match path {
        "/docs" | "/docs/" => ("text/html; charset=utf-8", openapi::PAGE),
        "/openapi.json" => ("application/json", DOCUMENT.as_str()),
        _ => return None,
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Some(said(StatusCode::METHOD_NOT_ALLOWED, "Only GET is possible here"));
    }
    Some(([(header::CONTENT_TYPE, kind)], content).into_response())
}
