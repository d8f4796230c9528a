//! Events: what happened in a room, numbered without gaps; and what is to be pushed of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Room;

/// One row of `outbox`, as the SQL function `emit(room, event, data)` returns it.
///
/// Serialised, it is the frame that a native client reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name, such as `visitor_request`.
    pub event: String,
    /// Where it is sent.
    pub room: Room,
    /// Its position in the room: 1, 2, 3, … without gaps.
    pub seq: i64,
    /// Its id, by which clients tell a repeat.
    pub id: Uuid,
    /// Its payload; the contract lists the fields of each event.
    pub data: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::realtime::Protocol;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn a_native_frame_is_the_event_as_the_design_writes_it() {
        let emitted = json!({
            "id": ID, "room": format!("flat:{ID}"), "seq": 42, "event": "visitor_request",
            "data": {"visitor_name": "Zoë \"Z\" \u{0}", "note": null},
        });
        let event: Event = serde_json::from_value(emitted).unwrap();
        let frame = Protocol::Native.event(&event).unwrap();
        assert_eq!(
            frame,
            format!(r#"{{"event":"visitor_request","room":"flat:{ID}","seq":42,"id":"{ID}","#,)
                + r#""data":{"note":null,"visitor_name":"Zoë \"Z\" \u0000"}}"#
        );
    }

    #[test]
    fn an_event_of_no_room_is_refused() {
        let emitted = json!({"id": ID, "room": "lobby", "seq": 1, "event": "x", "data": {}});
        assert!(serde_json::from_value::<Event>(emitted).is_err());
    }
}
