//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person, json};

use crate::{files, places, residents, roles, templates};

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
        Entry::of("create_gate")
            .by(Person::Admin)
            .sends("name", json!("Main gate"))
            .answers([403, 403, 403, 403, 403, 201, 403, 201, 404, 404, 404, 404]),
        Entry::of("change_gate")
            .by(Person::Admin)
            .after_id("create_gate", "/data/id")
            .in_a_run("404", "404")
            .sends("name", json!("East gate"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("list_gates")
            .by(Person::Admin)
            .sends("id", json!("11111111-1111-1111-1111-111111111111"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("create_guard")
            .by(Person::Admin)
            .sends("guard_code", json!(null))
            .sends("phone", json!(null))
            .sends("name", json!("Gopal Singh"))
            .answers([403, 403, 403, 403, 403, 201, 403, 201, 404, 404, 404, 404]),
        Entry::of("list_guards")
            .by(Person::Admin)
            .sends("id", json!("11111111-1111-1111-1111-111111111111"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("change_guard")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .sends("guard_code", json!(null))
            .sends("phone", json!(null))
            .sends("name", json!("Gopal Singh"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("activate_guard")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("deactivate_guard")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("give_pin")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("unlock_guard")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("set_shifts")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("get_shifts")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("get_assignments")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("set_assignments")
            .by(Person::Admin)
            .after_id("create_guard", "/data/id")
            .in_a_run("404", "404")
            .sends("gate_id", json!(null))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("create_device_code")
            .by(Person::Admin)
            .after_id("create_gate", "/data/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 201, 403, 201, 404, 404, 404, 404]),
        Entry::of("list_gate_devices")
            .by(Person::Admin)
            .sends("id", json!("11111111-1111-1111-1111-111111111111"))
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        // A phone is registered by a sign-in with a code, which nobody here has.
        Entry::of("revoke_gate_device").by(Person::Admin).answers([404; 12]),
    ];
    [
        own,
        places::catalogue::entries(),
        roles::catalogue::entries(),
        templates::catalogue::entries(),
        residents::catalogue::entries(),
        files::catalogue::entries(),
    ]
    .concat()
}
