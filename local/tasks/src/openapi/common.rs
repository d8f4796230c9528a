//! What all operations have in common, added in one place: security, headers, idempotency,
//! pagination, refusals, examples.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::catalogue::Entry;

use super::{example, refusals, resolve};

/// Methods an operation can have.
pub(super) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Parameters that mean the same wherever they stand, by their schema: key, and name in the query.
pub(super) const PAGINATION: [(&str, &str); 4] =
    [("Limit", "limit"), ("WholeLimit", "limit"), ("Cursor", "cursor"), ("PlaceCursor", "cursor")];
const JSON: &str = "application/json";

/// Completes the merged document of all functions.
pub(super) fn complete(document: &mut Value, entries: &[Entry]) {
    document["security"] = json!([{ "bearer": [] }]);
    document["components"]["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A Firebase ID token.",
    } });
    document["components"]["headers"] = headers();
    document["components"]["parameters"] = parameters();
    document["components"]["schemas"]["IdempotencyKey"] = json!({
        "type": ["string", "null"],
        "maxLength": 200,
        "pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$",
        "description": "In place of the header `Idempotency-Key`.",
    });
    name_contents(&mut document["components"]["schemas"]);
    require_answers(document);

    let mut paths = document["paths"].take();
    let mut responses = Map::new();
    for operations in paths.as_object_mut().into_iter().flat_map(Map::values_mut) {
        for method in METHODS {
            if let Some(operation) = operations.get_mut(method) {
                complete_operation(document, operation, &mut responses);
            }
        }
    }
    document["components"]["responses"] = Value::Object(responses);
    document["paths"] = paths;
    example::add(document, entries);
}

/// Whether no token is needed.
pub(super) fn is_public(operation: &Value) -> bool {
    operation.get("security").is_some()
}

/// Headers that an answer has, with those of the rate limit where it is counted.
pub(super) fn standard_headers(limited: bool) -> Value {
    let names = if limited { HEADERS.as_slice() } else { HEADERS.get(..1).unwrap_or_default() };
    let named = names
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })));
    Value::Object(named.collect())
}

/// Whether text of no fixed form is part of what is sent: there an Aadhaar number can stand.
pub(super) fn references_text(document: &Value, operation: &Value) -> bool {
    let body = resolve(document, &operation["requestBody"]["content"][JSON]["schema"]);
    let sent = [&operation["parameters"], body].map(Value::to_string);
    let holds = |schema: &str| sent.iter().any(|text| text.contains(&format!("schemas/{schema}")));
    ["Text", "PersonName", "IdNumber", "Docs", "DeviceInfo"].into_iter().any(holds)
}

/// The request id first, then those of the rate limit.
const HEADERS: [(&str, &str); 4] = [
    ("X-Request-Id", "The gateway's id of the request."),
    ("RateLimit-Limit", "Requests allowed in a window."),
    ("RateLimit-Remaining", "Requests left in it."),
    ("RateLimit-Reset", "Seconds until the window ends."),
];

fn headers() -> Value {
    let seconds = json!({ "type": "integer", "minimum": 0 });
    let mut headers: Map<String, Value> = HEADERS
        .iter()
        .map(|(name, about)| {
            let schema = if *name == "X-Request-Id" { json!({ "type": "string" }) } else { seconds.clone() };
            ((*name).to_owned(), json!({ "description": about, "schema": schema }))
        })
        .collect();
    headers.insert(
        "Retry-After".to_owned(),
        json!({ "description": "Seconds after which the request can be repeated.", "schema": seconds }),
    );
    headers.insert(
        "Idempotency-Replayed".to_owned(),
        json!({
            "description": "Set where this is the first answer again and nothing was done.",
            "schema": { "type": "string", "enum": ["true"] },
        }),
    );
    Value::Object(headers)
}

fn parameters() -> Value {
    let mut parameters = json!({
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes the request repeatable: the same key is answered with the first answer again.",
            "schema": { "type": "string", "maxLength": 200, "pattern": r"^[^\u0000-\u001F\u007F]*$" },
        },
    });
    for (key, name) in PAGINATION {
        let schema = json!({ "$ref": format!("#/components/schemas/{key}") });
        parameters[key] = json!({ "name": name, "in": "query", "allowEmptyValue": true, "schema": schema });
    }
    parameters
}

/// `Answer_Visit` holds a `Visit`, by its name and not by a copy.
fn name_contents(schemas: &mut Value) {
    let Some(schemas) = schemas.as_object_mut() else { return };
    let names: BTreeSet<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas.iter_mut() {
        let content =
            name.split_once('_').map(|(_, content)| content).filter(|content| names.contains(*content));
        let Some(content) = content else { continue };
        let reference = json!({ "$ref": format!("#/components/schemas/{content}") });
        let data = &mut schema["properties"]["data"];
        *(if name.starts_with("List_") { &mut data["items"] } else { data }) = reference;
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("description");
        }
    }
}

/// Answers have all of their fields: what is optional in them is null, not missing.
fn require_answers(document: &mut Value) {
    let mut waiting: Vec<String> = Vec::new();
    for operations in document["paths"].as_object().into_iter().flat_map(Map::values) {
        for operation in METHODS.iter().filter_map(|method| operations.get(method)) {
            references(&operation["responses"], &mut waiting);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let schema = &mut document["components"]["schemas"][&name];
        if seen.insert(name) {
            references(schema, &mut waiting);
            require_all(schema);
        }
    }
}

fn require_all(schema: &mut Value) {
    if let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) {
        parts.iter_mut().for_each(require_all);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        schema["required"] = properties.keys().cloned().collect();
    }
}

/// Names of the schemas that a part of the document refers to.
fn references(part: &Value, names: &mut Vec<String>) {
    match part {
        Value::Object(fields) => {
            let location = fields.get("$ref").and_then(Value::as_str);
            names.extend(
                location.and_then(|text| text.strip_prefix("#/components/schemas/")).map(str::to_owned),
            );
            fields.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn complete_operation(document: &mut Value, operation: &mut Value, responses: &mut Map<String, Value>) {
    refusals::add(document, operation, responses);
    let public = is_public(operation);
    if public {
        operation["security"] = json!([]);
    }
    let write = !public && operation.get("requestBody").is_some();
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        for parameter in parameters.iter_mut() {
            if parameter["in"] == "query" && parameter["required"] == false {
                parameter["allowEmptyValue"] = true.into();
            }
            let schema = parameter["schema"]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            if let Some((key, _)) = PAGINATION.iter().find(|(key, _)| Some(*key) == schema) {
                *parameter = json!({ "$ref": format!("#/components/parameters/{key}") });
            }
        }
    }
    if write {
        let key = json!({ "$ref": "#/components/parameters/Idempotency-Key" });
        match operation.get_mut("parameters").and_then(Value::as_array_mut) {
            Some(parameters) => parameters.push(key),
            None => operation["parameters"] = json!([key]),
        }
    }
    if operation.get("requestBody").is_some() {
        complete_body(document, &mut operation["requestBody"], write);
    }
    complete_successes(&mut operation["responses"], write);
}

/// A body may be left out where none of its fields has to be there.
fn complete_body(document: &mut Value, body: &mut Value, write: bool) {
    let reference = body["content"][JSON]["schema"]["$ref"].as_str().unwrap_or_default();
    let Some(schema) = document.pointer_mut(reference.trim_start_matches('#')) else { return };
    body["required"] = schema.get("required").is_some().into();
    if write {
        schema["properties"]["idempotency_key"] = json!({ "$ref": "#/components/schemas/IdempotencyKey" });
    }
}

/// Successes get their headers, and writes the answer to a repetition.
fn complete_successes(responses: &mut Value, write: bool) {
    let Some(responses) = responses.as_object_mut() else { return };
    let limited = responses.contains_key("429");
    for (status, response) in responses.iter_mut().filter(|(_, response)| response.get("content").is_some()) {
        let about = match status.as_str() {
            "201" => "It is made.",
            "503" => "The database does not answer.",
            _ => "The answer.",
        };
        response["description"] = about.into();
        response["headers"] = standard_headers(limited);
    }
    if !write {
        return;
    }
    let replayed = json!({ "$ref": "#/components/headers/Idempotency-Replayed" });
    if let Some(made) = responses.get("201") {
        let mut again = made.clone();
        again["description"] = "The first answer again: the idempotency key was used before.".into();
        again["headers"]["Idempotency-Replayed"] = replayed;
        responses.insert("200".to_owned(), again);
    } else if let Some(done) = responses.get_mut("200") {
        done["headers"]["Idempotency-Replayed"] = replayed;
    }
}
