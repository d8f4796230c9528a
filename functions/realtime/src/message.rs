//! Messages: a JSON object whose `action` says what is wanted. Unknown fields are ignored.
//!
//! A message that cannot be read is answered without asking any store.

use serde_json::{Map, Value};
use shared::{
    http::ApiError,
    input::{Fields, FromField, FromFields, Problem, ProblemCode},
    realtime::{Connection, Room},
};

use crate::{Realtime, Source, answer::Answer, join_room::JoinRoom};

/// What a client may say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Send me the events of this room.
    JoinRoom(JoinRoom),
    /// Send me the events of this room no more.
    LeaveRoom(Room),
    /// Are you there, and do you know me?
    Ping,
}

impl Realtime {
    /// Reads a message and does what it says.
    pub(crate) async fn answer_message(&self, source: &Source, text: &str) -> Answer {
        let message = match Message::parse(text) {
            Ok(message) => message,
            Err(answer) => return answer,
        };
        let done = match self.connections.find(&source.connection_id).await {
            Ok(Some(connection)) => self.act(&connection, message).await,
            Ok(None) => Ok(Answer::connection_unknown()),
            Err(error) => Err(error),
        };
        done.unwrap_or_else(|error| Answer::failed(&error, &source.request_id))
    }

    async fn act(&self, connection: &Connection, message: Message) -> Result<Answer, ApiError> {
        match message {
            Message::JoinRoom(wish) => self.join_room(connection, wish).await,
            Message::LeaveRoom(room) => self.leave_room(connection, room).await,
            Message::Ping => Ok(Answer::Pong),
        }
    }
}

/// The values of `action`.
#[derive(Clone, Copy)]
enum Action {
    JoinRoom,
    LeaveRoom,
    Ping,
}

impl FromField for Action {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match value.as_str() {
            Some("join_room") => Ok(Self::JoinRoom),
            Some("leave_room") => Ok(Self::LeaveRoom),
            Some("ping") => Ok(Self::Ping),
            Some(_) => Err(Problem::new(ProblemCode::WrongFormat, "must be join_room, leave_room or ping")),
            None => Err(Problem::new(ProblemCode::WrongType, "must be a text")),
        }
    }
}

impl Message {
    /// The message, or the error event that says everything that is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, Answer> {
        let fields: Map<String, Value> = match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(Answer::malformed("it must be a JSON object")),
            Err(_) => return Err(Answer::malformed("it is not valid JSON text")),
        };
        Fields::read(&fields).map_err(Answer::invalid)
    }
}

impl FromFields for Message {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.required("action")? {
            Action::JoinRoom => JoinRoom::from_fields(fields).map(Self::JoinRoom),
            Action::LeaveRoom => Room::from_fields(fields).map(Self::LeaveRoom),
            Action::Ping => Some(Self::Ping),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn messages_are_read() {
        let room: Room = format!("flat:{ID}").parse().unwrap();
        let join = |since| Message::JoinRoom(JoinRoom { room, since });
        for (sent, message) in [
            (json!({"action": "ping", "padding": [1, {}]}), Message::Ping),
            (json!({"action": "join_room", "room_type": "flat", "room_id": ID}), join(None)),
            (
                json!({"action": "join_room", "room_type": "FLAT", "room_id": ID.to_uppercase(), "user_id": "7",
                       "since": null}),
                join(None),
            ),
            (json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": 0}), join(Some(0))),
            (json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": 41}), join(Some(41))),
            (json!({"action": "leave_room", "room_type": "flat", "room_id": ID}), Message::LeaveRoom(room)),
        ] {
            assert_eq!(Message::parse(&sent.to_string()).unwrap(), message);
        }
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
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
        ]
        .into_iter()
        .chain([rubbish.as_str(), &nested, &closed])
        {
            let answer = error(text);
            assert_eq!(answer["code"], "MALFORMED_JSON", "{}", &text[..text.len().min(40)]);
            assert!(answer.to_string().len() < 200, "the answer is short and repeats nothing");
        }
    }

    #[test]
    fn all_problems_of_a_message_are_listed() {
        for (sent, fields) in [
            (json!({}), vec!["action"]),
            (json!({"action": null}), vec!["action"]),
            (json!({"action": "shout"}), vec!["action"]),
            (json!({"action": "JOIN_ROOM"}), vec!["action"]),
            (json!({"action": ["ping"]}), vec!["action"]),
            (json!({"action": "join_room"}), vec!["room_type", "room_id"]),
            (
                json!({"action": "join_room", "room_type": 1, "room_id": {}, "since": "41"}),
                vec!["room_type", "room_id", "since"],
            ),
            (json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": -1}), vec!["since"]),
            (json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": 1.5}), vec!["since"]),
            (
                json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": u64::MAX}),
                vec!["since"],
            ),
            (
                json!({"action": "leave_room", "room_type": "lobby", "room_id": "\u{0}"}),
                vec!["room_type", "room_id"],
            ),
        ] {
            let answer = error(&sent.to_string());
            assert_eq!(answer["code"], "VALIDATION_FAILED", "{sent}");
            let named: Vec<_> =
                answer["details"].as_array().unwrap().iter().map(|d| d["field"].clone()).collect();
            assert_eq!(named, fields, "{sent}");
            for field in fields {
                assert!(answer["message"].as_str().unwrap().contains(field), "{answer}");
            }
        }
    }

    fn error(text: &str) -> Value {
        let answer = serde_json::to_value(Message::parse(text).unwrap_err()).unwrap();
        assert_eq!(answer["event"], "error");
        answer
    }
}
