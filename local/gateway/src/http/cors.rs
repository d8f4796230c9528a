//! CORS as the HTTP API does it: once it is configured the gateway answers every preflight itself,
//! and what functions say about it is ignored (API Gateway, "Configuring CORS for an HTTP API").

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use template::Cors;

/// The answer to a preflight.
pub(super) fn preflight(cors: &Cors, origin: Option<&HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    finish(cors, origin, headers);
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods.join(","));
        put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers.join(",").to_lowercase());
        if let Some(seconds) = cors.max_age {
            put(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
    }
    response
}

/// Puts the configured headers, and no others, on an answer to a browser.
pub(super) fn finish(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let of_function: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in of_function {
        headers.remove(name);
    }
    let Some(origin) = origin else { return };
    let allowed = if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        HeaderValue::from_static("*")
    } else if cors.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        origin.clone()
    } else {
        return;
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if cors.allow_credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if !cors.expose_headers.is_empty() {
        put(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(",").to_lowercase());
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_says_about_cors_is_replaced() {
        let cors = Cors { allow_origins: vec!["https://a.example".to_owned()], ..Cors::default() };
        let mut headers = HeaderMap::new();
        put(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        finish(&cors, Some(&HeaderValue::from_static("https://b.example")), &mut headers);
        assert!(headers.is_empty());
        finish(&cors, Some(&HeaderValue::from_static("https://a.example")), &mut headers);
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
    }
}
