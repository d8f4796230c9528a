//! Examples of every body and every answer, made from the schemas: a field has the same example
//! wherever it stands, so that what one answer names can be sent in the next request.

use serde_json::{Map, Value, json};
use shared::catalogue::{ACCESS_CODE, EXAMPLE_ID, Entry, QR_CODE};

use super::{common::METHODS, resolve};
use crate::catalogue::original;

/// Fields that an example of a body leaves out: they are for cases that most requests are not.
const LEFT_OUT: [&str; 8] = [
    "expected_end",
    "expected_start",
    "guard_id",
    "id_number",
    "idempotency_key",
    "invited_by",
    "qr_code",
    "role",
];

/// Adds examples to all operations.
pub(super) fn add(document: &mut Value, entries: &[Entry]) {
    let mut paths = document["paths"].take();
    for operations in paths.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for method in METHODS {
            if let Some(operation) = operations.get_mut(method) {
                add_to(document, entries, operation);
            }
        }
    }
    document["paths"] = paths;
}

fn add_to(document: &Value, entries: &[Entry], operation: &mut Value) {
    let name = original(operation["operationId"].as_str().unwrap_or_default());
    let entry = entries.iter().find(|entry| entry.operation == name);
    let maker = |status, sent| Maker { document, entry, status, sent };
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        if parameter["required"] == true {
            parameter["example"] = maker("", false).example(&name, &parameter["schema"]);
        }
    }
    if let Some(content) = operation.pointer_mut("/requestBody/content/application~1json") {
        content["example"] = maker("", true).example("", &content["schema"]);
    }
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if let Some(content) = response.pointer_mut("/content/application~1json") {
            content["example"] = maker(status, false).example("", &content["schema"]);
        }
    }
}

/// Makes the examples of one operation.
struct Maker<'a> {
    document: &'a Value,
    /// What is known of it beside its schemas.
    entry: Option<&'a Entry>,
    /// The status of an answer, otherwise empty.
    status: &'a str,
    /// Whether it is a body.
    sent: bool,
}

impl Maker<'_> {
    /// Whether a body's example is without this field.
    fn leaves_out(&self, name: &str) -> bool {
        LEFT_OUT.contains(&name) && self.particular(name).is_none()
            || self.entry.is_some_and(|entry| entry.left_out == Some(name))
    }

    /// What a field holds in this place only.
    fn particular(&self, name: &str) -> Option<Value> {
        let shown =
            self.entry?.shown.iter().find(|shown| shown.status == self.status && shown.field == name)?;
        Some(shown.value.clone())
    }

    /// An example of the field `name` with this schema.
    fn example(&self, name: &str, schema: &Value) -> Value {
        let schema = resolve(self.document, schema);
        let known = self.particular(name).or_else(|| known(name));
        if let Some(known) = known {
            return known;
        }
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let fields = parts.iter().filter_map(|part| self.example(name, part).as_object().cloned());
            return Value::Object(fields.flatten().collect());
        }
        let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        if let Some(choice) = choices.into_iter().flatten().find(|choice| choice["type"] != "null") {
            return self.example(name, choice);
        }
        let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or_default();
        match (kind, schema["format"].as_str().unwrap_or_default()) {
            ("object", _) => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                let fields = fields.filter(|(name, _)| !self.sent || !self.leaves_out(name));
                fields.map(|(name, field)| (name.clone(), self.example(name, field))).collect()
            }
            ("array", _) => json!([self.example("item", &schema["items"])]),
            ("integer", _) => schema["minimum"].as_i64().unwrap_or(1).max(1).into(),
            ("boolean", _) => true.into(),
            (_, "uuid") => EXAMPLE_ID.into(),
            (_, "date-time") => "2026-01-31T18:30:00Z".into(),
            (_, "date") => "2026-01-31".into(),
            _ => name.into(),
        }
    }
}

/// What a field of this name holds, whatever it stands in. Places are those of the demo seed.
fn known(name: &str) -> Option<Value> {
    Some(match name {
        "society_id" => json!("11111111-1111-1111-1111-111111111111"),
        "complex_id" => json!("22222222-2222-2222-2222-222222222222"),
        "block_id" => json!("33333333-3333-3333-3333-333333333333"),
        "flat_id" => json!("44444444-4444-4444-4444-444444444444"),
        "society_name" => json!("Green Acres"),
        "complex_name" => json!("Tower A"),
        "block_name" | "assigned_block_name" => json!("Block A"),
        "flat_number" => json!("101"),
        "city" => json!("Bengaluru"),
        "address" => json!("12 Lake Road"),
        "slug" => json!("green-acres"),
        "unit_type" => json!("apartment"),
        "bhk" => json!("2.5"),
        "square_feet" => json!(1150),
        "visitor_name" => json!("Kiran Rao"),
        "name"
        | "resident_name"
        | "invited_by_name"
        | "user_name"
        | "requesting_user_name"
        | "reported_by_name" => {
            json!("Asha Menon")
        }
        "guard_code" => json!("G7K4MX"),
        "pin" => json!("904817"),
        "new_pin" => json!("604819"),
        "device_code" => json!("7QK2MXH4PA"),
        "gate_name" => json!("Main gate"),
        "weekdays" => json!([1, 2, 3, 4, 5, 6]),
        "starts" => json!("06:00"),
        "ends" => json!("14:00"),
        "custom_token" => json!("eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"),
        "guard_name" => json!("Gopal Singh"),
        "phone" | "resident_phone" | "invited_by_phone" | "requesting_user_phone" | "reported_by_phone" => {
            json!("+919876543210")
        }
        "email" => json!("asha@example.com"),
        "language" => json!("kn"),
        "firebase_uid" => json!("kF3x9vQ2hTgWm1bPzYc8"),
        "idToken" => json!("eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"),
        "timezone" => json!("Asia/Kolkata"),
        "vehicle_no" => json!("KA 01 AB 1234"),
        "purpose" => json!("guest"),
        "id_type" => json!("driving licence"),
        "access_code" | "code" => json!(ACCESS_CODE),
        "entry" => json!({ "allowed": true, "code": null, "reason": null }),
        "qr_code" => json!(QR_CODE),
        "checkin_method" => json!("manual"),
        "note" | "notes" => json!("Carries a parcel"),
        "description" => json!("Smoke in the stairwell"),
        "device_identifier" => json!("pixel-8-of-asha"),
        "fcm_token" | "token" => json!("dY1kq0ZbT9:APA91bH"),
        "device_info" => json!({ "platform": "android", "app_version": "1.4.2" }),
        "payload" => json!({ "type": "invite" }),
        "docs" => json!(["sale-deed.pdf"]),
        "version" => json!(env!("CARGO_PKG_VERSION")),
        "message" => json!("It is done."),
        "attachment_ids" => json!([]),
        "role" => json!("resident"),
        "scope_type" => json!("flat"),
        "scope_id" => json!("44444444-4444-4444-4444-444444444444"),
        "quiet_from" => json!("22:00"),
        "quiet_until" => json!("06:00"),
        "guard_id" => json!("66666666-6666-6666-6666-666666666661"),
        "auto_approved" => json!(false),
        "approval_deadline" => json!("2026-01-31T18:35:00Z"),
        "expected_end" => json!("2026-02-01T18:30:00Z"),
        // What has not happened yet in most answers.
        "avatar_url"
        | "checkout_time"
        | "delivered_at"
        | "id_number"
        | "idempotency_key"
        | "next_cursor"
        | "processed_at"
        | "processed_by"
        | "processed_note"
        | "resolved_at"
        | "resolved_by_guard_id"
        | "resolved_by_user_id" => Value::Null,
        _ => return None,
    })
}
