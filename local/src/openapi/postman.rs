//! The Postman collection (format v2.1), made from the API reference.

use serde_json::{Map, Value, json};

use super::common::{METHODS, PAGINATION};

/// The collection of all operations: a folder for each tag.
pub fn collection(document: &Value) -> Value {
    let folders: Vec<Value> = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| {
            json!({
                "name": tag["name"],
                "description": tag["description"],
                "item": requests(document, &tag["name"]),
            })
        })
        .collect();
    json!({
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "auth": {
            "type": "bearer",
            "bearer": [{ "key": "token", "value": "{{bearerToken}}", "type": "string" }],
        },
        "variable": [
            { "key": "baseUrl", "value": "http://localhost:3000/v1", "description": "Of the local stack" },
            {
                "key": "bearerToken",
                "value": "",
                "description": "A Firebase ID token; locally from /_local/token?uid=demo-guard-1",
            },
            { "key": "rootUrl", "value": "http://localhost:3000", "description": "Of what is not under /v1" },
        ],
        "item": folders,
    })
}

fn requests(document: &Value, tag: &Value) -> Vec<Value> {
    let mut requests = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in METHODS.iter().filter_map(|method| Some((method, operations.get(method)?)))
        {
            if operation["tags"][0] == *tag {
                requests.push(request(path, &method.to_uppercase(), operation));
            }
        }
    }
    requests
}

fn request(path: &str, method: &str, operation: &Value) -> Value {
    let mut request = json!({
        "method": method,
        "description": operation["description"],
        "url": url(path, operation),
        "header": [],
    });
    if operation["security"].as_array().is_some_and(Vec::is_empty) {
        request["auth"] = json!({ "type": "noauth" });
    }
    if let Some(example) = operation.pointer("/requestBody/content/application~1json/example") {
        request["header"] = json!([
            { "key": "Content-Type", "value": "application/json" },
            { "key": "Idempotency-Key", "value": "{{$guid}}", "disabled": operation.get("security").is_some() },
        ]);
        request["body"] = json!({
            "mode": "raw",
            "raw": format!("{example:#}"),
            "options": { "raw": { "language": "json" } },
        });
    }
    let responses = operation["responses"].as_object().into_iter().flatten();
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
    json!({ "name": operation["summary"], "request": request, "response": answers })
}

fn url(path: &str, operation: &Value) -> Value {
    let (host, path) = match path.strip_prefix("/v1") {
        Some(rest) => ("{{baseUrl}}", rest),
        None => ("{{rootUrl}}", path),
    };
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => format!(":{name}"),
            None => segment.to_owned(),
        })
        .collect();
    let mut url = Map::from_iter([("host".to_owned(), json!([host])), ("path".to_owned(), json!(segments))]);
    let variables = parameters(operation, "path");
    let query = parameters(operation, "query");
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

fn parameters(operation: &Value, place: &str) -> Vec<Value> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let here = all.filter_map(|parameter| match parameter["$ref"].as_str() {
        Some(_) if place != "query" => None,
        Some(location) => {
            let key = location.rsplit('/').next()?;
            let (_, name) = PAGINATION.iter().find(|(schema, _)| *schema == key)?;
            Some(json!({ "key": name, "value": "", "description": "", "disabled": true }))
        }
        None if parameter["in"] != place => None,
        None => Some(json!({
            "key": parameter["name"],
            "value": parameter["example"].as_str().unwrap_or_default(),
            "description": parameter["description"].as_str().unwrap_or_default(),
            "disabled": parameter["required"] != true,
        })),
    });
    here.collect()
}
