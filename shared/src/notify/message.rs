use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::vocabulary::Channel;

/// A message whose turn has come; the SQL function `claim_notifications` returns it. It holds names and
/// numbers, so it cannot be printed.
#[derive(Clone, Deserialize)]
pub struct Message {
    /// Its row in `deliveries`, and in `notifications` when it is known what came of it.
    pub id: Uuid,
    /// Tries, this one included; with the id it names this very try.
    pub attempt: i32,
    /// How it travels.
    pub channel: Channel,
    /// What it tells of: an event's name, or `invite`.
    pub kind: String,
    /// What apps read.
    pub payload: Map<String, Value>,
    /// The user told; none where it goes to a visitor.
    pub user_id: Option<Uuid>,
    /// Seconds until it is of no use any more.
    pub expires_seconds: f64,
    /// Why it must not be sent.
    pub refusal: Option<String>,
    /// The gateway's id of the request that it comes from, for the log.
    #[serde(default)]
    pub request_id: Option<String>,
    /// The trace of that request, for the log.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// A push token or a phone number.
    address: Option<SecretString>,
    /// The text, for SMS and WhatsApp.
    pub template: Option<Template>,
    /// What fills the text.
    pub visitor: Option<Subject>,
}

/// A registered text.
#[derive(Clone, Debug, Deserialize)]
pub struct Template {
    /// The text, with `{name}` where something is to be filled in.
    pub body: String,
    /// Its language, such as `en`.
    pub language: String,
    /// Its registration for SMS in India.
    pub dlt_template_id: Option<String>,
    /// Its name with WhatsApp.
    pub whatsapp_name: Option<String>,
}

/// The visitor that a text is about.
#[derive(Clone, Deserialize)]
pub struct Subject {
    pub(super) id: Uuid,
    pub(super) flat_id: Uuid,
    /// Seconds since 1970.
    pub(super) deadline: Option<i64>,
    pub(super) visitor_name: String,
    pub(super) access_code: Option<String>,
    pub(super) flat_number: String,
    pub(super) society_name: String,
}

impl Message {
    /// Where it goes.
    pub fn address(&self) -> &str {
        self.address.as_ref().map_or("", |address| address.expose_secret())
    }

    /// A field of the payload that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.payload.get(name).and_then(Value::as_str)
    }

    /// What later messages about the same thing replace: its visitor or emergency.
    pub(super) fn subject(&self) -> &str {
        self.text("visitor_id").or_else(|| self.text("emergency_id")).unwrap_or(&self.kind)
    }

    /// Whole seconds until it is of no use, at least one.
    pub(super) fn time_left(&self) -> u64 {
        self.expires_seconds.max(1.0) as u64
    }
}
