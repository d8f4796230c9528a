//! Text that people type, as types that only hold what may be stored.

mod aadhaar;
mod clock;
mod json;
mod link;
mod phone;
mod signs;
mod spoken;

use std::marker::PhantomData;

use serde_json::Value;

pub use aadhaar::contains_aadhaar;
pub use clock::ClockTime;
pub use json::check_json;
pub use phone::Phone;
pub use spoken::{DEVICE_CODE_LENGTH, GuardCode, random_code, typed_code};

use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// What people typed never reaches a log, not even through `{:?}`.
macro_rules! redacted_debug {
    ($name:ident $(<$n:ident: $bound:ident>)?) => {
        impl $(<$n: $bound>)? std::fmt::Debug for $name $(<$n>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
use redacted_debug;

/// What a text is for, and so what may stand in it.
pub trait Kind {
    /// Its name in the API reference.
    const SCHEMA: &'static str;
    /// Characters it may have.
    const MAX: usize;
    /// Whether it may have lines and tabs.
    const LINES: bool = false;
    /// Whether it may hold a link.
    const LINKS: bool = true;
    /// Whether a number in it may be a phone's or a day.
    const OTHER_NUMBERS: bool = true;
    /// What the API reference says of it.
    const ABOUT: &'static str = "One line without hidden signs and without an Aadhaar number; it is trimmed.";
}

/// A vehicle number, a purpose, a city.
pub struct OneLine;
/// A note, a description.
pub struct Lines;
/// What someone is called: it is sent on to phones.
pub struct OfPerson;
/// The number of an ID.
pub struct OfDocument;

impl Kind for OneLine {
    const SCHEMA: &'static str = "Text120";
    const MAX: usize = 120;
}

impl Kind for Lines {
    const SCHEMA: &'static str = "Text1000";
    const MAX: usize = 1000;
    const LINES: bool = true;
    const ABOUT: &'static str = "Text without hidden signs and without an Aadhaar number; it is trimmed.";
}

impl Kind for OfPerson {
    const SCHEMA: &'static str = "PersonName";
    const MAX: usize = 120;
    const LINKS: bool = false;
    const ABOUT: &'static str = "What someone is called: one line without hidden signs, without a link or an address on the internet, and without an Aadhaar number; it is trimmed.";
}

impl Kind for OfDocument {
    const SCHEMA: &'static str = "IdNumber";
    const MAX: usize = 120;
    const OTHER_NUMBERS: bool = false;
}

/// One line of at most 120 characters.
pub type ShortText = Text<OneLine>;
/// A note or a description: at most 1000 characters.
pub type LongText = Text<Lines>;
/// A name of at most 120 characters, in which no phone finds a link.
pub type PersonName = Text<OfPerson>;
/// The number of an ID that is no Aadhaar card, at most 120 characters.
pub type IdNumber = Text<OfDocument>;

/// Trimmed text that is not empty, with nothing in it that nobody sees, and without an Aadhaar number.
pub struct Text<K>(String, PhantomData<K>);

impl<K: Kind> Text<K> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads text, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refused = |problem: &str| Err(Problem::new(ProblemCode::WrongFormat, problem));
        let text = text.trim().replace("\r\n", "\n").replace('\r', "\n");
        if text.is_empty() {
            return Err(Problem::new(ProblemCode::Required, "must not be empty"));
        }
        if text.chars().count() > K::MAX {
            let problem = format!("must have at most {} characters", K::MAX);
            return Err(Problem::new(ProblemCode::TooLong, problem));
        }
        let may_stand = |c: char| K::LINES && matches!(c, '\n' | '\t');
        if text.chars().any(|c| (signs::ends_line(c) || c == '\t') && !may_stand(c)) {
            let line = if K::LINES {
                "must not have lines of another kind"
            } else {
                "must be one line without tabs"
            };
            return refused(line);
        }
        // PostgreSQL text cannot hold NUL, and the rest would show a guard something else than what is stored.
        if signs::hides_something(&text) {
            return refused("must not contain control characters or signs that nobody sees");
        }
        if !K::LINKS && link::holds_link(&text) {
            return refused("must not contain a link; put a blank behind a dot");
        }
        let is_aadhaar =
            if K::OTHER_NUMBERS { contains_aadhaar(&text) } else { aadhaar::is_aadhaar_document(&text) };
        if is_aadhaar {
            return Err(Problem::new(
                ProblemCode::AadhaarNotAccepted,
                "must not contain an Aadhaar number; it is enough to say that the ID was seen",
            ));
        }
        Ok(Self(text, PhantomData))
    }

    /// Text that nobody can be asked to correct: what is too long is cut, and `None` is what cannot stand here.
    pub fn fitted(text: &str) -> Option<Self> {
        let fitting: String = text.trim().chars().take(K::MAX).collect();
        // The cut may have left a joiner with nothing behind it.
        Self::parse(fitting.trim_end_matches(['\u{200C}', '\u{200D}'])).ok()
    }
}

text_param!(Text<K: Kind>);
redacted_debug!(Text<K: Kind>);

/// Signs that nobody sees, as a class of a pattern; what a joiner stands between and signs beyond U+FFFF are not in it.
const HIDDEN: &str = r"\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uFE00-\uFE0D\uFEFF\uFFA0\uFFF0-\uFFFB";

crate::schema!(Text<K: Kind>, K::SCHEMA, {
    let control = if K::LINES { r"\u0000-\u0008\u000B\u000C\u000E-\u001F" } else { r"\u0000-\u001F" };
    let any = format!("[^{control}{HIDDEN}]*");
    // Something that is seen, and around it nothing that is not.
    openapi::text(&format!(r"^{any}[^\s\u0000-\u001F{HIDDEN}\u200C\u200D\uFE0E\uFE0F]{any}$"))
        .max_length(Some(K::MAX))
        .description(Some(K::ABOUT))
});

impl<K: Kind> FromField for Text<K> {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(ShortText::parse("  Asha ").unwrap().as_str(), "Asha");
        assert_eq!(ShortText::parse(&"ａ".repeat(120)).unwrap().as_str(), "ａ".repeat(120));
        for wrong in ["", "   ", &"a".repeat(121), "a\0b", "a\u{1b}b", "a\u{202e}b", "a\u{200b}b"] {
            assert!(ShortText::parse(wrong).is_err(), "{wrong:?} was accepted");
        }
    }

    #[test]
    fn only_notes_have_lines() {
        assert_eq!(LongText::parse("one\r\ntwo\r\tthree\n").unwrap().as_str(), "one\ntwo\n\tthree");
        for wrong in ["one\ntwo", "one\ttwo", "one\r\ntwo", "one\rtwo", "one\u{2028}two", "one\u{85}two"] {
            assert!(ShortText::parse(wrong).is_err(), "{wrong:?} was accepted");
            assert!(PersonName::parse(wrong).is_err(), "{wrong:?} was accepted");
        }
        for wrong in ["one\u{85}two", "one\u{2029}two", "one\u{c}two"] {
            assert!(LongText::parse(wrong).is_err(), "{wrong:?} was accepted");
        }
    }

    #[test]
    fn only_names_are_searched_for_links() {
        assert!(PersonName::parse("Pay at http://pay.example").is_err());
        assert!(LongText::parse("The plan is at http://plan.example").is_ok());
        assert!(ShortText::parse("amazon.in").is_ok());
    }

    #[test]
    fn a_name_that_nobody_corrects_is_cut_or_dropped() {
        let fitted = |text: &str| PersonName::fitted(text).map(|name| name.as_str().to_owned());
        assert_eq!(fitted(" Asha "), Some("Asha".to_owned()));
        assert_eq!(fitted(&"a".repeat(500)), Some("a".repeat(120)));
        let half = format!("{}क्\u{200D}ष", "a".repeat(117));
        assert_eq!(fitted(&half), Some(format!("{}क्", "a".repeat(117))));
        for dropped in ["", "pay.com", "a\u{202e}b", "a\nb", "9999 4105 7058"] {
            assert_eq!(fitted(dropped), None, "{dropped:?}");
        }
    }
}
