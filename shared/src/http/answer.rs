use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ApiError;
use crate::{
    input::{Limit, Position},
    openapi,
};

/// `{ "success": true, "data": … }`.
#[derive(Serialize, ToSchema)]
pub struct Answer<T> {
    #[schema(schema_with = openapi::always_true)]
    success: bool,
    data: T,
}

impl<T> Answer<T> {
    /// An answer that holds `data`.
    pub fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        (StatusCode::OK, Json(self)).into_response()
    }
}

/// `{ "success": true, "data": […], "next_cursor": … }`.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    #[schema(schema_with = openapi::always_true)]
    success: bool,
    data: Vec<T>,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of at most `limit` rows, of which one more was read to know whether it is the last.
    pub fn page<P: Position>(mut data: Vec<T>, limit: Limit, position: impl Fn(&T) -> P) -> Self {
        let limit = usize::try_from(limit.0).unwrap_or(usize::MAX);
        let has_more = data.len() > limit;
        data.truncate(limit);
        let next_cursor = data.last().filter(|_| has_more).map(|last| position(last).encode());
        Self { success: true, data, next_cursor }
    }

    /// A page whose statement says where the next one starts.
    pub fn until(data: Vec<T>, next: Option<impl Position>) -> Self {
        Self { success: true, data, next_cursor: next.map(Position::encode) }
    }

    /// The rows and the cursor, for an answer that says more than these.
    pub fn into_parts(self) -> (Vec<T>, Option<String>) {
        (self.data, self.next_cursor)
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        (StatusCode::OK, Json(self)).into_response()
    }
}

/// What a statement that lists things of a scope answers: whether the caller may ask, and the rows.
#[derive(Deserialize)]
pub struct Scoped<T> {
    access: Access,
    rows: T,
}

/// `flat_access` of the migrations.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Access {
    Ok,
    Forbidden,
    NotFound,
}

impl<T> Scoped<T> {
    /// The rows of a statement's answer, or why there are none for this caller; `unknown` says what there is not.
    pub fn allowed(answer: Option<Self>, unknown: &'static str) -> Result<T, ApiError> {
        let Some(Self { access, rows }) = answer else { return Err(ApiError::NotFound(unknown)) };
        match access {
            Access::Ok => Ok(rows),
            Access::Forbidden => Err(ApiError::Forbidden("Your role does not reach this.")),
            Access::NotFound => Err(ApiError::NotFound(unknown)),
        }
    }
}
