//! What tests and tools know of these endpoints.

use shared::{
    catalogue::{Answers, Entry, NEW_NAME, Person, Value, json},
    policy::{self, ListPolicy, NumberPolicy, Policy, SwitchPolicy},
};

/// The demo society, which the table of permissions has, too; and its complex, block and flat.
const SOCIETY: &str = "11111111-1111-1111-1111-111111111111";
const COMPLEX: &str = "22222222-2222-2222-2222-222222222222";
const BLOCK: &str = "33333333-3333-3333-3333-333333333333";
const FLAT: &str = "44444444-4444-4444-4444-444444444444";

/// The endpoints of places.
pub(crate) fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    let admins = |status| -> Answers { [403, 403, 403, 403, 403, status, 403, status, 404, 404, 404, 404] };
    let of_blocks = [403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404];
    let at = |operation, id: &str| Entry::of(operation).by(Person::Admin).sends("id", json!(id));
    let set_policies = policy::ALL
        .iter()
        .fold(at("set_policies", SOCIETY), |entry, policy| entry.sends(policy.name(), default(policy)));
    let step = json!([{ "after_seconds": 90, "channel": "sms", "audience": "all" }]);
    vec![
        Entry::of("create_society")
            .by(Person::SuperAdmin)
            .sends("slug", Value::Null)
            .sends("name", json!(NEW_NAME))
            .shows(&["201"], &["name"], &json!(NEW_NAME))
            .answers([403, 403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 403]),
        Entry::of("list_managed_societies").by(Person::Admin).shows(
            &["200"],
            &["name"],
            &json!("Green Acres"),
        ),
        at("get_society", SOCIETY).shows(&["200"], &["name"], &json!("Green Acres")).answers(of_blocks),
        at("change_society", SOCIETY)
            .sends("name", json!("Green Acres"))
            .shows(&["200"], &["name"], &json!("Green Acres"))
            .answers(admins(200)),
        Entry::of("create_complex")
            .by(Person::Admin)
            .sends("name", json!(NEW_NAME))
            .shows(&["201"], &["name"], &json!(NEW_NAME))
            .answers(admins(201)),
        at("change_complex", COMPLEX)
            .sends("name", json!("Tower A"))
            .shows(&["200"], &["name"], &json!("Tower A"))
            .answers(admins(200)),
        Entry::of("create_block")
            .by(Person::Admin)
            .sends("name", json!(NEW_NAME))
            .shows(&["201"], &["name"], &json!(NEW_NAME))
            .answers(admins(201)),
        at("change_block", BLOCK)
            .sends("name", json!("Block A"))
            .shows(&["200"], &["name"], &json!("Block A"))
            .answers(admins(200)),
        Entry::of("create_flat").by(Person::Admin).sends("flat_number", json!(NEW_NAME)).answers(admins(201)),
        at("change_flat", FLAT).answers(of_blocks),
        at("get_policies", SOCIETY).answers(admins(200)),
        set_policies.answers(admins(200)),
        at("get_steps", SOCIETY).answers(admins(200)),
        at("set_steps", SOCIETY).sends("steps", step).answers(admins(200)),
    ]
}

fn default(policy: &Policy) -> Value {
    match policy {
        Policy::Number(NumberPolicy { default, .. }) => json!(default),
        Policy::Switch(SwitchPolicy { default, .. }) => json!(default),
        Policy::List(ListPolicy { default, .. }) => json!(default),
    }
}
