//! What Dart makes of an answer. A cast that fails in the app fails here: `as String` of null, `DateTime.parse` of what
//! is no time, a text where arithmetic is done.

use serde_json::Value;

/// What the app does with a value.
#[derive(Clone, Copy, Debug)]
pub enum Dart {
    /// `as String`, or a parameter that is one.
    Text,
    /// A text, or null where the app says `?`, `??` or compares with null.
    TextOrNull,
    /// `DateTime.parse(x)`.
    Time,
    /// The same, after the app has looked for null.
    TimeOrNull,
    /// Interpolated or compared as a number.
    Whole,
    /// The same, or null where the app says `??`.
    WholeOrNull,
    /// Taken for a condition after `??`, or compared with `true`: a bool, or null.
    FlagOrNull,
    /// Compared with these words; another one is shown as something that it is not.
    Word(&'static [&'static str]),
}

/// The states that both apps know.
pub const STATUS: Dart = Dart::Word(&["pending", "accepted", "denied", "checked_in", "checked_out"]);
/// The states of an emergency.
pub const EMERGENCY: Dart = Dart::Word(&["pending", "addressed", "resolved"]);

impl Dart {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::TextOrNull => value.is_string() || value.is_null(),
            Self::Time => value.as_str().is_some_and(is_time),
            Self::TimeOrNull => value.is_null() || Self::Time.takes(value),
            Self::Whole => value.is_i64(),
            Self::WholeOrNull => value.is_i64() || value.is_null(),
            Self::FlagOrNull => value.is_boolean() || value.is_null(),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }
}

/// What a screen reads of an object.
pub type Reads = &'static [(&'static str, Dart)];

/// Fails where the screen would.
#[track_caller]
pub fn read(value: &Value, reads: Reads) {
    assert!(value.is_object(), "`as Map<String, dynamic>` of {value}");
    for (field, dart) in reads {
        assert!(dart.takes(&value[*field]), "`{field}` is {}, and read as {dart:?}: {value}", value[*field]);
    }
}

/// As [`read`], of each element of `as List`, of which there has to be one.
#[track_caller]
pub fn read_all(value: &Value, reads: Reads) -> &[Value] {
    let list = value.as_array().unwrap_or_else(|| panic!("`as List` of {value}"));
    assert!(!list.is_empty(), "there is nothing to show");
    list.iter().for_each(|element| read(element, reads));
    list
}

/// RFC 3339 in UTC with at most microseconds, which is within what `DateTime.parse` takes.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(fraction) = shape.strip_prefix("0000-00-00T00:00:00").and_then(|rest| rest.strip_suffix('Z'))
    else {
        return false;
    };
    fraction.is_empty() || fraction.strip_prefix('.').is_some_and(|digits| (1..=6).contains(&digits.len()))
}

#[test]
fn times_are_those_that_dart_parses() {
    for good in ["2026-11-24T16:00:00Z", "2026-11-24T16:00:00.1Z", "2026-11-24T16:00:00.123456Z"] {
        assert!(is_time(good), "{good}");
    }
    for bad in [
        "",
        "2026-11-24",
        "2026-11-24T16:00:00",
        "2026-11-24T16:00:00.1234567Z",
        "24.11.2026 16:00",
        "2026-11-24T16:00:00.Z",
    ] {
        assert!(!is_time(bad), "{bad}");
    }
}

#[test]
fn a_cast_that_fails_in_the_app_fails_here() {
    use serde_json::json;
    for (dart, bad) in [
        (Dart::Text, json!(null)),
        (Dart::TextOrNull, json!(1)),
        (Dart::Time, json!(null)),
        (Dart::TimeOrNull, json!("today")),
        (Dart::Whole, json!("1")),
        (Dart::WholeOrNull, json!(1.5)),
        (Dart::FlagOrNull, json!("true")),
        (STATUS, json!("expired")),
    ] {
        assert!(!dart.takes(&bad), "{dart:?} {bad}");
    }
}
