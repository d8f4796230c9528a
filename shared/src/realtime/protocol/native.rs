//! Our own protocol: a message is one JSON object, and its `action` says what is wanted.

use serde_json::{Value, json};

use super::Said;

pub(super) fn read(text: &str) -> Said {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Said::Action { fields, ack: None },
        Ok(_) => Said::Malformed("it must be a JSON object"),
        Err(_) => Said::Malformed("it is not valid JSON text"),
    }
}

pub(super) fn error(code: &str, message: &str) -> String {
    json!({"event": "error", "code": code, "message": message}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_json_object() {
        let Said::Action { fields, ack: None } = read(r#" {"action":"ping","x":[1]} "#) else {
            panic!("it is a wish");
        };
        assert_eq!(Value::Object(fields), json!({"action": "ping", "x": [1]}));
    }

    #[test]
    fn anything_else_is_malformed() {
        let rubbish = "x".repeat(128 * 1024);
        let nested = "[".repeat(128 * 1024);
        let closed = format!("{}{}", "{\"a\":".repeat(10_000), "1".to_owned() + &"}".repeat(10_000));
        for text in [
            "",
            " ",
            "\0",
            "ping",
            "null",
            "7",
            "\"ping\"",
            "[]",
            "{",
            "{}{}",
            "{\"action\":\"ping\"",
            "{\"a\u{0}\":1}",
            "42[\"join_room\",{}]",
        ]
        .into_iter()
        .chain([rubbish.as_str(), &nested, &closed])
        {
            assert!(matches!(read(text), Said::Malformed(_)), "{}", &text[..text.len().min(40)]);
        }
    }
}
