use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use serde_json::{Map, Value};
use utoipa::openapi::{ObjectBuilder, Type};
use uuid::Uuid;

use super::{Cursor, Fields, FromField, FromFields, PlaceCursor, Problem, ProblemCode};
use crate::http::ApiError;

/// A validated query string.
pub struct Query<T>(pub T);

impl<S: Sync, T: FromFields> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let axum::extract::Query(pairs) =
            axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| {
                ApiError::Invalid(vec![
                    Problem::new(ProblemCode::WrongFormat, "must be URL-encoded text").of("query"),
                ])
            })?;
        let mut values = Map::new();
        for (name, value) in pairs {
            if values.insert(name.clone(), Value::String(value)).is_some() {
                let problem = Problem::new(ProblemCode::WrongFormat, "must be given only once").of(name);
                return Err(ApiError::Invalid(vec![problem]));
            }
        }
        Fields::read(&values).map(Self).map_err(ApiError::Invalid)
    }
}

/// The id in the path: the first of its parameters.
pub struct PathId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let PathText(id) = PathText::from_request_parts(parts, state).await?;
        Ok(Self(id))
    }
}

/// What stands in the path, as any type that can be read from text: the first of its parameters.
pub struct PathText<T>(pub T);

impl<S: Send + Sync, T: FromField> FromRequestParts<S> for PathText<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let first = params.as_ref().and_then(|params| params.iter().next());
        let (name, text) = first.ok_or(ApiError::NotFound("This path does not exist."))?;
        let value = T::from_field(&Value::String(text.to_owned()));
        value.map(Self).map_err(|problem| ApiError::Invalid(vec![problem.of(name)]))
    }
}

/// How many rows a list answers at most: 1 to 200, 100 where it is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub i64);

crate::schema!(
    Limit,
    "Limit",
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(200))
        .default(Some(100.into()))
        .description(Some("How many rows are answered at most."))
);

/// Which page of a list in the order of time is asked for.
#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many rows are answered at most.
    pub limit: Limit,
    /// Where the page before it ended.
    pub cursor: Cursor,
}

impl Page {
    /// How many rows are read: one more than are answered, to know whether there are more.
    pub fn rows(&self) -> i64 {
        self.limit.0 + 1
    }
}

/// As [`Limit`], for a list that a caller who says nothing gets whole: apps that know of no pages show
/// every flat of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeLimit(pub Limit);

crate::schema!(
    WholeLimit,
    "WholeLimit",
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(200))
        .description(Some("How many rows are answered at most; without it up to 1000."))
);

impl FromField for WholeLimit {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Limit::from_field(value).map(Self)
    }

    /// More than any such list holds, and not without end.
    fn absent() -> Option<Self> {
        Some(Self(Limit(1000)))
    }
}

/// Which page of a list of places is asked for.
#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub struct PlacePage {
    limit: WholeLimit,
    /// Where the page before it ended.
    pub cursor: PlaceCursor,
}

impl PlacePage {
    /// How many rows are answered at most.
    pub fn limit(&self) -> Limit {
        self.limit.0
    }

    /// How many rows are read: one more than are answered, to know whether there are more.
    pub fn rows(&self) -> i64 {
        self.limit().0 + 1
    }
}

impl FromField for Limit {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let number: Option<i64> = String::from_field(value)?.parse().ok();
        number
            .filter(|number| (1..=200).contains(number))
            .map(Self)
            .ok_or_else(|| Problem::new(ProblemCode::OutOfRange, "must be a whole number from 1 to 200"))
    }

    fn absent() -> Option<Self> {
        Some(Self(100))
    }
}
