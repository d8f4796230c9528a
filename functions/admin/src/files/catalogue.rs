//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person, json};

/// The endpoints of imports.
pub(crate) fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    let society = json!("11111111-1111-1111-1111-111111111111");
    let file = json!("block,flat_number,name,phone,role\nBlock A,109,Kiran,9876543210,owner\n");
    vec![
        Entry::of("import_residents")
            .by(Person::Admin)
            .sends("id", society.clone())
            .sends("csv", file)
            .sends("dry_run", json!(false))
            .sends("skip_bad_rows", json!(false))
            .answers([403, 403, 403, 403, 403, 201, 403, 201, 404, 404, 404, 404]),
        Entry::of("get_import")
            .by(Person::Admin)
            .after_id("import_residents", "/data/import/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("go_on_with_import")
            .by(Person::Admin)
            .after_id("import_residents", "/data/import/id")
            .in_a_run("404", "404")
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
        Entry::of("export_residents")
            .by(Person::Admin)
            .sends("id", society)
            .answers([403, 403, 403, 403, 403, 200, 403, 200, 404, 404, 404, 404]),
    ]
}
