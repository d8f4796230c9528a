//! What tests and tools know of these endpoints.

use shared::catalogue::Entry;

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of("get_me")
            .keeps("notification_id", "data.recent_notifications[0]?.id")
            .keeps("user_name", "data.user.name"),
        Entry::of("change_me"),
    ]
}
