//! What goes over a connection. A client speaks one of two protocols, and only this module knows
//! what they look like: everything else reads [`Said`] and writes events and answers.

mod native;
mod socket_io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Event;
use crate::config::PingConfig;

/// The longest message of a client, in bytes: what fits into one frame (API Gateway quotas for
/// WebSocket APIs).
pub const MAX_MESSAGE: usize = 32 * 1024;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// JSON text frames of our own.
    Native,
    /// Socket.IO 5 on Engine.IO 4, over WebSocket alone.
    SocketIo,
}

/// What a client said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It opens the conversation, perhaps with a token.
    Hello {
        /// The token.
        token: Option<String>,
    },
    /// It asks for something; `action` among the fields says what.
    Action {
        /// The message's fields.
        fields: Map<String, Value>,
        /// The number under which it awaits the answer.
        ack: Option<u64>,
    },
    /// It ends the conversation and keeps the connection.
    Goodbye,
    /// Nothing that asks for anything.
    Nothing,
    /// It opens a conversation that there is not; here is what it is told.
    Elsewhere(String),
    /// The message cannot be read; here is why, and the conversation goes on.
    Malformed(&'static str),
    /// The protocol is broken; the connection has to be closed.
    Violation,
}

/// The query of a connection asks for a transport or a version that is not spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unspoken;

impl Protocol {
    /// What a connection speaks, by `EIO` and `transport` of its query; our own where neither is there.
    pub fn of_query(eio: Option<&str>, transport: Option<&str>) -> Result<Self, Unspoken> {
        match (eio, transport) {
            (None, None) => Ok(Self::Native),
            (Some("4"), Some("websocket")) => Ok(Self::SocketIo),
            _ => Err(Unspoken),
        }
    }

    /// What a connection seems to speak, where nobody can be asked: packets of Socket.IO begin with a
    /// digit, and messages of our own with a brace.
    pub fn guess(text: &str) -> Self {
        if text.starts_with(|first: char| first.is_ascii_digit()) { Self::SocketIo } else { Self::Native }
    }

    /// Whether the server has to speak first and to ping, and the client to say hello before it is heard.
    pub fn has_handshake(self) -> bool {
        self == Self::SocketIo
    }

    /// Reads what a client said.
    pub fn read(self, text: &str) -> Said {
        match self {
            Self::Native => native::read(text),
            Self::SocketIo => socket_io::read(text),
        }
    }

    /// The frame with which the server speaks first, where it does; it says when pings are to come.
    pub fn opening(self, pings: PingConfig) -> Option<String> {
        match self {
            Self::Native => None,
            Self::SocketIo => Some(socket_io::opening(&session(), pings)),
        }
    }

    /// The frame that asks a client whether it is there, where the server has to.
    pub fn ping(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::SocketIo => Some(socket_io::PING),
        }
    }

    /// The frame that lets a client in after its hello.
    pub fn welcome(self) -> String {
        match self {
            Self::Native => self.silence().to_owned(),
            Self::SocketIo => socket_io::welcome(&session()),
        }
    }

    /// The frame that does not let a client in.
    pub fn rejection(self, code: &str, message: &str) -> String {
        match self {
            Self::Native => native::error(code, message),
            Self::SocketIo => socket_io::rejection(code, message),
        }
    }

    /// The frame of an event.
    pub fn event(self, event: &Event) -> Result<String, serde_json::Error> {
        match self {
            Self::Native => serde_json::to_string(event),
            Self::SocketIo => socket_io::event(event),
        }
    }

    /// The frame of an answer: an object whose `event` names it.
    pub fn answer(self, answer: &Value, ack: Option<u64>) -> String {
        match self {
            Self::Native => answer.to_string(),
            Self::SocketIo => socket_io::answer(answer, ack),
        }
    }

    /// What is sent where nothing is to be said and something has to be: the text may be empty where
    /// a client takes that for nothing.
    pub fn silence(self) -> &'static str {
        match self {
            Self::Native => "",
            Self::SocketIo => socket_io::NOOP,
        }
    }
}

/// The id of a session. Clients keep it, and nothing here reads it.
fn session() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_says_what_is_spoken() {
        for (eio, transport, spoken) in [
            (None, None, Ok(Protocol::Native)),
            (Some("4"), Some("websocket"), Ok(Protocol::SocketIo)),
            (Some("4"), Some("polling"), Err(Unspoken)),
            (Some("4"), None, Err(Unspoken)),
            (Some("3"), Some("websocket"), Err(Unspoken)),
            (Some(""), Some("websocket"), Err(Unspoken)),
            (Some("abc"), Some("websocket"), Err(Unspoken)),
            (None, Some("websocket"), Err(Unspoken)),
        ] {
            assert_eq!(Protocol::of_query(eio, transport), spoken, "{eio:?} {transport:?}");
        }
    }

    #[test]
    fn a_protocol_is_recognised_by_its_first_character() {
        for (text, protocol) in [
            ("40", Protocol::SocketIo),
            ("3", Protocol::SocketIo),
            ("{}", Protocol::Native),
            ("", Protocol::Native),
            ("٤", Protocol::Native),
        ] {
            assert_eq!(Protocol::guess(text), protocol, "{text}");
        }
    }
}
