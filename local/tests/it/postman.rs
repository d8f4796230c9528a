//! The Postman collection, run by Postman's own runner: from top to bottom, with a token alone.

use std::fs;

use serde_json::Value;
use stack::{Seed, Stack, checkout};
use tasks::openapi::{COLLECTION, document};

use crate::support::{Scratch, logs, newman};

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
