//! The Postman collection, run by Postman's own runner: from top to bottom, with a token alone.

use std::{collections::BTreeMap, fs};

use local::{
    Seed, Stack, checkout,
    openapi::{COLLECTION, document},
};
use serde_json::Value;

use crate::{
    authorisation,
    support::{Scratch, logs, newman},
};

/// As a guard and as a resident, twice each, with `baseUrl` and `bearerToken` set and nothing else: all that is
/// answered is what the role allows.
#[tokio::test]
async fn the_collection_is_green_for_a_guard_and_for_a_resident() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let operations: usize =
        document()["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    for uid in ["demo-guard-1", "demo-resident-204b", "demo-guard-1", "demo-resident-204b"] {
        let (is_green, report) = run(&stack, &stack.token(uid).unwrap()).await;
        let failures = report["run"]["failures"].as_array().unwrap().iter();
        let failures: Vec<_> =
            failures.map(|failure| (&failure["source"]["name"], &failure["error"]["message"])).collect();
        assert!(is_green, "{uid}: {failures:#?}");
        let executions = report["run"]["executions"].as_array().unwrap();
        assert_eq!(executions.len(), operations);
        for execution in executions {
            let checked = execution["assertions"].as_array().is_some_and(|checks| !checks.is_empty());
            assert!(checked, "nothing is checked of {}", execution["item"]["name"]);
        }
        let role = if uid.starts_with("demo-guard") { "guard" } else { "resident" };
        let first = &executions[0]["assertions"][0]["assertion"];
        assert_eq!(*first, format!("{role}: 200"));
    }
}

/// A run whose token is refused is not green: it can fail.
#[tokio::test]
async fn the_collection_is_red_without_a_token() {
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let (is_green, report) = run(&stack, "rubbish").await;
    let failures = report["run"]["failures"].as_array().unwrap().len();
    assert!(!is_green && failures > 30, "only {failures} fail");
}

/// Runs the collection as it lies in `docs/`; answers whether the runner is content, and its report.
async fn run(stack: &Stack, token: &str) -> (bool, Value) {
    let home = Scratch::new();
    let report = home.path().join("report.json");
    let mut runner = newman();
    runner.arg("run").arg(checkout().join(COLLECTION)).args(["--reporters", "json", "--env-var"]);
    runner
        .arg(format!("baseUrl={}/v1", stack.base_url()))
        .arg("--env-var")
        .arg(format!("bearerToken={token}"));
    let ran = runner.arg("--reporter-json-export").arg(&report).output().await.unwrap();
    let text = fs::read_to_string(&report);
    let text = text.unwrap_or_else(|_| panic!("no report: {}", String::from_utf8_lossy(&ran.stderr)));
    (ran.status.success(), serde_json::from_str(&text).unwrap())
}

/// What the collection expects of a guard and of a resident is what the table of all endpoints says, except where a
/// run has nothing that the table's callers were given.
#[test]
fn expectations_are_those_of_the_table() {
    // What a run has in place of that: see `ANSWERS` in `local/src/openapi/postman.rs`.
    let others = BTreeMap::from([
        ("POST /v1/decide", "a link's token is only in messages"),
        ("POST /v1/decide/visitor", "a link's token is only in messages"),
        ("POST /v1/visitors/{id}/respond", "a resident's visitor is a pass"),
        ("POST /v1/notifications/{id}/receipt", "it is one of the caller's own messages"),
        ("DELETE /v1/fcm-token", "it is the caller's own phone"),
        ("POST /v1/resident-requests", "the caller has asked, or lives there"),
        ("POST /v1/emergencies", "earlier runs may have left three open"),
    ]);
    let collection: Value =
        serde_json::from_str(&fs::read_to_string(checkout().join(COLLECTION)).unwrap()).unwrap();
    let mut compared = 0;
    for item in
        collection["item"].as_array().unwrap().iter().flat_map(|folder| folder["item"].as_array().unwrap())
    {
        let request = &item["request"];
        let call = call(request);
        let script: Vec<&str> = item["event"][0]["script"]["exec"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        let answers = script.iter().find_map(|line| line.strip_prefix("const answers = ")).unwrap();
        let Some(row) = authorisation::answers(&call) else {
            assert!(
                request["auth"]["type"] == "noauth" || call.ends_with("/health"),
                "{call} is not in the table"
            );
            continue;
        };
        let table = format!("{{ guard: {}, resident: {} }};", row[0], row[1]);
        assert_ne!(answers == table, others.contains_key(&*call), "{call}: {answers} and {table}");
        compared += 1;
    }
    assert!(compared > 40, "only {compared} were compared");
}

/// A request as the table names it, such as `POST /v1/visitors/{id}/respond`.
fn call(request: &Value) -> String {
    let url = &request["url"];
    let segments = url["path"].as_array().unwrap().iter().map(|segment| {
        let segment = segment.as_str().unwrap();
        segment.strip_prefix(':').map_or(segment.to_owned(), |name| format!("{{{name}}}"))
    });
    let root = if url["host"][0] == "{{baseUrl}}" { "/v1/" } else { "/" };
    let path: Vec<String> = segments.collect();
    format!("{} {root}{}", request["method"].as_str().unwrap(), path.join("/"))
}
