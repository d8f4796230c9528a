//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, QR_CODE, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of("sign_in")
            .keeps("home", "JSON.stringify({ ...data.flat, ...data.guard, user_id: data.user.id })")
            .keeps("role", "data.guard ? 'guard' : data.flat ? 'resident' : 'other'"),
        // The phone of the example stands at no gate.
        Entry::of("sign_in_guard")
            .sends("phone", json!(null))
            .sends("device_identifier", json!(QR_CODE))
            .sends("device_code", json!(null))
            .answers([403; 12]),
        // Nobody here signs in with a PIN.
        Entry::of("change_pin").answers([403; 12]),
    ]
}
