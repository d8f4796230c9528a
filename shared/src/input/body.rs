use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    response::IntoResponse,
};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Fields, FromField, FromFields, Problem, ProblemCode};
use crate::{digest::sha256, error::ApiError};

/// Characters an idempotency key may have.
const MAX_KEY: usize = 200;

/// How a key begins that was made here (the SQL function `is_made`); no caller's has a control character.
const MADE: char = '\u{1}';

/// A validated JSON body, and the key under which the write may be repeated.
pub struct Body<T> {
    /// What was sent.
    pub input: T,
    /// The write's idempotency key.
    pub key: IdempotencyKey,
}

/// A request without fields of its own.
#[derive(ToSchema, FromFields)]
pub struct NoInput {}

/// What makes two requests the same one: method, path, the caller's key, and a digest of the payload.
pub struct IdempotencyKey {
    /// The method.
    pub method: String,
    /// The path, in lower case since ids may come in any.
    pub path: String,
    /// The key, from the header or else from the body; without one nothing is remembered.
    pub key: Option<String>,
    /// SHA-256 of the body's canonical JSON without the key.
    pub payload: [u8; 32],
}

impl IdempotencyKey {
    /// The same, with a key of its own where the caller gave none: made from what makes two requests the same one, so that
    /// a repetition by somebody who was not answered finds the first. No caller can give such a key.
    pub fn or_made(mut self) -> Self {
        self.key.get_or_insert_with(|| {
            let digits = self.payload.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
            std::iter::once(MADE).chain(digits).collect()
        });
        self
    }

    /// Whether the caller gave none.
    pub(crate) fn is_made(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.starts_with(MADE))
    }
}

impl<S: Send + Sync, T: FromFields> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let method = request.method().to_string();
        let path = request.uri().path().to_lowercase();
        let headers = request.headers().clone();
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        let mut values = parse_object(&headers, &bytes)?;
        let mut problems = Vec::new();
        let key = idempotency_key(&headers, &mut values).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let input = Fields::read(&values);
        match input {
            Ok(input) if problems.is_empty() => {
                let payload = sha256(Value::Object(values).to_string());
                Ok(Self { input, key: IdempotencyKey { method, path, key, payload } })
            }
            Ok(_) => Err(ApiError::Invalid(problems)),
            Err(more) => {
                problems.extend(more);
                Err(ApiError::Invalid(problems))
            }
        }
    }
}

/// The body as an object; no body at all is an empty object.
fn parse_object(headers: &HeaderMap, bytes: &Bytes) -> Result<Map<String, Value>, ApiError> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    if !is_json(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    if !is_plain_utf8(headers) {
        return Err(ApiError::UnsupportedEncoding);
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(_) => Err(ApiError::MalformedJson("it must be a JSON object".into())),
        Err(problem) => Err(ApiError::MalformedJson(format!(
            "it is not valid JSON at line {}, column {}",
            problem.line(),
            problem.column()
        ))),
    }
}

/// Whether the content type is JSON (`application/json`, or a `+json` suffix, RFC 6839).
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether the body is not compressed (RFC 9110, section 8.4), nor in another character set than JSON's (RFC 8259,
/// section 8.1).
fn is_plain_utf8(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).into_iter();
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    codings.all(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
        && parameters.all(|(name, value)| {
            let value = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset")
                || ["utf-8", "utf8", "us-ascii"].iter().any(|known| value.eq_ignore_ascii_case(known))
        })
}

/// Takes the key out of the header or the body; the header counts more.
fn idempotency_key(headers: &HeaderMap, values: &mut Map<String, Value>) -> Result<Option<String>, Problem> {
    let in_body = values.remove("idempotency_key").filter(|value| !value.is_null());
    let in_body = in_body.map(|value| String::from_field(&value)).transpose();
    let in_header = headers.get("idempotency-key");
    let in_header = in_header.map(|header| String::from_utf8_lossy(header.as_bytes()).into_owned());
    let keys = in_body.and_then(|in_body| {
        Ok((in_header.map(valid_key).transpose()?.flatten(), in_body.map(valid_key).transpose()?.flatten()))
    });
    let (in_header, in_body) = keys.map_err(|problem| problem.of("idempotency_key"))?;
    Ok(in_header.or(in_body))
}

/// A key without the blanks around it; none where there is nothing else.
fn valid_key(key: String) -> Result<Option<String>, Problem> {
    let key = key.trim();
    if key.chars().count() > MAX_KEY || key.chars().any(char::is_control) {
        let text = format!("must be at most {MAX_KEY} printable characters");
        return Err(Problem::new(ProblemCode::TooLong, text));
    }
    Ok(Some(key.to_owned()).filter(|key| !key.is_empty()))
}

/// A body that could not be read: over the limit, or cut off.
fn unreadable(rejection: BytesRejection) -> ApiError {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::BodyTooLarge
    } else {
        ApiError::MalformedJson("it broke off".into())
    }
}
