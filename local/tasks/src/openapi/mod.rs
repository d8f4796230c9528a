//! The API reference, put together from what the functions say about themselves, and the Postman
//! collection made from it.
//!
//! `docs/openapi.json` and `docs/society360.postman_collection.json` hold the two, and
//! `functions/health/src/methods.txt` the methods of every path; `cargo dev openapi` writes them, and a test
//! fails when they are stale.

mod common;
mod example;
mod postman;
mod refusals;

use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock};

use serde_json::Value;
use shared::{
    catalogue::Entry,
    http::{Refusal, Route},
    input::{Cursor, Day, Limit, PeriodBound, PlaceCursor, WholeLimit},
};
use utoipa::{OpenApi, ToSchema};

use crate::Error;
pub use postman::collection;

/// Where the API reference is kept.
pub const DOCUMENT: &str = "docs/openapi.json";
/// Where the Postman collection is kept.
pub const COLLECTION: &str = "docs/society360.postman_collection.json";
/// Where the methods of every path are kept.
pub const METHODS: &str = "functions/health/src/methods.txt";
/// The page that shows the API reference; it loads `/openapi.json`.
const PAGE: &str = include_str!("../../assets/docs.html");

/// A function as the API reference sees it.
pub struct Documented {
    /// The name of its binary.
    pub name: &'static str,
    /// The heading its operations stand under, and a sentence about them.
    pub tag: (&'static str, &'static str),
    /// The routes its router has.
    pub routes: Vec<Route>,
    /// What it says about them.
    pub api: utoipa::openapi::OpenApi,
    /// What it knows of them beside that.
    pub catalogue: Vec<Entry>,
}

macro_rules! functions {
    ($($name:ident: $tag:literal, $about:literal;)+) => {
        /// All functions of the HTTP API, in the order in which a reader meets them.
        pub fn functions() -> Vec<Documented> {
            vec![$(Documented {
                name: stringify!($name),
                tag: ($tag, $about),
                routes: $name::routes(),
                api: $name::openapi(),
                catalogue: $name::catalogue::entries(),
            }),+]
        }

        /// What all of them know of their endpoints.
        fn entries() -> Vec<Entry> {
            [$($name::catalogue::entries()),+].concat()
        }
    };
}

functions! {
    auth: "Signing in", "Who the holder of a Firebase ID token is here.";
    profile: "Profile", "Everything an app shows its user about themselves.";
    onboarding: "Places", "From a city down to a flat: what a new user walks through to find their home.";
    residents: "Residents", "How someone becomes a resident: they ask, and an admin decides once.";
    visitors: "Visitors", "Logged at the gate or invited ahead, answered by the flat.";
    visits: "Visits", "In at the gate, out at the gate, and who was here when.";
    guards: "Guards", "What a guard's phone needs beside the visitors.";
    devices: "Devices", "The phones a user is pushed to, always their own.";
    notifications: "Notifications", "What a phone was sent, and what its owner wants to be sent.";
    emergencies: "Emergencies", "A resident calls, a guard takes it on and resolves it.";
    admin: "Administration", "The audit of a society, and whether anybody changed it.";
    health: "Health", "Whether the API and its database answer.";
}

/// An answer of the gateway itself, where no function could give one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct GatewayRefusal {
    message: String,
}

/// What no function says, because it belongs to all.
#[derive(OpenApi)]
#[openapi(
    info(title = "Society360", description = include_str!("about.md")),
    servers((url = "/", description = "The host that serves this document")),
    components(schemas(Refusal, GatewayRefusal, Limit, WholeLimit, Cursor, PlaceCursor, Day, PeriodBound)),
)]
struct Base;

/// The API reference.
pub fn document() -> Value {
    let mut base = Base::openapi();
    let mut tags = Vec::new();
    for Documented { tag: (name, about), mut api, .. } in functions() {
        for item in api.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete]
                .into_iter()
                .flatten()
            {
                operation.tags = Some(vec![name.to_owned()]);
            }
        }
        tags.push(serde_json::json!({ "name": name, "description": about }));
        base.merge(api);
    }
    let mut document = serde_json::to_value(&base).unwrap_or_default();
    document["tags"] = Value::Array(tags);
    common::complete(&mut document, &entries());
    document
}

/// The methods of every path, for the function that answers where a path has not the method.
pub fn methods() -> String {
    let mut methods = BTreeMap::<&str, Vec<String>>::new();
    let functions = functions();
    for route in functions.iter().flat_map(|function| &function.routes) {
        methods.entry(&route.path).or_default().push(route.method.to_string());
    }
    let line = |(path, mut methods): (&str, Vec<String>)| {
        methods.sort_unstable();
        format!("{path} {}\n", methods.join(", "))
    };
    methods.into_iter().map(line).collect()
}

/// A document as it stands in its file: indented, keys in order, a newline at the end.
pub fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// The reference as pages of the stack: the media type and the content of a path, where it is one of them.
pub fn pages(path: &str) -> Option<(&'static str, &'static str)> {
    static JSON: LazyLock<String> = LazyLock::new(|| text(&document()));
    match path {
        "/docs" | "/docs/" => Some(("text/html; charset=utf-8", PAGE)),
        "/openapi.json" => Some(("application/json", JSON.as_str())),
        _ => None,
    }
}

/// What the code says: each file's path and content.
pub fn files() -> [(&'static str, String); 3] {
    let document = document();
    [(DOCUMENT, text(&document)), (COLLECTION, text(&collection(&document))), (METHODS, methods())]
}

/// Writes the files into a checkout.
pub fn write(checkout: &Path) -> Result<(), Error> {
    for (path, content) in files() {
        fs::write(checkout.join(path), content).map_err(Error::path(path))?;
    }
    Ok(())
}

/// The schema that a `$ref` names, or the schema itself.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str).and_then(|location| location.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}
