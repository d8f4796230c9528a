//! Messages: fields of which `action` says what is wanted. Unknown fields are ignored.

use serde_json::Value;
use shared::{
    http::ApiError,
    input::{Fields, FromField, FromFields, Problem, ProblemCode},
    realtime::{Connection, Heard, Protocol, Room, Said},
};

use crate::{Realtime, Source, answer::Answer, join_room::JoinRoom};

/// What a client may say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// Send me the events of this room.
    JoinRoom(JoinRoom),
    /// Send me the events of this room no more.
    LeaveRoom(Room),
    /// Are you there, and how far have my rooms come?
    Ping,
}

impl Realtime {
    /// Reads what a client said and does what it wants; answers the frame it is sent.
    pub(crate) async fn answer_message(&self, source: &Source, text: &str) -> String {
        let heard = self.connections().hear(&source.connection_id).await;
        let (protocol, answer) = match heard {
            Ok(Heard::From(connection)) => return self.answer(&connection, source, text).await,
            Ok(Heard::TooMuch { connection, closes: true }) => return self.hang_up(&connection).await,
            Ok(Heard::TooMuch { connection, closes: false }) => {
                (connection.protocol, Answer::too_many_messages())
            }
            Ok(Heard::Nobody) => (Protocol::guess(text), Answer::connection_unknown()),
            Err(error) => (Protocol::guess(text), Answer::failed(&error.into(), &source.request_id)),
        };
        refuse_message(protocol, text, &answer)
    }

    async fn answer(&self, connection: &Connection, source: &Source, text: &str) -> String {
        let protocol = connection.protocol;
        match protocol.read(text) {
            Said::Hello { token } => self.hello(connection, source, token).await,
            Said::Wish { fields, ack } if connection.admitted => {
                let answer = match Fields::read(&fields) {
                    Ok(message) => self.act(connection, message).await,
                    Err(problems) => Ok(Answer::invalid(problems)),
                };
                let answer = answer.unwrap_or_else(|error| Answer::failed(&error.into(), &source.request_id));
                protocol.answer(&answer.to_json(), ack)
            }
            Said::Goodbye => match self.connections().dismiss(connection).await {
                Ok(()) => protocol.silence().to_owned(),
                Err(_) => self.hang_up(connection).await,
            },
            Said::Nothing => protocol.silence().to_owned(),
            Said::Elsewhere(refusal) => refusal,
            Said::Malformed(why) => protocol.answer(&Answer::malformed(why).to_json(), None),
            // A message before the connection is admitted breaks the protocol, too.
            Said::Violation | Said::Wish { .. } => self.hang_up(connection).await,
        }
    }

    /// Closes a connection. The frame that is answered reaches nobody any more.
    pub(crate) async fn hang_up(&self, connection: &Connection) -> String {
        let Connection { id, connected_at, protocol, .. } = connection;
        self.gateway().hang_up(id).await;
        if let Err(error) = self.connections().close(id, *connected_at).await {
            tracing::warn!(?error, "a connection that was closed could not be removed");
        }
        protocol.silence().to_owned()
    }

    async fn act(&self, connection: &Connection, message: Message) -> Result<Answer, ApiError> {
        match message {
            Message::JoinRoom(wish) => self.join_room(connection, wish).await,
            Message::LeaveRoom(room) => self.leave_room(connection, room).await,
            Message::Ping => self.ping(connection).await,
        }
    }
}

/// The frame of an answer to a message that was not acted on, in the place where its client awaits one.
pub(crate) fn refuse_message(protocol: Protocol, text: &str, answer: &Answer) -> String {
    let answer = answer.to_json();
    match protocol.read(text) {
        Said::Hello { .. } => {
            let part = |name: &str| answer[name].as_str().unwrap_or_default();
            protocol.rejection(part("code"), part("message"))
        }
        Said::Wish { ack, .. } => protocol.answer(&answer, ack),
        // A client that only shows that it is there learns that it is not, and no trouble of ours.
        Said::Nothing if answer["code"] != "CONNECTION_UNKNOWN" => protocol.silence().to_owned(),
        Said::Goodbye | Said::Nothing | Said::Elsewhere(_) | Said::Malformed(_) | Said::Violation => {
            protocol.answer(&answer, None)
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
            // The Dart client of Socket.IO keeps the name `ping` for itself.
            Some("ping" | "positions") => Ok(Self::Ping),
            Some(_) => {
                let known = "must be join_room, leave_room, ping or positions";
                Err(Problem::new(ProblemCode::WrongFormat, known))
            }
            None => Err(Problem::new(ProblemCode::WrongType, "must be a text")),
        }
    }
}

impl FromFields for Message {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        match fields.field("action")? {
            Action::JoinRoom => JoinRoom::from_fields(fields).map(Self::JoinRoom),
            Action::LeaveRoom => Room::from_fields(fields).map(Self::LeaveRoom),
            Action::Ping => Some(Self::Ping),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::join_room::{Epoch, Position};

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn messages_are_read() {
        let room: Room = format!("flat:{ID}").parse().unwrap();
        let join = |since: Option<i64>| {
            Message::JoinRoom(JoinRoom { room, since: since.map(Position), epoch: None })
        };
        let epoch = |epoch| {
            let (since, epoch) = (Some(Position(41)), Some(Epoch(epoch)));
            Message::JoinRoom(JoinRoom { room, since, epoch })
        };
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
            (
                json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": 41, "epoch": ID}),
                epoch(ID.parse().unwrap()),
            ),
            (
                json!({"action": "join_room", "room_type": "flat", "room_id": ID, "since": 41, "epoch": "7"}),
                epoch(Uuid::nil()),
            ),
            (json!({"action": "leave_room", "room_type": "flat", "room_id": ID}), Message::LeaveRoom(room)),
        ] {
            assert_eq!(Fields::read::<Message>(sent.as_object().unwrap()).unwrap(), message);
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
                json!({"action": "join_room", "room_type": 1, "room_id": {}, "since": "41", "epoch": 7}),
                vec!["room_type", "room_id", "since", "epoch"],
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
            let problems = Fields::read::<Message>(sent.as_object().unwrap()).unwrap_err();
            let answer = Answer::invalid(problems).to_json();
            assert_eq!(answer["code"], "VALIDATION_FAILED", "{sent}");
            let named: Vec<_> =
                answer["details"].as_array().unwrap().iter().map(|d| d["field"].clone()).collect();
            assert_eq!(named, fields, "{sent}");
            let sentence = answer["message"].as_str().unwrap();
            assert!(sentence.starts_with("The ") && sentence.ends_with('.'), "{answer}");
        }
    }
}
