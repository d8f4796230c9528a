//! No phone number, name or token stands in any log line of the whole run: every line is looked at when it is
//! written (`support/logs.rs`). Here it is shown that lines are seen, that leaks are found, and that one ends the run.

use std::{
    env,
    process::{Command, Output},
};

use crate::support::{World, logs, personal::leak};

/// What must not be logged, in the forms in which it would be.
#[test]
fn what_is_personal_is_found() {
    for (kind, lines) in [
        (
            "a phone number",
            vec![
                r#"{"message":"told +919876543210"}"#,
                r#"{"cause":"Key (phone)=(9876543210) is taken"}"#,
                "called 919876543210",
                "called 09876543210",
                "called 98765 43210",
                "called +91 98765-43210",
                "sms to +14155552671",
                r#"Phone("+919876543210")"#,
                "https://example.com/?to=9876543210&x=1",
            ],
        ),
        (
            "a token",
            vec![
                "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
                r#"{"path":"/ws?token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"}"#,
                "Authorization is Bearer abc",
                "sent https://example.com/v1/decide#abc",
                "google said ya29.abc",
            ],
        ),
        ("a push token", vec!["pushed to asha-phone", r#"{"token":"meera-tablet"}"#, "gone: phone-1"]),
        (
            "a name",
            vec![
                r#"{"message":"Kiran is at the gate"}"#,
                r#"ShortText("Leela")"#,
                "uid=asha,",
                "RAVI's phone",
                "Resident 101A answered",
                "by Guard 1",
                "demo-resident-101a",
                "demo-admin",
            ],
        ),
        (
            "an e-mail address or a password",
            vec!["new@example.com signed in", "postgres://me:secret@127.0.0.1:5432/db"],
        ),
        (
            "a field of a person",
            vec![
                r#"{"access_code":"K7M2QX"}"#,
                r#"{"cause":"{\"qr_code\":\"x\"}"}"#,
                r#"Visitor { visitor_name: "Someone" }"#,
                r#"Visitor { vehicle_no: Some(Text) }"#,
                "?phone=12",
            ],
        ),
    ] {
        for line in lines {
            assert_eq!(leak(line), Some(kind), "{line}");
        }
    }
}

/// What functions may say, however much it looks like a number.
#[test]
fn what_is_nobodys_is_let_through() {
    for line in [
        r#"{"timestamp":"2026-11-23T11:53:57.123456Z","level":"INFO","message":"request","request_id":"UMLUwWn-TN6Wuys=","method":"GET","route":"/v1/visitors/{id}","status":200,"duration_ms":12,"target":"shared::http::layers"}"#,
        r#"{"_aws":{"Timestamp":1795434837123,"CloudWatchMetrics":[{"Namespace":"Society360","Dimensions":[[]],"Metrics":[{"Name":"OutboxAge","Unit":"Seconds"}]}]},"OutboxAge":1.9876543210}"#,
        "flat:44444444-4444-4444-4444-919876543210",
        "society 98765432-1098-4654-8321-098765432109 is not there",
        "POST http://127.0.0.1:3000/_from/visitors/@connections/abc=",
        r#"{"error":"Unavailable(\"database: error connecting to server\")"}"#,
        "no phone answered, visitor_name is required",
        r#"{"devices":2,"a guard":"of nobody"}"#,
        "55P03 canceling statement due to lock timeout",
    ] {
        assert_eq!(leak(line), None, "{line}");
    }
}

/// One leak is enough, wherever it is logged; a line without one is no reason.
#[test]
fn a_leak_ends_the_run() {
    let ended = child("+919876543210");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(101), "{said}");
    for part in ["A LOG LINE HOLDS a phone number", "shared::leaking", "told +919876543210"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(!String::from_utf8_lossy(&ended.stdout).contains("test result"), "the run went on");

    let ended = child("everybody");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// Not a test of its own: the process that the test above starts.
#[test]
fn child_that_leaks() {
    if let Ok(text) = env::var(logs::CHILD) {
        logs::watch();
        let logging = std::thread::spawn(move || tracing::trace!(target: "shared::leaking", "told {text}"));
        logging.join().unwrap();
    }
}

fn child(text: &str) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["logs::child_that_leaks", "--exact"]).env(logs::CHILD, text);
    command.output().unwrap()
}

/// The lines that are looked at are those of the functions: a failure, each request, and metrics.
#[tokio::test]
async fn every_line_of_the_run_is_seen() {
    let world = World::open().await;
    let served = world.guard.get("/v1/visitors?flat_id=44444444-4444-4444-4444-444444444444").await;
    world.stack.wire().refuse(true);
    world.stack.wire().cut();
    let failed = world.guard.get("/v1/visitors").await;
    world.stack.wire().refuse(false);
    let lines_of =
        |reply: &crate::support::Reply| logs::lines_with(reply.headers["x-request-id"].to_str().unwrap());
    let lines = lines_of(&served);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(r#""route":"/v1/visitors""#) && lines[0].contains(r#""status":200"#),
        "{lines:?}"
    );
    let lines = lines_of(&failed);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("request failed") && lines[0].contains(r#""level":"ERROR""#), "{lines:?}");

    let done = world.stack.lambda().invoke("janitor", "{}".to_owned()).await;
    assert!(matches!(done, Ok(gateway::Outcome::Answered(_))), "{done:?}");
    let metrics = logs::lines_with("VisitorsStripped");
    assert!(
        metrics.iter().any(|line| line.starts_with(r#"{"#) && line.contains("CloudWatchMetrics")),
        "{metrics:?}"
    );
}
