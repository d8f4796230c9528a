//! What the README has a newcomer paste into a shell.

use local::{Seed, Stack, readme};
use serde_json::Value;
use tokio::process::Command;

use crate::support::logs;

/// The five lines take a visitor from the gate to the check-in.
#[tokio::test]
async fn the_flow_of_the_readme_checks_a_visitor_in() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let lines = readme::flow(stack.base_url());
    assert_eq!(lines.lines().count(), 5, "{lines}");
    let ran = Command::new("bash").args(["-euo", "pipefail", "-c", &lines]).output().await.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let answers = serde_json::Deserializer::from_slice(&ran.stdout).into_iter::<Value>();
    let answers: Vec<Value> = answers.map(|answer| answer.unwrap()["data"].take()).collect();
    let [pending, answered, visit] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(pending[0]["visitor_name"], "Kiran");
    assert_eq!(answered["status"], "accepted");
    assert_eq!(visit["visitor_id"], pending[0]["id"]);
    assert!(visit["checkin_time"].is_string() && visit["checkout_time"].is_null());
}
