//! What a browser is shown: at `/` a guard's desk beside a resident's phone.

use axum::{
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use gateway::said;

/// Pages that others add: the media type and the content of a path, where it is one of them.
pub type Pages = fn(&str) -> Option<(&'static str, &'static str)>;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What the page at `/` may load and call: its own files and this gateway.
const OWN_ALONE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; img-src data:; \
                         base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! file {
    ($kind:expr, $name:literal) => {
        ($kind, include_str!(concat!("../../assets/page/", $name)))
    };
}

/// The answer, where `path` is one of a page.
pub(super) fn answer(method: &Method, path: &str, more: Option<Pages>) -> Option<Response> {
    let (kind, content) = match path {
        "/" => file!(HTML, "index.html"),
        "/_local/page/page.css" => file!("text/css; charset=utf-8", "page.css"),
        "/_local/page/admin.js" => file!(SCRIPT, "admin.js"),
        "/_local/page/api.js" => file!(SCRIPT, "api.js"),
        "/_local/page/desk.js" => file!(SCRIPT, "desk.js"),
        "/_local/page/elements.js" => file!(SCRIPT, "elements.js"),
        "/_local/page/forms.js" => file!(SCRIPT, "forms.js"),
        "/_local/page/guide.js" => (SCRIPT, include_str!("../../../../docs/snippets/javascript/api.mjs")),
        "/_local/page/page.js" => file!(SCRIPT, "page.js"),
        "/_local/page/phone.js" => file!(SCRIPT, "phone.js"),
        "/_local/page/room.js" => (SCRIPT, include_str!("../../../../docs/snippets/javascript/room.mjs")),
        "/_local/page/socket.js" => file!(SCRIPT, "socket.js"),
        "/_local/page/stream.js" => file!(SCRIPT, "stream.js"),
        other => more?(other)?,
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Some(said(StatusCode::METHOD_NOT_ALLOWED, "Only GET is possible here"));
    }
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
    let mut response = (headers, content).into_response();
    if path == "/" {
        let policy = header::HeaderValue::from_static(OWN_ALONE);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Some(response)
}
