//! Socket.IO 5 on Engine.IO 4, as far as it reaches a server that has WebSocket text frames alone
//! (Engine.IO protocol, revision 4; Socket.IO protocol, revision 5).
//!
//! - One frame is one packet: a digit for Engine.IO's type, and for a message a digit for Socket.IO's.
//! - An event to a client carries exactly one argument, an object; `_meta` in it holds what our own
//!   protocol says beside the payload. The connect answer has no `pid`. No frame begins with a brace and
//!   none is empty: the Dart client (2.0.3) throws on either.
//! - There are no binary packets and only the main namespace.
//! - The server pings. A client only minds that a ping comes within interval and timeout of the last one,
//!   and takes the timeout for what a ping may be late.

use serde_json::{Map, Value, json};

use super::{MAX_MESSAGE, Said};
use crate::{config::PingConfig, realtime::Event};

/// Engine.IO's packet that asks whether the client is there.
pub(super) const PING: &str = "2";
/// Engine.IO's packet that means nothing.
pub(super) const NOOP: &str = "6";
/// Names of events that clients keep for themselves (Socket.IO protocol, "Sending and receiving data").
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Reads a frame.
pub(super) fn read(text: &str) -> Said {
    match text.split_at_checked(1) {
        Some(("4", packet)) => read_packet(packet),
        Some(("3", _)) | Some(("6", "")) => Said::Nothing,
        _ => Said::Violation,
    }
}

/// Reads a packet of Socket.IO: `<type>[<namespace>,][<ack id>][<JSON>]`.
fn read_packet(packet: &str) -> Said {
    let Some((kind, rest)) = packet.split_at_checked(1) else { return Said::Violation };
    let (namespace, rest) = match rest.starts_with('/') {
        true => rest.split_once(',').unwrap_or((rest, "")),
        false => ("/", rest),
    };
    match (kind, is_main(namespace)) {
        ("0", true) => read_hello(rest),
        ("0", false) => Said::Elsewhere(refuse_namespace(namespace)),
        ("1", true) if rest.is_empty() => Said::Goodbye,
        ("2", true) => read_event(rest),
        // Nothing that is sent from here asks for an acknowledgement, so one is of no use and no harm.
        ("3", true) => Said::Nothing,
        _ => Said::Violation,
    }
}

/// Whether it is the main namespace; a query after it is for the server's eyes.
fn is_main(namespace: &str) -> bool {
    namespace == "/" || namespace.starts_with("/?")
}

fn read_hello(data: &str) -> Said {
    if data.is_empty() {
        return Said::Hello { token: None };
    }
    match serde_json::from_str::<Value>(data) {
        Ok(Value::Object(mut auth)) => {
            let token = match auth.remove("token") {
                Some(Value::String(token)) if !token.is_empty() => Some(token),
                _ => None,
            };
            Said::Hello { token }
        }
        _ => Said::Violation,
    }
}

/// Reads `[<ack id>]["<name>"(,<argument>)*]`. Of the arguments the first one counts.
fn read_event(rest: &str) -> Said {
    let digits = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    let (number, data) = rest.split_at(digits);
    let ack = match number {
        "" => None,
        number => match number.parse() {
            Ok(ack) => Some(ack),
            Err(_) => return Said::Violation,
        },
    };
    let Ok(Value::Array(arguments)) = serde_json::from_str(data) else { return Said::Violation };
    let mut arguments = arguments.into_iter();
    let Some(Value::String(name)) = arguments.next() else { return Said::Violation };
    if RESERVED.contains(&name.as_str()) {
        return Said::Violation;
    }
    let mut fields = match arguments.next() {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.insert("action".to_owned(), Value::String(name));
    Said::Action { fields, ack }
}

/// The packet with which Engine.IO opens a session.
pub(super) fn opening(session: &str, pings: PingConfig) -> String {
    let handshake = json!({
        "sid": session,
        "upgrades": [],
        "pingInterval": pings.interval_ms,
        "pingTimeout": pings.timeout_ms,
        "maxPayload": MAX_MESSAGE,
    });
    format!("0{handshake}")
}

pub(super) fn welcome(session: &str) -> String {
    format!("40{}", json!({ "sid": session }))
}

pub(super) fn rejection(code: &str, message: &str) -> String {
    format!("44{}", json!({"message": message, "data": {"code": code}}))
}

fn refuse_namespace(namespace: &str) -> String {
    // What stands in the packet is repeated only where it can be nothing but a name.
    let name = namespace.split_once('?').map_or(namespace, |(name, _)| name);
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.".contains(letter);
    let name = if name.len() <= 64 && name.chars().all(plain) { name } else { "/" };
    let prefix = if name == "/" { String::new() } else { format!("{name},") };
    format!("44{prefix}{}", json!({"message": "Invalid namespace"}))
}

/// The packet of an event: `42["<name>",{…,"_meta":{…}}]`.
pub(super) fn event(event: &Event) -> Result<String, serde_json::Error> {
    let mut data = event.data.clone();
    data.insert(
        "_meta".to_owned(),
        json!({"id": event.id, "room": event.room, "epoch": event.epoch, "seq": event.seq}),
    );
    Ok(format!("42{}", serde_json::to_string(&(&event.event, data))?))
}

/// The packet of an answer: an acknowledgement where one was asked for, else an event of its name.
pub(super) fn answer(answer: &Value, ack: Option<u64>) -> String {
    if let Some(ack) = ack {
        return format!("43{ack}{}", json!([answer]));
    }
    let mut fields = answer.as_object().cloned().unwrap_or_default();
    let name = fields.remove("event").unwrap_or_else(|| json!("answer"));
    format!("42{}", json!([name, fields]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::realtime::Room;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    fn wish(action: &str, mut fields: Value, ack: Option<u64>) -> Said {
        fields["action"] = json!(action);
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        Said::Action { fields, ack }
    }

    #[test]
    fn packets_are_read() {
        let hello = |token: Option<&str>| Said::Hello { token: token.map(str::to_owned) };
        for (text, said) in [
            ("40", hello(None)),
            ("40{}", hello(None)),
            ("40/,{\"token\":\"t\"}", hello(Some("t"))),
            ("40/?x=1,", hello(None)),
            ("40{\"token\":\"t\",\"more\":1}", hello(Some("t"))),
            ("40{\"token\":\"\"}", hello(None)),
            ("40{\"token\":7}", hello(None)),
            ("41", Said::Goodbye),
            ("41/,", Said::Goodbye),
            ("42[\"ping\"]", wish("ping", json!({}), None)),
            ("42/,[\"ping\"]", wish("ping", json!({}), None)),
            ("420[\"ping\",null]", wish("ping", json!({}), Some(0))),
            (
                "4217[\"join_room\",{\"room_type\":\"flat\",\"action\":\"x\"},7]",
                wish("join_room", json!({"room_type": "flat"}), Some(17)),
            ),
            ("431[]", Said::Nothing),
            ("3", Said::Nothing),
            ("3probe", Said::Nothing),
            ("6", Said::Nothing),
        ] {
            assert_eq!(read(text), said, "{text}");
        }
    }

    #[test]
    fn what_breaks_the_protocol_is_a_violation() {
        for text in [
            "",
            "0",
            "1",
            "2",
            "2probe",
            "5",
            "7",
            "6x",
            "abc",
            "é",
            "{}",
            "4",
            "4x",
            "4abc",
            "47",
            "4 0",
            "40[",
            "40[]",
            "40null",
            "40\"t\"",
            "40x",
            "41x",
            "42",
            "42{}",
            "42[]",
            "42[1]",
            "42[null]",
            "42[\"x\"",
            "42[\"connect\"]",
            "42[\"disconnect\",{}]",
            "42[[\"x\"]]",
            "4299999999999999999999[\"x\"]",
            "42x[\"x\"]",
            "42-1[\"x\"]",
            "42/admin,[\"x\"]",
            "44{}",
            "45",
            "451-[\"x\",{\"_placeholder\":true,\"num\":0}]",
            "461-[]",
            "41/admin,",
        ] {
            assert_eq!(read(text), Said::Violation, "{text}");
        }
        let nested = format!("42[\"x\",{}", "[".repeat(100_000));
        assert_eq!(read(&nested), Said::Violation);
    }

    #[test]
    fn an_unknown_namespace_is_refused_by_its_name() {
        for (text, refusal) in [
            ("40/admin,", "44/admin,{\"message\":\"Invalid namespace\"}"),
            ("40/admin", "44/admin,{\"message\":\"Invalid namespace\"}"),
            ("40/admin,{\"token\":\"t\"}", "44/admin,{\"message\":\"Invalid namespace\"}"),
            ("40/admin?x=1,{}", "44/admin,{\"message\":\"Invalid namespace\"}"),
            ("40/\"{,{}", "44{\"message\":\"Invalid namespace\"}"),
        ] {
            assert_eq!(read(text), Said::Elsewhere(refusal.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_opening_packet_has_every_field_and_no_other() {
        let packet = opening("s", PingConfig { interval_ms: 300_000, timeout_ms: 120_000 });
        let fields: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
        assert_eq!(
            fields,
            json!({"sid": "s", "upgrades": [], "pingInterval": 300_000, "pingTimeout": 120_000,
                   "maxPayload": 32_768})
        );
    }

    #[test]
    fn answers_are_written() {
        assert_eq!(welcome("s"), "40{\"sid\":\"s\"}");
        assert_eq!(
            rejection("TOKEN_EXPIRED", "Please sign in."),
            "44{\"data\":{\"code\":\"TOKEN_EXPIRED\"},\"message\":\"Please sign in.\"}"
        );
        let joined = json!({"event": "room_joined", "seq": 4});
        assert_eq!(answer(&joined, Some(7)), "437[{\"event\":\"room_joined\",\"seq\":4}]");
        assert_eq!(answer(&joined, None), "42[\"room_joined\",{\"seq\":4}]");
    }

    fn told(name: &str, room: Room, seq: i64, data: Map<String, Value>) -> Event {
        let (event, id) = (name.to_owned(), ID.parse().unwrap());
        Event { event, room, epoch: Uuid::nil(), seq, id, data, request_id: None, trace_id: None }
    }

    #[test]
    fn an_event_has_one_argument_and_its_meta() {
        let room: Room = format!("flat:{ID}").parse().unwrap();
        let data = json!({"visitor_name": "Zoë \"Z\""}).as_object().unwrap().clone();
        let packet = event(&told("visitor_request", room, 42, data)).unwrap();
        let arguments: Value = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
        let meta = json!({"id": ID, "room": format!("flat:{ID}"), "epoch": Uuid::nil(), "seq": 42});
        assert_eq!(arguments, json!(["visitor_request", {"visitor_name": "Zoë \"Z\"", "_meta": meta}]));
    }

    proptest! {
        /// Whatever comes, reading ends, and what is repeated to the client is a packet it can read.
        #[test]
        fn any_text_can_be_read(text in "\\PC{0,200}") {
            if let Said::Elsewhere(refusal) = read(&text) {
                prop_assert!(refusal.starts_with("44"));
            }
        }

        #[test]
        fn anything_after_a_packets_type_can_be_read(kind in "4[0-6]", rest in "[-/,\\[\\]{}\":a-z0-9 ]{0,60}") {
            let _ = read(&format!("{kind}{rest}"));
        }

        /// No frame begins with a brace or is empty, and each event has one argument.
        #[test]
        fn frames_are_safe_for_clients(name in "[a-z_]{1,20}", text in "\\PC{0,80}", seq in 1_i64..) {
            let room = Room::flat(Uuid::nil());
            let data = json!({"text": text, "_meta": text}).as_object().unwrap().clone();
            let packet = event(&told(&name, room, seq, data)).unwrap();
            let arguments: Vec<Value> = serde_json::from_str(packet.strip_prefix("42").unwrap()).unwrap();
            prop_assert_eq!(arguments.len(), 2);
            prop_assert_eq!(&arguments[1]["text"], &json!(text));
            prop_assert_eq!(&arguments[1]["_meta"]["seq"], &json!(seq));
            let answered = answer(&json!({"event": name, "text": text}), None);
            prop_assert!(answered.starts_with("42["));
        }
    }
}
