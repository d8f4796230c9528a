//! Short texts of a form of their own.

use serde_json::Value;
use shared::{
    input::{FromField, Problem, ProblemCode},
    openapi, text_param,
};

/// Defines texts by their name in the API reference, their pattern, how many characters they have at most, what one of them
/// is, and how a person would say that.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident: $schema:literal, $pattern:literal, $most:literal, $fits:expr, $must:literal;)+) => {$(
        $(#[$about])*
        #[derive(Debug)]
        pub(crate) struct $name(String);

        impl $name {
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_param!($name);

        shared::schema!($name, $schema, openapi::text($pattern).max_length(Some($most)));

        impl FromField for $name {
            fn from_field(value: &Value) -> Result<Self, Problem> {
                let text = String::from_field(value)?;
                let fits: fn(&str) -> bool = $fits;
                if text.len() > $most || !fits(&text) {
                    return Err(Problem::new(ProblemCode::WrongFormat, concat!("must be ", $must)));
                }
                Ok(Self(text))
            }
        }
    )+};
}

texts! {
    /// A society's name in addresses.
    Slug: "Slug", "^[a-z0-9]+(-[a-z0-9]+)*$", 60,
        |text| text.split('-').all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())),
        "at most 60 small letters, digits and single hyphens between them, such as green-acres";
    /// A time zone, which the database knows or not.
    TimeZone: "TimeZone", "^[A-Za-z0-9_+/-]+$", 64,
        |text| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_+/-".contains(&c)),
        "a time zone such as Asia/Kolkata";
    /// The language of a text, as WhatsApp names it.
    TextLanguage: "TextLanguage", "^[a-z]{2,3}(_[A-Z]{2})?$", 6, is_language, "a language such as en or en_US";
    /// The id that a text was registered under (India: DLT).
    DltId: "DltId", "^[0-9]+$", 30,
        |text| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit()),
        "at most 30 digits";
    /// The name that WhatsApp knows a text by.
    WhatsappName: "WhatsappName", "^[a-z0-9_]+$", 512,
        |text| !text.is_empty() && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_'),
        "at most 512 small letters, digits and underscores";
}

impl TimeZone {
    /// That of the societies that name none.
    pub(crate) fn usual() -> Self {
        Self("Asia/Kolkata".to_owned())
    }
}

fn is_language(text: &str) -> bool {
    let (language, region) =
        text.split_once('_').map_or((text, None), |(language, region)| (language, Some(region)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|c| c.is_ascii_lowercase())
        && region.is_none_or(|region| region.len() == 2 && region.bytes().all(|c| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_forms() {
        fn fits<T: FromField>(text: &str) -> bool {
            T::from_field(&text.into()).is_ok()
        }
        for text in ["green-acres", "a", "7-b"] {
            assert!(fits::<Slug>(text), "{text}");
        }
        for text in ["-a", "a-", "a--b", "Green", "a b", &"a".repeat(61)] {
            assert!(!fits::<Slug>(text), "{text}");
        }
        assert!(fits::<TimeZone>("America/Port-au-Prince") && !fits::<TimeZone>("Asia Kolkata"));
        assert!(fits::<TextLanguage>("en_US") && fits::<TextLanguage>("mni"));
        for text in ["e", "EN", "en_us", "en_", "abcd"] {
            assert!(!fits::<TextLanguage>(text), "{text}");
        }
        assert!(fits::<DltId>("1007000000000000001") && !fits::<DltId>("1007 0"));
        assert!(fits::<WhatsappName>("invite_v1") && !fits::<WhatsappName>("Invite"));
    }
}
