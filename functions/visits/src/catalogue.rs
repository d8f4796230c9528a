//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("check_in")
            .after_id("respond", "/data/visitor_id")
            .answers([201, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .keeps("visit_id", "data.id"),
        Entry::of("check_out")
            .after_id("check_in", "/data/id")
            .answers([200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200"], &["checkout_time"], &json!("2026-01-31T19:10:00Z")),
        Entry::of("list_visits")
            .after("check_in")
            .query("flat_id=44444444-4444-4444-4444-444444444444")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
    ]
}
