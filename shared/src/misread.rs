//! Where JSON does not fit the type that it is read as: the path of the field, and never its value.
//!
//! The path is found from the place that the error names, after the fact, so that no reading has to note it on its way.

use std::fmt::Write;

use serde_json::{Error, error::Category};

/// What is around the place.
enum Around {
    /// An object, with the key whose value comes or came last.
    Object { key: String, is_next: bool },
    /// A list, with the number of the element.
    List(usize),
}

/// Says which field of the text does not fit, as `answer.visitors[2].name does not fit`.
pub(crate) fn misfit(text: &[u8], error: &Error) -> String {
    let (path, words) = (path(text, error), error.to_string());
    // What serde says of a field that is missing holds its name, from the type.
    let missing = words.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match (missing, error.classify()) {
        (Some((field, _)), _) if path.is_empty() => format!("{field} is missing"),
        (Some((field, _)), _) => format!("{path}.{field} is missing"),
        (None, Category::Data) if path.is_empty() => "the whole does not fit".to_owned(),
        (None, Category::Data) => format!("{path} does not fit"),
        (None, Category::Io | Category::Syntax | Category::Eof) => format!("it is no JSON behind '{path}'"),
    }
}

fn path(text: &[u8], error: &Error) -> String {
    let mut around = Vec::new();
    let mut bytes = before(text, error).iter();
    while let Some(byte) = bytes.next() {
        match (byte, around.last_mut()) {
            (b'{', _) => around.push(Around::Object { key: String::new(), is_next: true }),
            (b'[', _) => around.push(Around::List(0)),
            (b'}' | b']', _) => drop(around.pop()),
            (b'"', Some(Around::Object { key, is_next: true })) => *key = string(&mut bytes),
            (b'"', _) => drop(string(&mut bytes)),
            (b':', Some(Around::Object { is_next, .. })) => *is_next = false,
            (b',', Some(Around::Object { is_next, .. })) => *is_next = true,
            (b',', Some(Around::List(number))) => *number += 1,
            _ => {}
        }
    }
    let mut path = String::new();
    for around in &around {
        match around {
            Around::Object { key, .. } if path.is_empty() => path.push_str(key),
            Around::Object { key, .. } if !key.is_empty() => path.extend([".", key]),
            Around::Object { .. } => {}
            // Writing into a string does not fail.
            Around::List(number) => drop(write!(path, "[{number}]")),
        }
    }
    path
}

/// What stands before the place of the error.
fn before<'a>(text: &'a [u8], error: &Error) -> &'a [u8] {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let start: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    text.get(..start + error.column()).unwrap_or(text)
}

/// The rest of a string whose quote has been read, as it stands there.
fn string<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> String {
    let mut string = Vec::new();
    while let Some(byte) = bytes.next().filter(|byte| **byte != b'"') {
        string.push(*byte);
        if *byte == b'\\' {
            string.extend(bytes.next());
        }
    }
    String::from_utf8_lossy(&string).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::{Deserialize, de::DeserializeOwned};
    use uuid::Uuid;

    use super::misfit;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "they are read, and no more")]
    struct Pass {
        id: Uuid,
        name: Option<String>,
        people: Vec<Person>,
        state: Option<State>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "they are read, and no more")]
    struct Person {
        name: String,
        age: u8,
    }

    #[derive(Debug, Deserialize)]
    enum State {
        Pending,
    }

    fn of<T: DeserializeOwned + Debug>(text: &str) -> String {
        misfit(text.as_bytes(), &serde_json::from_str::<T>(text).unwrap_err())
    }

    #[test]
    fn the_path_is_said_and_never_the_value() {
        let id = Uuid::nil();
        for (text, said) in [
            (
                r#"{"id": "ID", "people": [{"name": "Asha, \"A\": {", "age": 3}, {"name": "Ravi", "age": "Ravi"}]}"#,
                "people[1].age does not fit",
            ),
            (
                r#"{"id": "ID", "people": [{"name": "Asha", "age": 3}, {"name": "Ravi", "age": 900}], "name": "Asha"}"#,
                "people[1].age does not fit",
            ),
            (r#"{"id": "ID", "people": [{"age": 3}]}"#, "people[0].name is missing"),
            (r#"{"id": "ID", "people": [{"name": "Asha", "age": null}]}"#, "people[0].age does not fit"),
            (r#"{"id": "ID", "people": {"name": "Asha"}}"#, "people does not fit"),
            (r#"{"id": "ID", "name": {"Asha": 1}, "people": []}"#, "name does not fit"),
            (r#"{"id": "ID", "name": ["Asha"], "people": []}"#, "name does not fit"),
            (r#"{"id": "Asha", "people": []}"#, "id does not fit"),
            ("{\"name\": \"A\",\n \"id\": \"Asha\", \"people\": []}", "id does not fit"),
            (r#"{"id": "ID", "people": [], "state": "Asha"}"#, "state does not fit"),
            (r#"{"id": "ID", "other": {"id": [1, {"id": 2}]}}"#, "people is missing"),
            (r#"["Asha"]"#, "the whole does not fit"),
            ("7", "the whole does not fit"),
        ] {
            let text = text.replace("ID", &id.to_string());
            let heard = of::<Pass>(&text);
            assert!(
                heard == said || said == "the whole does not fit" && heard == "[0] does not fit",
                "{text}: {heard}"
            );
        }
        assert_eq!(of::<Vec<Pass>>(r#"[{"people": []}]"#), "[0].id is missing");
        assert_eq!(of::<Vec<u8>>("[1, 2, -3]"), "[2] does not fit");
        assert_eq!(of::<Vec<u8>>("[1, 2, Asha"), "it is no JSON behind '[2]'");
    }
}
