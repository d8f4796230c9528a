//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("register_token").by(Person::Resident),
        // The last one to register it is its owner; to everybody else there is none.
        Entry::of("forget_token")
            .by(Person::Resident)
            .after("register_token")
            .answers([404, 200, 404, 404, 404, 404, 404, 404, 404, 404, 404, 404])
            .in_a_run("200", "200"),
        Entry::of("list_tokens").by(Person::Resident),
    ]
}
