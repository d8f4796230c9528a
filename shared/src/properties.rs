//! What holds for every input of the pure parts, tried on random ones.

use proptest::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    input::{Cursor, PlaceCursor, Position},
    realtime::Room,
    text::{Phone, contains_aadhaar},
};

/// Puts `separator` behind every digit for which `places` says so.
fn grouped(digits: &str, places: &[bool], separator: char) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        text.push(digit);
        if place + 1 < digits.len() && places.get(place).copied().unwrap_or_default() {
            text.push(separator);
        }
    }
    text
}

/// What no letter or digit is.
fn signs() -> impl Strategy<Value = String> {
    let sign = any::<char>().prop_filter("a letter or a digit", |c| !c.is_alphanumeric());
    proptest::collection::vec(sign, 1..4).prop_map(String::from_iter)
}

/// Nothing, or what no letter or digit is.
fn separator() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        1 => "[ /_,:.\u{200B}\u{FEFF}\u{2013}()\n-]{1,4}",
        1 => signs(),
    ]
}

/// How many digits there are between separators.
fn sizes(separators: &[String]) -> Vec<usize> {
    let mut sizes = vec![1];
    for separator in separators {
        match sizes.last_mut() {
            Some(size) if separator.is_empty() => *size += 1,
            _ => sizes.push(1),
        }
    }
    sizes
}

fn sizes_of(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|size| *size > 0).collect()
}

/// The groups of a phone with two digits beside it, and of a day with its time.
fn is_shape_of_another(sizes: &[usize]) -> bool {
    matches!(
        sizes,
        [10, 2] | [2, 10] | [5, 5, 2] | [2, 5, 5] | [4, 2, 2, 2, 2] | [2, 2, 4, 2, 2] | [2, 2, 2, 2, 2, 2]
    )
}

proptest! {
    #[test]
    fn a_cursor_survives_its_text(micros in 0_i64..253_402_300_799_000_000, id: u128) {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap();
        let cursor = Cursor { at, id: Uuid::from_u128(id) };
        prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn a_place_cursor_survives_its_text(group in "[^\\x00]{0,80}", name in "[^\\x00]{0,80}", id: u128) {
        let cursor = PlaceCursor { group, name, id: Uuid::from_u128(id) };
        prop_assert_eq!(PlaceCursor::decode(&cursor.clone().encode()), Some(cursor));
    }

    #[test]
    fn any_text_is_a_place_cursor_or_is_none(text in "[A-Za-z0-9_-]{0,64}") {
        if let Some(cursor) = PlaceCursor::decode(&text) {
            prop_assert_eq!(cursor.encode(), text);
        }
    }

    #[test]
    fn any_text_is_a_cursor_or_is_none(text in ".{0,64}") {
        if let Some(cursor) = Cursor::decode(&text) {
            prop_assert_eq!(cursor.encode(), text);
        }
    }

    #[test]
    fn of_ten_last_digits_one_makes_an_aadhaar_number(
        first in "[2-9][0-9]{10}",
        separators in proptest::collection::vec(separator(), 11),
    ) {
        let digits: Vec<char> = first.chars().collect();
        let sizes = sizes(&separators);
        prop_assume!(!is_shape_of_another(&sizes));
        let found = (0..10).filter(|last| {
            let digits = digits.iter().copied().chain(char::from_digit(*last, 10));
            let between = separators.iter().map(String::as_str).chain([""]);
            let number: String = digits.zip(between).map(|(digit, between)| format!("{digit}{between}")).collect();
            contains_aadhaar(&format!("seen: {number}, at the gate"))
        });
        prop_assert_eq!(found.count(), 1);
    }

    #[test]
    fn the_usual_groups_are_found_beside_other_numbers(
        first in "[2-9][0-9]{10}",
        before in "[0-9]{1,3}|[0-9]{5,6}|",
        after in "[0-9]{1,3}|[0-9]{5,6}|",
        separators in proptest::collection::vec(signs(), 4),
    ) {
        let found = (0..10).any(|last| {
            let number = format!("{first}{last}");
            let (one, two, three) = (&number[..4], &number[4..8], &number[8..]);
            let [a, b, c, d] = separators.as_slice() else { return false };
            let text = format!("{before}{a}{one}{b}{two}{c}{three}{d}{after}");
            contains_aadhaar(&text)
        });
        prop_assert!(found);
    }

    #[test]
    fn phone_numbers_are_no_aadhaar_numbers(
        national in "[6-9][0-9]{9}",
        places in proptest::collection::vec(any::<bool>(), 9),
        separator in prop_oneof![Just(' '), Just('-')],
        before in prop_oneof![Just(""), Just("call "), Just("+91"), Just("+91 "), Just("0"), Just("a, +91-")],
    ) {
        let written = format!("{before}{}", grouped(&national, &places, separator));
        // Four, four and two digits behind a code of two are what an Aadhaar number might be, too.
        prop_assume!(!sizes_of(&written).ends_with(&[4, 4, 4]));
        prop_assert!(!contains_aadhaar(&written), "{}", written);
    }

    #[test]
    fn numbers_of_another_length_are_no_aadhaar_numbers(digits in "[0-9]{0,11}|[0-9]{13,20}") {
        prop_assert!(!contains_aadhaar(&digits));
    }

    #[test]
    fn a_phone_number_has_one_form(
        national in "[1-9][0-9]{9}",
        prefix in prop_oneof![Just(""), Just("0"), Just("91"), Just("+91"), Just("0091")],
        places in proptest::collection::vec(any::<bool>(), 9),
        separator in prop_oneof![Just(' '), Just('-')],
    ) {
        let written = format!("{prefix}{}", grouped(&national, &places, separator));
        let phone = Phone::parse(&written).unwrap();
        prop_assert_eq!(phone.as_str(), format!("+91{national}"));
        prop_assert!(Phone::parse(phone.as_str()) == Some(phone));
    }

    #[test]
    fn whatever_is_taken_for_a_phone_number_is_e164(text in "[+0-9 ()-]{0,24}") {
        if let Some(phone) = Phone::parse(&text) {
            let digits = phone.as_str().strip_prefix('+').unwrap().to_owned();
            prop_assert!((8..=15).contains(&digits.len()) && !digits.starts_with('0'));
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn a_room_has_one_name(id: u128, kind in prop_oneof![Just("flat"), Just("society")], upper: bool) {
        let id = Uuid::from_u128(id).to_string();
        let written = if upper { id.to_uppercase() } else { id.clone() };
        let room: Room = format!("{kind}:{written}").parse().unwrap();
        prop_assert_eq!(room.to_string(), format!("{kind}:{id}"));
    }

    #[test]
    fn any_text_is_a_room_or_is_refused(text in ".{0,60}") {
        if let Ok(room) = text.parse::<Room>() {
            prop_assert_eq!(room.to_string(), text.to_lowercase());
        }
    }
}
