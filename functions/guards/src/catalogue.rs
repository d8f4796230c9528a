//! What tests and tools know of these endpoints.

use shared::catalogue::Entry;

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("register_device"),
        Entry::of("list_expected")
            .after("create_guest_pass")
            .answers([200, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
    ]
}
