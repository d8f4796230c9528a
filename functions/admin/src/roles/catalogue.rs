//! What tests and tools know of these endpoints.

use shared::catalogue::{EXAMPLE_ID, Entry, Person, Value, json};

/// The endpoints of roles.
pub(crate) fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    let society = json!("11111111-1111-1111-1111-111111111111");
    let block = json!("33333333-3333-3333-3333-333333333333");
    vec![
        Entry::of("list_roles")
            .by(Person::Admin)
            .sends("id", society)
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("grant_role")
            .by(Person::Admin)
            // Somebody else each time.
            .after_id("submit_request", "/data/requesting_user_id")
            .sends("phone", Value::Null)
            .sends("role", json!("block_admin"))
            .sends("scope_id", block)
            .sends("user_id", json!(EXAMPLE_ID))
            .shows(&["200", "201"], &["scope_type"], &json!("block"))
            .answers([403, 403, 403, 403, 403, 201, 403, 201, 404, 404, 404, 404]),
        Entry::of("revoke_role")
            .by(Person::Admin)
            .after_id("grant_role", "/data/id")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404])
            .in_a_run("404", "404"),
    ]
}
