//! Fields of what a caller sent, and what is wrong with them.

mod words;

pub use derive::FromFields;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use words::called;

use crate::{SentTime, code::ErrorCode};

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

    /// What is wrong, without the field's name.
    pub fn problem(&self) -> &str {
        &self.problem
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

/// A type that can be read from the fields of a body or a query, every one of which is looked at.
///
/// It is derived for a struct whose fields are [`FromField`]. A field has its own name unless it says
/// `#[field(rename = "…")]`. One that is missing, null or blank is what its type says ([`FromField::absent`]), or
/// `#[field(default = …)]`. `#[field(flatten)]` reads a struct that is [`FromFields`] itself. What concerns several
/// fields is checked by a function that the struct names, `#[check(ends_after_it_starts(start, end))]`: it is given
/// references to these fields, answers `Result<(), Problem>`, and is called where all of them could be read.
pub trait FromFields: Sized {
    /// Reads all fields; `None` where at least one problem was noted.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A type that can be read from one value.
pub trait FromField: Sized {
    /// The value, or what is wrong with it.
    fn from_field(value: &Value) -> Result<Self, Problem>;

    /// What a field is that is missing, null or blank; nothing where it is required.
    fn absent() -> Option<Self> {
        None
    }
}

/// A field that nobody has to send.
impl<T: FromField> FromField for Option<T> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        T::from_field(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
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

    /// The field of this name; nothing where a problem was noted.
    pub fn field<T: FromField>(&mut self, name: &str) -> Option<T> {
        let read = match self.values.get(name).filter(|value| !is_blank(value)) {
            Some(value) => T::from_field(value),
            None => T::absent().ok_or_else(|| Problem::new(ProblemCode::Required, "is required")),
        };
        read.map_err(|problem| self.note(problem.of(name))).ok()
    }

    /// The same, with a default of its own.
    pub fn field_or<T: FromField>(&mut self, name: &str, default: T) -> Option<T> {
        self.field::<Option<T>>(name).map(|value| value.unwrap_or(default))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Eq, FromFields)]
    #[check(is_longer(nights, days))]
    #[check(is_named(guest))]
    struct Stay {
        name: String,
        days: Whole<1, 30>,
        #[field(default = Whole(0))]
        nights: Whole<0, 30>,
        #[field(flatten)]
        guest: Guest,
        note: Option<String>,
    }

    #[derive(Debug, PartialEq, Eq, FromFields)]
    struct Guest {
        #[field(rename = "guestId")]
        id: Option<Uuid>,
        #[field(default = true)]
        paying: bool,
    }

    fn is_longer(nights: &Whole<0, 30>, days: &Whole<1, 30>) -> Result<(), Problem> {
        let problem = || Problem::new(ProblemCode::OutOfRange, "must not exceed days").of("nights");
        (nights.0 <= days.0).then_some(()).ok_or_else(problem)
    }

    fn is_named(guest: &Guest) -> Result<(), Problem> {
        let problem = || Problem::new(ProblemCode::Required, "is required").of("guestId");
        (guest.id.is_some() || guest.paying).then_some(()).ok_or_else(problem)
    }

    fn stay(sent: &Value) -> Result<Stay, Vec<Problem>> {
        Fields::read(sent.as_object().unwrap())
    }

    #[test]
    fn what_is_not_sent_is_what_its_type_or_its_field_says() {
        for blank in [json!({}), json!({"nights": null, "guestId": " ", "paying": null, "note": ""})] {
            let mut sent = json!({"name": "Asha", "days": 2, "unknown": [1]});
            sent.as_object_mut().unwrap().extend(blank.as_object().unwrap().clone());
            let guest = Guest { id: None, paying: true };
            let read = Stay { name: "Asha".to_owned(), days: Whole(2), nights: Whole(0), guest, note: None };
            assert_eq!(stay(&sent), Ok(read), "{sent}");
        }
    }

    #[test]
    fn every_problem_is_listed_in_the_order_of_the_fields() {
        for (sent, fields) in [
            (json!({}), vec!["name", "days"]),
            (
                json!({"paying": 1, "note": 7, "guestId": "x", "nights": true, "days": [], "name": {}}),
                vec!["name", "days", "nights", "guestId", "paying", "note"],
            ),
            (json!({"days": 2, "nights": 3}), vec!["name", "nights"]),
            (json!({"name": "Asha", "days": 0, "nights": 3}), vec!["days"]),
            (json!({"days": 2, "nights": 3, "paying": false}), vec!["name", "nights", "guestId"]),
            (json!({"days": 2, "nights": 3, "paying": "no"}), vec!["name", "paying", "nights"]),
        ] {
            let problems = stay(&sent).unwrap_err();
            assert_eq!(problems.iter().map(Problem::field).collect::<Vec<_>>(), fields, "{sent}");
        }
    }
}
