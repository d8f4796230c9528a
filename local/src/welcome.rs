//! What `cargo dev` prints: where everything is, and how to make a visitor ring.

use std::io::Write;

use stack::{Seed, Stack};
use tasks::readme;

use crate::arguments::Arguments;

/// Prints a text.
pub fn say(text: &str) {
    // The reader may have seen enough, as `head` has.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What is said once all is up.
pub fn text(stack: &Stack, arguments: &Arguments) -> String {
    let at =
        |key: &str| stack.info().get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let mut text = format!(
        "\nSociety360 is up. Ctrl-C ends it.\n\n  Page        {}/\n  API         {}\n  Reference   {}/docs\n  WebSocket   {}\n  PostgreSQL  {}\n  DynamoDB    {} (table {})\n  Faults      {}/_local/faults\n",
        at("base_url"),
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
            "\nFunctions are called at {endpoint}. Their variables are in {file}:\n\n  cargo lambda watch --concurrency 4 --env-file {file}\n",
            file = file.display()
        );
    }
    if arguments.seed == Seed::Demo && arguments.firebase_project.is_none() {
        let lines =
            readme::flow(stack.base_url()).lines().map(|line| format!("  {line}\n")).collect::<String>();
        text += &format!("\nOpen the page and ring a flat, or do it in a shell:\n\n{lines}");
    }
    text
}
