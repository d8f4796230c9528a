//! Tells whether a line holds what no log may hold: numbers, names, tokens and codes of people.

use std::{collections::BTreeSet, sync::LazyLock};

use uuid::Uuid;

/// Names of the visitors of the stories.
const VISITORS: [&str; 4] = ["kiran", "leela", "omar", "zubin"];
/// Fields that hold something personal, or a secret, whatever stands in them.
const FIELDS: [&str; 13] = [
    "phone",
    "visitor_name",
    "access_code",
    "qr_code",
    "id_number",
    "vehicle_no",
    "id_token",
    "idToken",
    "fcm_token",
    "authorization",
    "password",
    "private_key",
    "email",
];

/// Everybody's first name, in lower case: the people of the world, and their visitors.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let (_, people) = include_str!("world.sql").split_once("unnest(ARRAY[").unwrap();
    let (people, _) = people.split_once(']').unwrap();
    let people = people.split(',').map(|name| name.trim().trim_matches('\'').to_lowercase());
    // Too ordinary a word.
    let people = people.filter(|name| name != "nobody");
    people.chain(VISITORS.map(str::to_owned)).collect()
});

/// What of a person stands in this line, if anything does.
pub fn leak(line: &str) -> Option<&'static str> {
    let text = without_uuids(line);
    if has_phone(&text) || has_phone(&joined(&text)) {
        return Some("a phone number");
    }
    if ["Bearer ", "/decide#", "ya29."].iter().any(|start| text.contains(start)) || words(&text).any(is_jwt) {
        return Some("a token");
    }
    if words(&text).any(is_push_token) {
        return Some("a push token");
    }
    if words(&text).any(is_name) || has_demo_name(&text) {
        return Some("a name");
    }
    if text.split(|c: char| c.is_whitespace() || "\"'<>()".contains(c)).any(is_address) {
        return Some("an e-mail address or a password");
    }
    FIELDS.iter().any(|field| has_field(&text, field)).then_some("a field of a person")
}

/// Ids are nobody's number, though they may look like one.
fn without_uuids(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut rest = line;
    let mut text = String::with_capacity(line.len());
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        text.push_str(&rest[..start]);
        text.push_str(if Uuid::try_parse(&rest[start..end]).is_ok() { "…" } else { &rest[start..end] });
        rest = &rest[end..];
    }
    text + rest
}

/// Without the blank or hyphen between two digits, as people group numbers.
fn joined(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let is_digit =
        |place: Option<usize>| place.and_then(|place| all.get(place)).is_some_and(char::is_ascii_digit);
    let keeps = |place: &usize| {
        !([' ', '-'].contains(&all[*place]) && is_digit(place.checked_sub(1)) && is_digit(Some(place + 1)))
    };
    (0..all.len()).filter(keeps).map(|place| all[place]).collect()
}

/// An Indian mobile number (ten digits from 6 to 9 on, after nothing, 0 or 91), or any number behind a plus.
fn has_phone(text: &str) -> bool {
    let all: Vec<char> = text.chars().collect();
    let mut place = 0;
    while place < all.len() {
        let length = all[place..].iter().take_while(|c| c.is_ascii_digit()).count();
        if length == 0 {
            place += 1;
            continue;
        }
        let before = place.checked_sub(1).map(|place| all[place]);
        let after = all.get(place + length).copied();
        let digits: String = all[place..place + length].iter().collect();
        let whole = ![before, after].iter().flatten().any(|c| c.is_alphanumeric() || *c == '_');
        let fraction = before == Some('.') && place >= 2 && all[place - 2].is_ascii_digit();
        let national = match length {
            12 => digits.strip_prefix("91"),
            11 => digits.strip_prefix('0'),
            10 => Some(digits.as_str()),
            _ => None,
        };
        let mobile = national.is_some_and(|number| number.starts_with(['6', '7', '8', '9']));
        if whole && !fraction && (mobile || before == Some('+') && (8..=15).contains(&length)) {
            return true;
        }
        place += length;
    }
    false
}

/// Words with the signs of ids and tokens in them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !"-_.=+".contains(c)).filter(|word| !word.is_empty())
}

fn is_jwt(word: &str) -> bool {
    word.contains("eyJ") && word.contains('.') && word.len() > 20
}

fn is_push_token(word: &str) -> bool {
    ["-phone", "-tablet"].iter().any(|end| word.ends_with(end)) || word.starts_with("phone-")
}

fn is_name(word: &str) -> bool {
    let is_one = |part: &str| {
        let part = part.trim_matches(['.', '-', '+', '_']);
        let (small, large) = (part.to_lowercase(), part.to_uppercase());
        // Nobody writes oMAr, but the id of a request may.
        let written = part == small || part == large || part.get(1..) == small.get(1..);
        written && NAMES.contains(&small)
    };
    // A uid, an id of a device, a value behind its name.
    word.split('=')
        .any(|part| is_one(part) || part.split_once(['-', '_', '.']).is_some_and(|(name, _)| is_one(name)))
}

/// `Resident 101A`, `Guard 1`, `Society Admin`, and their ids in Firebase.
fn has_demo_name(text: &str) -> bool {
    let numbered =
        |name: &str| text.split(name).skip(1).any(|behind| behind.starts_with(|c: char| c.is_ascii_digit()));
    ["Resident ", "Guard ", "demo-resident-", "demo-guard-"].into_iter().any(numbered)
        || ["Society Admin", "demo-admin", "Super Admin", "demo-super-admin"]
            .iter()
            .any(|name| text.contains(name))
}

/// `someone@somewhere.in`, and `user:password@host` alike.
fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(before, behind)| {
        before.ends_with(|c: char| c.is_alphanumeric()) && behind.contains('.')
    })
}

/// A field of JSON, of JSON in a text, of what `{:?}` writes, or of a query.
fn has_field(text: &str, field: &str) -> bool {
    text.match_indices(field).any(|(place, _)| {
        let whole = !text[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let behind = &text[place + field.len()..];
        whole
            && ["\":", "\\\":", ": \"", ": \\\"", ": Some(", "="].iter().any(|sign| behind.starts_with(sign))
    })
}
