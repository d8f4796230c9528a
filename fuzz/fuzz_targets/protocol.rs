//! Reads whatever a client may send, in both protocols. Nothing panics, and what is said back is a
//! frame that clients can read: never empty, and none that a client of Socket.IO takes for JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shared::realtime::{Protocol, Said};

fuzz_target!(|text: &str| {
    for protocol in [Protocol::guess(text), Protocol::Native, Protocol::SocketIo] {
        let answer = json!({"event": "error", "code": "X", "message": text});
        let frame = match protocol.read(text) {
            Said::Action { ack, .. } => protocol.answer(&answer, ack),
            Said::Hello { token } => {
                assert!(token.is_none_or(|token| !token.is_empty()));
                protocol.rejection("X", text)
            }
            Said::Elsewhere(refusal) => refusal,
            Said::Goodbye | Said::Nothing | Said::Malformed(_) | Said::Violation => continue,
        };
        let first = frame.chars().next().expect("a frame is never empty");
        assert_eq!(first == '{', protocol == Protocol::Native, "{frame}");
    }
});
