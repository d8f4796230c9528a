//! What tests and tools know of these endpoints.

use shared::catalogue::{EXAMPLE_ID, Entry, Person, json};

/// The endpoints of residents.
pub(crate) fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("list_residents")
            .by(Person::Admin)
            .sends("id", json!("11111111-1111-1111-1111-111111111111"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("move_in")
            .by(Person::Admin)
            .sends("phone", json!("9811100077"))
            .answers([403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("withdraw_claim")
            .by(Person::Admin)
            .after_id("move_in", "/data/id")
            .answers([403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404])
            .in_a_run("404", "404"),
        // Who lives where has ids that no call here has made.
        Entry::of("move_out").by(Person::Admin).sends("id", json!(EXAMPLE_ID)).answers([404; 12]),
    ]
}
