//! The API reference says what the code does, and the template sends to the functions what they serve.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use shared::http::Route;
use stack::{Stack, own_template};
use tasks::openapi::{collection, document, files, functions, pages};

type Routes = BTreeSet<(String, String)>;

/// `cargo dev openapi` has been run after the last change.
#[test]
fn files_in_docs_are_what_the_code_says() {
    for (path, content) in files() {
        let kept = fs::read_to_string(stack::checkout().join(path)).unwrap_or_default();
        assert!(kept == content, "{path} is stale; run `cargo dev openapi`");
    }
}

/// What the gateway sends to a function is what its router has, and no function is left out.
#[test]
fn template_and_routers_agree() {
    let template = own_template().unwrap();
    let known = functions();
    for function in template.functions.iter().filter(|function| !function.routes.is_empty()) {
        assert!(known.iter().any(|known| known.name == function.name), "{} is not documented", function.name);
    }
    for function in known {
        let sent = template.function(function.name).map(|found| found.routes.as_slice()).unwrap_or_default();
        let sent: Routes = sent.iter().map(|route| (route.method.clone(), route.path.clone())).collect();
        assert_eq!(sent, routes(&function.routes), "{} in template.yaml and in its router", function.name);
    }
}

/// One function answers what no route takes, whatever the method, but for OPTIONS, which the gateway answers
/// where no route takes it.
#[test]
fn what_has_no_route_goes_to_one_function() {
    let template = own_template().unwrap();
    let rest = template.functions.iter().flat_map(|function| {
        function.rest.iter().map(|route| (&*function.name, &*route.path, &*route.method))
    });
    let rest: BTreeSet<_> = rest.collect();
    let expected =
        ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"].map(|method| ("health", "/{proxy+}", method));
    assert_eq!(rest, expected.into());
    let routes: Vec<_> = template.functions.iter().flat_map(|function| &function.routes).collect();
    assert!(routes.iter().all(|route| !["ANY", "OPTIONS"].contains(&&*route.method)), "{routes:?}");
    // API Gateway quotas for HTTP APIs.
    assert!(routes.len() + rest.len() <= 300);
}

/// Documents are merged by name, so a name means the same in all of them.
#[test]
fn a_schema_has_one_meaning() {
    let mut schemas = serde_json::Map::new();
    for function in functions() {
        let api = serde_json::to_value(&function.api).unwrap();
        for (name, schema) in api["components"]["schemas"].as_object().into_iter().flatten() {
            let first = schemas.entry(name).or_insert_with(|| schema.clone());
            assert_eq!(first, schema, "{name} of functions/{} is another one elsewhere", function.name);
        }
    }
}

/// An operation has a name of its own, says who may call it, and shows what is sent and answered.
#[test]
fn operations_are_complete() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path) in documented(&document) {
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert!(ids.insert(operation["operationId"].to_string()), "{method} {path} shares its operationId");
        let description = operation["description"].as_str().unwrap();
        assert!(description.contains("**Permissions:**"), "{method} {path} says nothing of permissions");
        if let Some(body) = operation.get("requestBody") {
            assert!(body["content"]["application/json"]["example"].is_object(), "{method} {path}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolve(&document, response);
            assert_ne!(response["description"], Value::Null, "{method} {path} {status}");
            let content = response["content"].as_object().unwrap().values().next().unwrap();
            let shown = content.get("example").or(content.get("examples"));
            assert!(shown.is_some(), "{method} {path} {status} has no example");
        }
    }
}

/// Whatever refers to a part of the document finds it.
#[test]
fn references_lead_somewhere() {
    let document = document();
    let mut waiting = vec![&document];
    while let Some(part) = waiting.pop() {
        match part {
            Value::Object(fields) => waiting.extend(fields.values()),
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        assert!(!resolve(&document, part).is_null(), "{part} leads nowhere");
    }
}

/// Every code that the API knows belongs to some operation; 405 is no operation's.
#[test]
fn every_error_code_is_documented() {
    let document = document();
    let responses = document["components"]["responses"].as_object().unwrap();
    let named: BTreeSet<&String> = responses
        .values()
        .filter_map(|response| response["content"]["application/json"]["examples"].as_object())
        .flat_map(|examples| examples.keys())
        .collect();
    let codes = document["components"]["schemas"]["ErrorCode"]["enum"].as_array().unwrap();
    for code in codes.iter().filter(|code| **code != "METHOD_NOT_ALLOWED") {
        assert!(named.contains(&code.as_str().unwrap().to_owned()), "{code}");
    }
}

/// Every operation is in the collection, and its variables are those that people have set.
#[test]
fn collection_has_every_operation() {
    let document = document();
    let collection = collection(&document);
    let folders = collection["item"].as_array().unwrap();
    let requests = folders.iter().flat_map(|folder| folder["item"].as_array().unwrap());
    assert_eq!(requests.count(), documented(&document).len());
    let variables: Vec<&Value> =
        collection["variable"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert!(variables.contains(&&json!("baseUrl")) && variables.contains(&&json!("bearerToken")));
}

/// The page needs nothing from another host.
#[tokio::test]
async fn page_and_document_are_served() {
    let stack = Stack::builder().pages(pages).start().await.unwrap();
    let page = reqwest::get(format!("{}/docs", stack.base_url())).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(page.contains("/openapi.json") && !page.contains("://"));
    let served: Value =
        reqwest::get(format!("{}/openapi.json", stack.base_url())).await.unwrap().json().await.unwrap();
    assert_eq!(served, document());
}

fn routes(routes: &[Route]) -> Routes {
    routes.iter().map(|route| (route.method.to_string(), route.gateway_path())).collect()
}

fn documented(api: &Value) -> Routes {
    let paths = api["paths"].as_object().unwrap();
    let operations = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method, path)));
    operations.map(|(method, path)| (method.to_uppercase(), path.clone())).collect()
}

fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part.get("$ref").and_then(Value::as_str) {
        Some(location) => document.pointer(location.trim_start_matches('#')).unwrap_or(&Value::Null),
        None if part.is_null() => &Value::Bool(true),
        None => part,
    }
}

/// What Postman sends is named as the API reads it.
#[test]
fn the_collection_names_parameters_as_the_api_does() {
    let collection = include_str!("../../../docs/society360.postman_collection.json");
    for key in ["Limit", "Cursor", "WholeLimit", "PlaceCursor"] {
        assert!(!collection.contains(&format!("\"key\": \"{key}\"")), "{key}");
    }
    assert!(collection.contains("\"key\": \"limit\""));
}
