//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of("get_health")
            .shows(&["503"], &["success"], &json!(false))
            .shows(&["503"], &["status"], &json!("unhealthy"))
            .shows(&["503"], &["database"], &json!("unreachable")),
    ]
}
