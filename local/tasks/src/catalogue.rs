//! Every endpoint with what its function knows of it, and the request that the API reference shows.

use serde_json::Value;
use shared::catalogue::{Entry, NEW_LANGUAGE, NEW_NAME};
use uuid::Uuid;

use crate::openapi;

/// An endpoint, and a request of it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The function that serves it.
    pub function: &'static str,
    /// The name of the operation.
    pub operation: String,
    /// What the function knows of it; of a second path what it knows of the first.
    pub entry: Entry,
    /// The method.
    pub method: String,
    /// The path as the template has it.
    pub route: String,
    /// The path of the example, with what has to stand in its query.
    pub path: String,
    /// The body of the example.
    pub body: Option<Value>,
    /// Whether no token is needed.
    pub is_open: bool,
}

/// The number of the visitors in the examples.
pub const EXAMPLE_PHONE: &str = "+919876543210";

/// What stands in the place of what nothing is called yet, anew at each call.
pub fn fresh() -> [(&'static str, String); 2] {
    let id = Uuid::new_v4();
    let letter = |place: usize| {
        let byte = id.as_bytes().get(place).copied().unwrap_or_default();
        char::from(b'a' + byte % 26)
    };
    let region = |place| letter(place).to_ascii_uppercase();
    let language = format!("{}{}{}_{}{}", letter(0), letter(1), letter(2), region(3), region(4));
    [(NEW_NAME, format!("{NEW_NAME} {id}")), (NEW_LANGUAGE, language)]
}

/// A text with that.
pub fn renewed(text: String) -> String {
    fresh().iter().fold(text, |text, (example, value)| text.replace(example, value))
}

impl Endpoint {
    /// The path and the body that are sent, with what is known in the place of what stands for it in the example.
    pub fn request(&self, known: &[(&str, &str)]) -> (String, Option<Value>) {
        let mut body = self.entry.body.clone().or_else(|| self.body.clone());
        if let Some(body) = &mut body {
            replace(body, known);
        }
        (replaced(&self.path, known), body)
    }
}

fn replaced(text: &str, known: &[(&str, &str)]) -> String {
    known.iter().fold(text.to_owned(), |text, (example, value)| text.replace(example, value))
}

fn replace(value: &mut Value, known: &[(&str, &str)]) {
    match value {
        Value::String(text) => *text = replaced(text, known),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, known)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// All endpoints that have an entry, in the order of the API reference.
pub fn endpoints() -> Vec<Endpoint> {
    let document = openapi::document();
    let mut endpoints = Vec::new();
    for function in openapi::functions() {
        for route in &function.routes {
            let gateway = route.gateway_path();
            let path = gateway.replace("+}", "}");
            let operation = &document["paths"][&path][route.method.as_str().to_lowercase()];
            let name = operation["operationId"].as_str().unwrap_or_default();
            let Some(entry) = function.catalogue.iter().find(|entry| entry.operation == original(name))
            else {
                continue;
            };
            endpoints.push(Endpoint {
                function: function.name,
                operation: name.to_owned(),
                entry: entry.clone(),
                method: route.method.to_string(),
                route: gateway,
                path: example_path(&path, operation),
                body: operation.pointer("/requestBody/content/application~1json/example").cloned(),
                is_open: operation["security"].as_array().is_some_and(Vec::is_empty),
            });
        }
    }
    endpoints
}

/// The name of the operation whose second path this may be.
pub(crate) fn original(operation: &str) -> &str {
    operation.trim_end_matches("_alias")
}

/// A path with the examples of its parameters, and of those in the query that have to be there.
pub(crate) fn example_path(path: &str, operation: &Value) -> String {
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some((name, example)) = parameter["name"].as_str().zip(parameter["example"].as_str()) else {
            continue;
        };
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), example),
            _ => query.push(format!("{name}={example}")),
        }
    }
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}
