//! `/_local/…`: tokens and their keys, and where everything is.
//! (What fails on purpose, and what phones are sent, have files of their own.)

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use gateway::{query_pairs, said};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::Front;
use crate::issuer::Identity;

/// Seconds that a verifier may keep the keys. Google says some hours.
const KEYS_MAX_AGE: &str = "public, max-age=3600, must-revalidate";

impl Front {
    pub(super) fn tool(&self, name: &str, request: &Request) -> Response {
        // A migrator that a sample event called tells here how it went.
        if (request.method(), name) == (&Method::PUT, "cloudformation") {
            return StatusCode::OK.into_response();
        }
        if request.method() != Method::GET {
            return said(StatusCode::METHOD_NOT_ALLOWED, "Only GET is possible here");
        }
        match name {
            "info" => answer(&self.info),
            "jwks" => self.jwks(),
            "token" => self.token(request.uri().query().unwrap_or_default()),
            _ => said(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn jwks(&self) -> Response {
        match &self.issuer {
            Some(issuer) => {
                let mut response = answer(&issuer.jwks());
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, http::HeaderValue::from_static(KEYS_MAX_AGE));
                response
            }
            None => foreign_project(),
        }
    }

    fn token(&self, query: &str) -> Response {
        let Some(issuer) = &self.issuer else { return foreign_project() };
        let identity = match read_identity(query) {
            Ok(identity) => identity,
            Err(problem) => return said(StatusCode::BAD_REQUEST, &problem),
        };
        match issuer.token(&identity) {
            Ok(token) => answer(&json!({ "token": token })),
            Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }
}

fn read_identity(query: &str) -> Result<Identity, String> {
    let mut identity = Identity::default();
    for (name, value) in query_pairs(query).into_iter().filter(|(_, value)| !value.is_empty()) {
        match &*name {
            "uid" => identity.uid = value,
            // A plus that was not encoded arrives as a space.
            "phone" => identity.phone = Some(value.replace(' ', "+")),
            "email" => identity.email = Some(value),
            "name" => identity.name = Some(value),
            "ttl" => identity.ttl = Some(value.parse().map_err(|_| "ttl is a number of seconds".to_owned())?),
            _ => return Err(format!("there is no parameter {name}; they are uid, phone, email, name, ttl")),
        }
    }
    if identity.uid.is_empty() { Err("uid is missing".to_owned()) } else { Ok(identity) }
}

fn foreign_project() -> Response {
    said(
        StatusCode::NOT_FOUND,
        "Tokens come from the Firebase project that was given with --firebase-project",
    )
}

pub(super) fn answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_may_come_with_its_plus_as_it_is() {
        for query in ["uid=u&phone=%2B9198&ttl=-5", "uid=u&phone=+9198&ttl=-5&name="] {
            let identity = read_identity(query).unwrap();
            assert_eq!(
                (identity.phone.as_deref(), identity.ttl, identity.name),
                (Some("+9198"), Some(-5), None)
            );
        }
        assert!(read_identity("phone=1").is_err());
        assert!(read_identity("uid=u&ttl=soon").is_err());
    }
}
