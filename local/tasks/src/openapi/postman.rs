//! The Postman collection (format v2.1), made from the API reference. It runs from top to bottom with a token alone:
//! what one answer names is sent by the next request, and each status is compared with what the caller's role allows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::catalogue::Entry;

use super::{
    common::{METHODS, PAGINATION},
    entries,
};
use crate::catalogue::original;

/// Variables of things that only a run makes: a request for one that it has not made is answered with 404.
const MADE: [&str; 7] =
    ["access_code", "emergency_id", "notification_id", "qr_code", "request_id", "visit_id", "visitor_id"];

/// Which variable holds what a parameter or a field of this name stands for.
const VARIABLES: [(&str, &str); 15] = [
    ("block_id", "block_id"),
    ("city", "city"),
    ("code", "access_code"),
    ("complex_id", "complex_id"),
    ("emergencies/id", "emergency_id"),
    ("flat_id", "flat_id"),
    ("idToken", "bearerToken"),
    ("notifications/id", "notification_id"),
    ("profile/name", "user_name"),
    ("qr_code", "qr_code"),
    ("resident-requests/id", "request_id"),
    ("society_id", "society_id"),
    ("visit_id", "visit_id"),
    ("visitor_id", "visitor_id"),
    ("visitors/id", "visitor_id"),
];

/// Fields of examples that are not sent, so that after a run no phone is quiet or speaks another language.
const NOT_SENT: [&str; 3] =
    ["profile/language", "notification-preferences/quiet_from", "notification-preferences/quiet_until"];

/// What a reader is told behind what the API reference says.
const RUNNING: &str = "\n\n## Running the collection\n\nSet `baseUrl`, and `bearerToken` to the ID token of a guard or \
    of a resident, then run all requests from top to bottom. They use what the ones before them have made, and touch \
    nothing else. Each checks that it is answered as the caller's role allows, which is 403 for some. With another role \
    they check only that the token is taken and the server does not fail.";

/// Before all requests: `rootUrl` follows `baseUrl`.
const FOLLOW: &str =
    r"pm.collectionVariables.set('rootUrl', pm.variables.get('baseUrl').replace(/\/v1\/?$/, ''));";

/// Before the first request: nothing has been made yet.
const FORGET: &str = "\
const examples = JSON.parse(pm.collectionVariables.get('examples'));
Object.entries(examples).forEach(([name, value]) => pm.collectionVariables.set(name, value));";

/// The collection of all operations: a folder for each tag.
pub fn collection(document: &Value) -> Value {
    let (entries, mut examples) = (entries(), Map::new());
    let folders: Vec<Value> = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| {
            let calls = calls(document, &entries, &tag["name"]);
            examples.extend(calls.iter().flat_map(|call| call.sent.clone()));
            json!({
                "name": tag["name"],
                "description": tag["description"],
                "item": calls.iter().map(Call::item).collect::<Vec<_>>(),
            })
        })
        .collect();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    json!({
        "info": {
            "name": document["info"]["title"],
            "description": format!("{}{RUNNING}", about.trim_end()),
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {
            "type": "bearer",
            "bearer": [{ "key": "token", "value": "{{bearerToken}}", "type": "string" }],
        },
        "event": [event("prerequest", FOLLOW)],
        "variable": variables(&examples),
        "item": folders,
    })
}

/// Two variables to set by hand, and those that a run sets.
fn variables(examples: &Map<String, Value>) -> Vec<Value> {
    let variable =
        |key: &str, value: &str, about: &str| json!({ "key": key, "value": value, "description": about });
    let kept: BTreeMap<_, _> = examples.iter().filter(|(name, _)| MADE.contains(&name.as_str())).collect();
    let mut variables = vec![
        variable("baseUrl", "http://localhost:3000/v1", "To be set; this is the local stack"),
        variable("bearerToken", "", "To be set: an ID token; locally from /_local/token?uid=demo-guard-1"),
        variable("rootUrl", "http://localhost:3000", "Of what is not under /v1"),
        variable("role", "other", "The caller's, once signed in: guard, resident or other"),
        variable("home", "{}", "Where the caller lives or works, once signed in"),
        variable("examples", &json!(kept).to_string(), "What names nothing yet"),
    ];
    let set = examples.iter();
    variables
        .extend(set.map(|(name, value)| variable(name, value.as_str().unwrap_or_default(), "Set by a run")));
    variables
}

/// The requests of a folder, each behind those that make what it names.
fn calls<'a>(document: &'a Value, entries: &'a [Entry], tag: &Value) -> Vec<Call<'a>> {
    let mut waiting = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in METHODS.iter().filter_map(|method| Some((method, operations.get(method)?)))
        {
            if operation["tags"][0] == *tag {
                waiting.push(Call::new(path, method, operation, entries));
            }
        }
    }
    let mut ordered: Vec<Call<'_>> = Vec::new();
    while !waiting.is_empty() {
        let is_ready = |call: &Call<'_>| {
            let makers = |name: &String| waiting.iter().any(|other| other.id != call.id && other.keeps(name));
            !call.sent.keys().any(makers)
        };
        let next = waiting.iter().position(is_ready).unwrap_or_default();
        ordered.push(waiting.remove(next));
    }
    ordered
}

/// An operation as a request of the collection.
struct Call<'a> {
    /// The operation's name; an alias has that of its original.
    id: &'a str,
    /// What is known of it: what a run keeps of it, and what it is answered there. `home` is where the caller lives or
    /// works.
    entry: Option<&'a Entry>,
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
    body: Option<Value>,
    /// The variables that it sends, with their examples.
    sent: BTreeMap<String, Value>,
}

impl<'a> Call<'a> {
    fn new(path: &'a str, method: &'a str, operation: &'a Value, entries: &'a [Entry]) -> Self {
        let id = original(operation["operationId"].as_str().unwrap_or_default());
        let entry = entries.iter().find(|entry| entry.operation == id);
        let mut call = Self { id, entry, path, method, operation, body: None, sent: BTreeMap::new() };
        call.body = operation.pointer("/requestBody/content/application~1json/example").cloned();
        if let Some(fields) = call.body.as_mut().and_then(Value::as_object_mut) {
            fields.retain(|name, _| !NOT_SENT.contains(&format!("{}/{name}", whose(path)).as_str()));
            for (name, value) in fields {
                if let Some(variable) = variable(path, name) {
                    call.sent.insert(variable.to_owned(), value.take());
                    *value = reference(variable);
                }
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().filter(|_| parameter["required"] == true);
            if let Some(variable) = name.and_then(|name| variable(path, name)) {
                call.sent.insert(variable.to_owned(), parameter["example"].clone());
            }
        }
        call.sent.remove("bearerToken");
        call
    }

    /// Whether a variable is kept of its answer.
    fn keeps(&self, variable: &str) -> bool {
        self.kept().iter().any(|(kept, _)| *kept == variable)
    }

    fn kept(&self) -> &[(&'static str, &'static str)] {
        self.entry.map(|entry| &*entry.kept).unwrap_or_default()
    }

    /// What a guard and a resident are answered: a status, or JavaScript that answers one.
    fn answers(&self) -> (String, String) {
        let Some(entry) = self.entry else { return Default::default() };
        let [guard, resident, ..] = entry.answers;
        let told = |(guard, resident): (&str, &str)| (guard.to_owned(), resident.to_owned());
        entry.in_a_run.map_or_else(|| (guard.to_string(), resident.to_string()), told)
    }

    fn item(&self) -> Value {
        let request = self.request();
        let responses = self.operation["responses"].as_object().into_iter().flatten();
        let answers: Vec<Value> = responses
            .filter_map(|(status, response)| {
                let example = response.pointer("/content/application~1json/example")?;
                Some(json!({
                    "name": response["description"],
                    "originalRequest": request,
                    "code": status.parse::<u16>().ok()?,
                    "header": [{ "key": "Content-Type", "value": "application/json" }],
                    "body": format!("{example:#}"),
                    "_postman_previewlanguage": "json",
                }))
            })
            .collect();
        let mut events = vec![event("test", &self.script())];
        if self.keeps("role") {
            events.push(event("prerequest", FORGET));
        }
        json!({ "name": self.operation["summary"], "event": events, "request": request, "response": answers })
    }

    fn request(&self) -> Value {
        let mut request = json!({
            "method": self.method.to_uppercase(),
            "description": self.operation["description"],
            "url": url(self.path, self.operation),
            "header": [],
        });
        let security = &self.operation["security"];
        if security.as_array().is_some_and(Vec::is_empty) {
            request["auth"] = json!({ "type": "noauth" });
        }
        if let Some(body) = &self.body {
            request["header"] = json!([
                { "key": "Content-Type", "value": "application/json" },
                { "key": "Idempotency-Key", "value": "{{$guid}}", "disabled": !security.is_null() },
            ]);
            request["body"] = json!({
                "mode": "raw",
                "raw": format!("{body:#}"),
                "options": { "raw": { "language": "json" } },
            });
        }
        request
    }

    /// Keeps what later requests send, and compares the status with what the role is answered.
    fn script(&self) -> String {
        let mut lines = vec!["const get = (name) => pm.collectionVariables.get(name);".to_owned()];
        let kept = self.kept();
        if !kept.is_empty() {
            lines.push(
                "const keep = (name, value) => value && pm.collectionVariables.set(name, value);".to_owned(),
            );
            lines.push("if (pm.response.code < 300) {".to_owned());
            lines.push("  const { data } = pm.response.json();".to_owned());
            if kept.iter().any(|(_, value)| value.contains("home.")) {
                lines.push("  const home = JSON.parse(get('home'));".to_owned());
            }
            lines.extend(kept.iter().map(|(name, value)| format!("  keep('{name}', {value});")));
            lines.push("}".to_owned());
        }
        let (guard, resident) = self.answers();
        let made = self.sent.keys().find(|name| MADE.contains(&name.as_str()));
        if made.is_some() || guard.contains("made(") {
            lines.push("const made = (name) => get(name) !== JSON.parse(get('examples'))[name];".to_owned());
        }
        lines.push(format!("const answers = {{ guard: {guard}, resident: {resident} }};"));
        lines.push("let expected = answers[get('role')];".to_owned());
        lines.extend(made.map(|name| format!("if (expected && !made('{name}')) expected = 404;")));
        let refused = if self.operation["security"].is_null() { ".and.not.equal(401)" } else { "" };
        lines.push(CHECK.replace("REFUSED", refused));
        lines.join("\n")
    }
}

/// Compares the status with the expected one, where the role has one; a token that is refused is wrong for all roles.
const CHECK: &str = "\
pm.test(`${get('role')}: ${expected ?? 'no failure'}`, () => {
  if (expected) pm.response.to.have.status(expected);
  else pm.expect(pm.response.code).to.be.below(500)REFUSED;
});";

/// The first part of a path, such as `profile`.
fn whose(path: &str) -> &str {
    path.split('/').nth(2).unwrap_or_default()
}

/// The variable for a parameter or a field of an operation at this path.
fn variable(path: &str, name: &str) -> Option<&'static str> {
    let wanted =
        if ["id", "name"].contains(&name) { format!("{}/{name}", whose(path)) } else { name.to_owned() };
    VARIABLES.iter().find(|(name, _)| *name == wanted).map(|(_, variable)| *variable)
}

fn reference(variable: &str) -> Value {
    format!("{{{{{variable}}}}}").into()
}

fn event(when: &str, script: &str) -> Value {
    json!({
        "listen": when,
        "script": { "type": "text/javascript", "exec": script.lines().collect::<Vec<_>>() },
    })
}

fn url(path: &str, operation: &Value) -> Value {
    let (host, below) = match path.strip_prefix("/v1") {
        Some(rest) => ("{{baseUrl}}", rest),
        None => ("{{rootUrl}}", path),
    };
    let segments: Vec<String> = below
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => format!(":{name}"),
            None => segment.to_owned(),
        })
        .collect();
    let mut url = Map::from_iter([("host".to_owned(), json!([host])), ("path".to_owned(), json!(segments))]);
    let variables = parameters(path, operation, "path");
    let query = parameters(path, operation, "query");
    let mut raw = format!("{host}/{}", segments.join("/"));
    for (place, parameter) in query.iter().filter(|parameter| parameter["disabled"] == false).enumerate() {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
        raw += &format!("{}{}={}", if place == 0 { '?' } else { '&' }, text("key"), text("value"));
    }
    url.insert("raw".to_owned(), raw.into());
    url.extend(
        [("variable", variables), ("query", query)].map(|(name, list)| (name.to_owned(), json!(list))),
    );
    Value::Object(url)
}

fn parameters(path: &str, operation: &Value, place: &str) -> Vec<Value> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let here = all.filter_map(|parameter| match parameter["$ref"].as_str() {
        Some(_) if place != "query" => None,
        Some(location) => {
            let key = location.rsplit('/').next()?;
            let (_, name) = PAGINATION.iter().find(|(schema, _)| *schema == key)?;
            Some(json!({ "key": name, "value": "", "description": "", "disabled": true }))
        }
        None if parameter["in"] != place => None,
        None => {
            let is_sent = parameter["required"] == true;
            let variable = parameter["name"].as_str().and_then(|name| variable(path, name));
            let value = match variable.filter(|_| is_sent) {
                Some(variable) => reference(variable),
                None => parameter["example"].as_str().unwrap_or_default().into(),
            };
            Some(json!({
                "key": parameter["name"],
                "value": value,
                "description": parameter["description"].as_str().unwrap_or_default(),
                "disabled": !is_sent,
            }))
        }
    });
    here.collect()
}
