//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person, json};

use crate::{import, places, roles, templates};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    let own = vec![
        Entry::of("verify_audit")
            .by(Person::Admin)
            .after("create_visitor")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("export_audit")
            .by(Person::Admin)
            .after("create_visitor")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("list_audit")
            .by(Person::Admin)
            .after("create_visitor")
            .sends("id", json!("11111111-1111-1111-1111-111111111111"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
    ];
    [
        own,
        places::catalogue::entries(),
        roles::catalogue::entries(),
        templates::catalogue::entries(),
        import::catalogue::entries(),
    ]
    .concat()
}
