//! What a function of the HTTP API answers, made into a response (AWS, "Lambda function response for
//! format 2.0").

use std::collections::BTreeMap;

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use crate::new_id;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response; `Err` says why the answer cannot be one.
pub(super) fn read(answer: &str) -> Result<Response, String> {
    let value: Value = serde_json::from_str(answer).map_err(|error| error.to_string())?;
    if value.get("statusCode").is_none() {
        // Without a status the gateway takes the whole answer as the body of a 200.
        return finish(StatusCode::OK, Vec::new(), answer.to_owned().into_bytes());
    }
    let answer: Answer = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let status = StatusCode::from_u16(answer.status_code).map_err(|error| error.to_string())?;
    let single = answer.headers.unwrap_or_default();
    let multiple = answer.multi_value_headers.unwrap_or_default();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in &single {
        if !multiple.contains_key(name) {
            pairs.push((name.clone(), plain(value)));
        }
    }
    for (name, values) in &multiple {
        pairs.extend(values.iter().map(|value| (name.clone(), plain(value))));
    }
    for cookie in answer.cookies.unwrap_or_default() {
        pairs.push((header::SET_COOKIE.to_string(), cookie));
    }
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded {
        STANDARD.decode(body).map_err(|error| error.to_string())?
    } else {
        body.into_bytes()
    };
    finish(status, pairs, body)
}

fn finish(status: StatusCode, pairs: Vec<(String, String)>, body: Vec<u8>) -> Result<Response, String> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in pairs {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // The length is that of the body we send.
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
            headers.append(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
        }
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    headers.insert("apigw-requestid", HeaderValue::try_from(new_id()).map_err(|error| error.to_string())?);
    Ok(response)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_and_headers_of_several_values_are_kept_apart() {
        let answer = r#"{"statusCode":201,"headers":{"A":"1"},"multiValueHeaders":{"A":["1","2"]},"cookies":["x=1","y=2"],"body":"aGk=","isBase64Encoded":true}"#;
        let response = read(answer).unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let all = |name: &str| response.headers().get_all(name).into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(all("a"), ["1", "2"]);
        assert_eq!(all("set-cookie"), ["x=1", "y=2"]);
    }

    #[test]
    fn an_answer_without_status_is_a_body() {
        assert_eq!(read(r#"{"hello":1}"#).unwrap().status(), StatusCode::OK);
        assert!(read("no json").is_err());
        assert!(read(r#"{"statusCode":"many"}"#).is_err());
    }
}
