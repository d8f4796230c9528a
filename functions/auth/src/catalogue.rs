//! What tests and tools know of these endpoints.

use shared::catalogue::Entry;

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of("sign_in")
            .keeps("home", "JSON.stringify({ ...data.flat, ...data.guard, user_id: data.user.id })")
            .keeps("role", "data.guard ? 'guard' : data.flat ? 'resident' : 'other'"),
    ]
}
