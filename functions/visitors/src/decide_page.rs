//! The page behind a decision link. It is the same for everybody: what it shows it asks for by the token behind
//! `#`, and looking at it, as a messenger's preview does, answers nothing.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header::CONTENT_SECURITY_POLICY},
    response::Html,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use shared::{digest::sha256, http::ApiError};

const STYLE: &str = include_str!("decide_page.css");
const SCRIPT: &str = include_str!("decide_page.js");

static PAGE: LazyLock<String> =
    LazyLock::new(|| include_str!("decide_page.html").replace("{style}", STYLE).replace("{script}", SCRIPT));

/// Nothing runs but the page's own script, which talks to this host alone (CSP Level 3, section 2.3.1).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(sha256(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// Answers the page behind a link, on which a resident without the app answers.
///
/// **Permissions:** anyone; the page holds nothing but what its link's token is answered.
#[utoipa::path(get, path = "/v1/decide", security(()),
    responses((status = 200, content_type = "text/html", body = String, example = "<!doctype html>…")))]
pub(crate) async fn show_decide_page()
-> Result<([(HeaderName, HeaderValue); 1], Html<&'static str>), ApiError> {
    let policy = HeaderValue::from_str(&POLICY).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(&PAGE)))
}
