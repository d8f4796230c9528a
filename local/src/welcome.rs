//! What `cargo dev` prints: where everything is, and lines to copy that make the main flow happen.

use std::collections::BTreeSet;

use local::{Seed, Stack};
use serde_json::Value;

use crate::arguments::Arguments;

/// Flat 101 of the demo seed.
const FLAT: &str = "44444444-4444-4444-4444-444444444444";

/// Prints a text.
#[expect(clippy::print_stdout, reason = "this is what the command is for")]
pub fn say(text: &str) {
    println!("{text}");
}

/// What is said once all is up.
pub fn text(stack: &Stack, arguments: &Arguments) -> String {
    let at = |key: &str| stack.info().get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut text = format!(
        "\nSociety360 is up. Ctrl-C ends it.\n\n  API         {}\n  Reference   {}/docs\n  WebSocket   {}\n  PostgreSQL  {}\n  DynamoDB    {} (table {})\n  Faults      {}/_local/faults\n",
        at("base_url"),
        at("base_url"),
        at("websocket_url"),
        at("database_url"),
        at("dynamodb_endpoint"),
        at("table"),
        at("base_url"),
    );
    if let Some(endpoint) = &arguments.invoke {
        let file = arguments.functions_file();
        text += &format!(
            "\nFunctions are called at {endpoint}. Their variables are in {file}:\n\n  cargo lambda watch --env-file {file}\n",
            file = file.display()
        );
    }
    if arguments.seed == Seed::Demo && arguments.firebase_project.is_none() {
        text += &flow(stack.base_url(), &stack.websocket_url());
    }
    text
}

/// The variables of functions that run elsewhere, a line each, in quotes as cargo-lambda needs them.
pub fn variables(stack: &Stack) -> String {
    let lines = stack.variables().into_iter().map(|(name, value)| format!("{name}='{value}'\n"));
    lines.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The main flow with the people of the demo seed.
fn flow(base: &str, websocket: &str) -> String {
    format!(
        r#"
Try it. Tokens for a guard and a resident of flat 101:

  guard=$(curl -s '{base}/_local/token?uid=demo-guard-1' | cut -d'"' -f4)
  resident=$(curl -s '{base}/_local/token?uid=demo-resident-101a' | cut -d'"' -f4)

In a second terminal (with its own $resident) the resident listens; `npx wscat` is one client for it:

  npx wscat -c "{websocket}?token=$resident" -x '{{"action":"join_room","room_type":"flat","room_id":"{FLAT}"}}' -w 600

The guard logs a visitor, and the resident answers with the id that arrives:

  curl -s {base}/v1/visitors -H "Authorization: Bearer $guard" -H 'Content-Type: application/json' -d '{{"visitor_name":"Asha","phone":"+919812345678","flat_id":"{FLAT}","idempotency_key":"guard_1"}}'
  curl -s {base}/v1/visitors/$id/respond -H "Authorization: Bearer $resident" -H 'Content-Type: application/json' -d '{{"decision":"accept"}}'
"#
    )
}
