use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::called;
use crate::{SentTime, http::ErrorCode};

/// Why a field was refused, for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// The field is missing, null or blank.
    Required,
    /// The value is of another JSON type.
    WrongType,
    /// The value has the right type but not the right form.
    WrongFormat,
    /// The text is longer than allowed.
    TooLong,
    /// The value lies outside its range.
    OutOfRange,
    /// The value must be unique, and another one has it.
    Taken,
    /// The text holds an Aadhaar number.
    AadhaarNotAccepted,
}

/// One field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    field: String,
    code: ProblemCode,
    problem: String,
    /// What a person is told, where the field's name and the problem do not make that sentence.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    sentence: Option<String>,
}

impl Problem {
    /// A problem that is not yet tied to a field.
    pub fn new(code: ProblemCode, problem: impl Into<String>) -> Self {
        Self { field: String::new(), code, problem: problem.into(), sentence: None }
    }

    /// The same problem, of `field`.
    pub fn of(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// The name of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The same problem, in words of its own for a person.
    pub fn saying(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = Some(sentence.into());
        self
    }

    /// What a person is told: one plain sentence.
    pub fn sentence(&self) -> String {
        self.sentence.clone().unwrap_or_else(|| format!("{} {}.", called(&self.field), self.problem))
    }

    /// The error code of the whole answer, for a problem that has one of its own.
    pub fn error_code(&self) -> Option<ErrorCode> {
        (self.code == ProblemCode::AadhaarNotAccepted).then_some(ErrorCode::AadhaarNotAccepted)
    }
}

/// A type that can be read from the fields of a body or a query.
pub trait FromFields: Sized {
    /// Reads all fields; `None` where at least one problem was noted.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A type that can be read from one value.
pub trait FromField: Sized {
    /// The value, or what is wrong with it.
    fn from_field(value: &Value) -> Result<Self, Problem>;
}

/// The fields of a body or a query, and the problems found in them so far.
pub struct Fields<'a> {
    values: &'a Map<String, Value>,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Reads a `T`, or lists every problem.
    pub fn read<T: FromFields>(values: &'a Map<String, Value>) -> Result<T, Vec<Problem>> {
        let mut fields = Self { values, problems: Vec::new() };
        match T::from_fields(&mut fields) {
            Some(input) if fields.problems.is_empty() => Ok(input),
            _ => Err(fields.problems),
        }
    }

    /// A field that must be there.
    pub fn required<T: FromField>(&mut self, name: &'static str) -> Option<T> {
        match self.optional(name)? {
            Some(value) => Some(value),
            None => {
                self.note(Problem::new(ProblemCode::Required, "is required").of(name));
                None
            }
        }
    }

    /// A field that may be missing or null. The outer `None` says that it is there and wrong.
    pub fn optional<T: FromField>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.values.get(name).filter(|value| !is_blank(value)) {
            None => Some(None),
            Some(value) => match T::from_field(value) {
                Ok(value) => Some(Some(value)),
                Err(problem) => {
                    self.note(problem.of(name));
                    None
                }
            },
        }
    }

    /// A field with a default.
    pub fn or<T: FromField>(&mut self, name: &'static str, default: T) -> Option<T> {
        self.optional(name).map(|value| value.unwrap_or(default))
    }

    /// Notes a problem that concerns more than one field.
    pub fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Both, read from the same fields.
impl<A: FromFields, B: FromFields> FromFields for (A, B) {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (a, b) = (A::from_fields(fields), B::from_fields(fields));
        Some((a?, b?))
    }
}

/// Whether a value says nothing: null, or only white space.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

impl FromField for bool {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        value.as_bool().ok_or_else(|| Problem::new(ProblemCode::WrongType, "must be true or false"))
    }
}

impl FromField for String {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Problem::new(ProblemCode::WrongType, "must be a text"))
    }
}

/// A whole number of a body, from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: i32, const MAX: i32>(pub i32);

impl<const MIN: i32, const MAX: i32> FromField for Whole<MIN, MAX> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        if !value.is_number() {
            return Err(Problem::new(ProblemCode::WrongType, "must be a number"));
        }
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        number.filter(|number| (MIN..=MAX).contains(number)).map(Self).ok_or_else(|| {
            Problem::new(ProblemCode::OutOfRange, format!("must be a whole number from {MIN} to {MAX}"))
        })
    }
}

impl FromField for Uuid {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        parse_uuid(&text).ok_or_else(|| Problem::new(ProblemCode::WrongFormat, "must be a UUID"))
    }
}

/// A UUID in its hyphenated form, in any case; braces, URNs and plain hex are not ids here.
fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

impl FromField for SentTime {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        Self::parse(&text).ok_or_else(|| {
            Problem::new(ProblemCode::WrongFormat, "must be a time such as 2026-01-31T18:30:00+05:30")
        })
    }
}
