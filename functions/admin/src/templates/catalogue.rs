//! What tests and tools know of these endpoints.

use shared::catalogue::{Answers, Entry, NEW_LANGUAGE, Person, json};

/// The endpoints of texts.
pub(crate) fn entries() -> Vec<Entry> {
    // In the order of `shared::catalogue::PEOPLE`.
    let only = |status| -> Answers { [403, 403, 403, 403, 403, 403, 403, status, 403, 403, 403, 403] };
    let body = "{visitor_name} is at the gate of {society_name} for flat {flat_number}. Answer: {link}";
    vec![
        Entry::of("list_templates").by(Person::SuperAdmin).answers(only(200)),
        Entry::of("create_template")
            .by(Person::SuperAdmin)
            .sends("language", json!(NEW_LANGUAGE))
            .sends("body", json!(body))
            .sends("dlt_template_id", json!("1007000000000000002"))
            .sends("whatsapp_name", json!("visitor_request_v2"))
            .answers(only(201)),
        Entry::of("change_template")
            .by(Person::SuperAdmin)
            .after_id("list_templates", "/data/0/id")
            .sends("body", json!("{visitor_name}: flat {flat_number}, {society_name}"))
            .sends("dlt_template_id", json!("1007000000000000002"))
            .sends("whatsapp_name", json!("visitor_request_v2"))
            .sends("approval", json!("approved"))
            .answers(only(200)),
    ]
}
