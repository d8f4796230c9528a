//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person, Value, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("list_emergencies")
            .after("report_emergency")
            .query("flat_id=44444444-4444-4444-4444-444444444444")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("report_emergency")
            .by(Person::Resident)
            .answers([403, 201, 201, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200", "201"], &["addressed_at", "addressed_by_guard_id"], &Value::Null)
            .keeps("emergency_id", "data.id")
            // Where three are open, it is a further report of one of them.
            .in_a_run("403", "pm.response.code === 200 ? 200 : 201"),
        Entry::of("address_emergency")
            .after_id("report_emergency", "/data/id")
            .answers([200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200"], &["status"], &json!("addressed")),
        Entry::of("resolve_emergency")
            .after_id("address_emergency", "/data/id")
            .answers([200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200"], &["status"], &json!("resolved"))
            .shows(&["200"], &["resolved_at"], &json!("2026-01-31T18:50:00Z"))
            .shows(&["200"], &["resolved_by_guard_id"], &json!("66666666-6666-6666-6666-666666666661")),
        Entry::of("resolve_many_emergencies")
            .without("flat_id")
            .after_id("report_emergency", "/data/id")
            .body(json!({ "flat_id": "44444444-4444-4444-4444-444444444444" }))
            .answers([200, 403, 403, 403, 403, 403, 403, 403, 404, 404, 404, 404]),
    ]
}
