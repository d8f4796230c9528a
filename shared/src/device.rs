//! What apps say about the phone they run on.

use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Type},
};

use crate::{
    input::{FromField, Problem, ProblemCode},
    openapi,
    text::check_json,
    text_param,
};

/// Characters of a push token. Those of Firebase have about 170, and an entry of the index that keeps them apart has
/// 2,704 bytes at most (PostgreSQL: "B-Tree Indexes", a third of a page).
const MAX_TOKEN: usize = 2048;
/// Characters of what an app tells about itself.
const MAX_INFO: usize = 2000;

/// A token of Firebase Cloud Messaging; opaque, at most 2048 characters.
pub struct PushToken(String);

impl PushToken {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromField for PushToken {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        let fits = text.len() <= MAX_TOKEN && text.chars().all(|c| c.is_ascii_graphic());
        let problem = || Problem::new(ProblemCode::WrongFormat, "must be a push token");
        fits.then_some(Self(text)).ok_or_else(problem)
    }
}

/// A token is a key to someone's phone and never reaches a log.
impl std::fmt::Debug for PushToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushToken(…)")
    }
}

text_param!(PushToken);

crate::schema!(
    PushToken,
    "PushToken",
    openapi::text("^[!-~]+$")
        .max_length(Some(MAX_TOKEN))
        .description(Some("A token of Firebase Cloud Messaging."))
);

/// The system a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Platform {
    /// Apple.
    Ios,
    /// Google.
    Android,
    /// A browser.
    Web,
}

impl Platform {
    /// The platform as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Web => "web",
        }
    }
}

text_param!(Platform);

impl FromField for Platform {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.to_ascii_lowercase().as_str() {
            "ios" => Ok(Self::Ios),
            "android" => Ok(Self::Android),
            "web" => Ok(Self::Web),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be ios, android or web")),
        }
    }
}

/// What an app tells about itself: an object of at most 2000 characters.
#[derive(Debug)]
pub struct DeviceInfo(pub Value);

crate::schema!(
    DeviceInfo,
    "DeviceInfo",
    ObjectBuilder::new().schema_type(Type::Object).description(Some(
        "What the app tells about itself, in at most 2000 characters and 16 levels; `platform` counts where none is named beside it. No text in it holds an Aadhaar number."
    ))
);

impl DeviceInfo {
    /// The platform it names, for apps that name it only here.
    pub fn platform(&self) -> Option<Platform> {
        self.0.get("platform").and_then(|value| Platform::from_field(value).ok())
    }
}

impl FromField for DeviceInfo {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        if !value.is_object() {
            return Err(Problem::new(ProblemCode::WrongType, "must be an object"));
        }
        check_json(value, MAX_INFO).map(|()| Self(value.clone()))
    }

    /// Nothing is told.
    fn absent() -> Option<Self> {
        Some(Self(json!({})))
    }
}
