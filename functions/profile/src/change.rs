//! A user says what they are called, and in which language they want to be told things.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::Value;
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromField, FromFields, Problem, ProblemCode},
    openapi::one_of,
    text::PersonName,
    text_param,
    vocabulary::LANGUAGES,
    write::{QuietWriter, Writing},
};
use utoipa::ToSchema;

use crate::me::ProfileUser;

/// What stays as it is where it is not said.
#[derive(ToSchema, FromFields)]
pub(crate) struct Change {
    /// What guards and neighbours read.
    name: Option<PersonName>,
    language: Option<Language>,
}

/// One of [`LANGUAGES`].
#[derive(Debug)]
pub(crate) struct Language(&'static str);

impl Language {
    fn as_str(&self) -> &str {
        self.0
    }
}

text_param!(Language);

shared::schema!(Language, "Language", one_of(LANGUAGES));

impl FromField for Language {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        LANGUAGES.into_iter().find(|language| *language == text).map(Self).ok_or_else(|| {
            Problem::new(ProblemCode::WrongFormat, format!("must be one of {}", LANGUAGES.join(", ")))
        })
    }
}

/// Changes the caller's name and language.
///
/// **Permissions:** own.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/profile/me", request_body = Change,
    responses((status = 200, body = Answer<ProfileUser>)))]
pub(crate) async fn change_me(
    State(writer): State<QuietWriter>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<Change>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: "", unknown: "" };
    let written = writer
        .write::<ProfileUser>(writing, change!("change.sql", name = input.name, language = input.language))
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
