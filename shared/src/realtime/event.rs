//! Events: what happened in a room, numbered without gaps; and what is to be pushed of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Room;
use crate::Cause;

/// One row of `outbox`, as the SQL function `emit(room, event, data)` returns it.
///
/// Serialised, it is the frame that a native client reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name, such as `visitor_request`.
    pub event: String,
    /// Where it is sent.
    pub room: Room,
    /// The room's epoch: positions of another one say nothing here.
    pub epoch: Uuid,
    /// Its position in the room: 1, 2, 3, … without gaps.
    pub seq: i64,
    /// Its id, by which clients tell a repeat.
    pub id: Uuid,
    /// Its payload; the contract lists the fields of each event.
    pub data: Map<String, Value>,
    /// The gateway's id of the request that it comes from, for the log alone.
    #[serde(default, skip_serializing)]
    pub request_id: Option<String>,
    /// The trace of that request, for the log alone.
    #[serde(default, skip_serializing)]
    pub trace_id: Option<String>,
}

impl Event {
    /// The request that it comes from.
    pub fn cause(&self) -> Cause {
        Cause { request_id: self.request_id.clone(), trace_id: self.trace_id.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::realtime::Protocol;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";
    const EPOCH: &str = "6f1d0c2a-54b7-4f0e-9d0a-0b7c4f6e2a11";

    #[test]
    fn a_native_frame_is_the_event_as_the_design_writes_it() {
        let emitted = json!({
            "id": ID, "room": format!("flat:{ID}"), "epoch": EPOCH, "seq": 42, "event": "visitor_request", "request_id": "r",
            "data": {"visitor_name": "Zoë \"Z\" \u{0}", "note": null},
        });
        let event: Event = serde_json::from_value(emitted).unwrap();
        let frame = Protocol::Native.event(&event).unwrap();
        assert_eq!(
            frame,
            format!(r#"{{"event":"visitor_request","room":"flat:{ID}","epoch":"{EPOCH}","#)
                + &format!(r#""seq":42,"id":"{ID}","#)
                + r#""data":{"note":null,"visitor_name":"Zoë \"Z\" \u0000"}}"#
        );
    }

    #[test]
    fn an_event_of_no_room_is_refused() {
        let emitted = json!({"id": ID, "room": "lobby", "epoch": EPOCH, "seq": 1, "event": "x", "data": {}});
        assert!(serde_json::from_value::<Event>(emitted).is_err());
    }
}
