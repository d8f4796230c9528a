//! What tests and tools know of these endpoints.

use shared::catalogue::{ACCESS_CODE, Entry, LINK_TOKEN, Person, QR_CODE, Value, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
        Entry::of("create_visitor")
            .answers([201, 403, 403, 403, 403, 201, 201, 201, 404, 404, 404, 404])
            .shows(&["200", "201"], &["access_code", "qr_code", "expected_end"], &Value::Null)
            .keeps("visitor_id", "data.visitor.id"),
        Entry::of("list_visitors")
            .after("create_visitor")
            .query("flat_id=44444444-4444-4444-4444-444444444444")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("list_pending").by(Person::Resident).after("create_visitor"),
        Entry::of("count_pending")
            .by(Person::Resident)
            .after("create_visitor")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("get_visitor")
            .after_id("create_visitor", "/data/visitor/id")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("respond")
            .by(Person::Resident)
            .after_id("create_visitor", "/data/visitor/id")
            .answers([403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200"], &["status"], &json!("accepted"))
            // A resident's visitor is a pass, which waits for no answer.
            .in_a_run("403", "409"),
        Entry::of("guard_respond")
            .after_id("create_visitor", "/data/visitor/id")
            .answers([200, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404])
            .shows(&["200"], &["status"], &json!("accepted")),
        Entry::of("create_guest_pass")
            .by(Person::Resident)
            .answers([403, 201, 201, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200", "201"], &["auto_approved"], &json!(true))
            .keeps("access_code", "data.visitor.access_code")
            .keeps("qr_code", "data.visitor.qr_code")
            .keeps("visitor_id", "data.visitor.id"),
        Entry::of("find_by_qr")
            .after_as("create_guest_pass", "/data/visitor/qr_code", QR_CODE)
            .answers([200, 403, 403, 403, 403, 200, 200, 200, 404, 403, 404, 403])
            .shows(&["200"], &["auto_approved"], &json!(true))
            .shows(&["200"], &["checkin_time", "visit_id"], &Value::Null),
        Entry::of("find_by_access_code")
            .after_as("create_guest_pass", "/data/visitor/access_code", ACCESS_CODE)
            .answers([200, 403, 403, 403, 403, 200, 200, 200, 404, 403, 404, 403])
            .shows(&["200"], &["auto_approved"], &json!(true))
            .shows(&["200"], &["checkin_time", "visit_id"], &Value::Null),
        Entry::of("send_invite")
            .by(Person::Resident)
            .after_id("create_guest_pass", "/data/visitor/id")
            .answers([200, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
        Entry::of("withdraw")
            .by(Person::Resident)
            .after_id("create_guest_pass", "/data/visitor/id")
            .answers([403, 200, 200, 403, 403, 200, 200, 200, 404, 404, 404, 404])
            .shows(&["200"], &["decision"], &json!("deny"))
            .shows(&["200"], &["status"], &json!("denied")),
        Entry::of("clear_rejected").answers([200, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403]),
        Entry::of("show_decide_page"),
        // A link is made for the caller. Its token is only in messages, so a run has none.
        Entry::of("show_visitor")
            .by(Person::Resident)
            .sends("token", json!(LINK_TOKEN))
            .after_as("create_visitor", "/data/visitor/id", LINK_TOKEN)
            .answers([403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .in_a_run("401", "401"),
        Entry::of("decide")
            .by(Person::Resident)
            .sends("token", json!(LINK_TOKEN))
            .after_as("create_visitor", "/data/visitor/id", LINK_TOKEN)
            .answers([403, 200, 200, 403, 403, 403, 403, 403, 404, 404, 404, 404])
            .shows(&["200"], &["status"], &json!("accepted"))
            .in_a_run("401", "401"),
    ]
}
