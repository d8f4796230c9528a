//! `docs/integration.md` and `docs/apps.md`: their code is that of `docs/snippets/`, and what can run here does what
//! the pages say.

use std::{collections::BTreeSet, fs, path::Path, process::Stdio};

use serde_json::{Value, json};
use stack::{
    Identity, Seed, Stack, checkout,
    faults::{Fault, Kind, Point},
};
use tasks::openapi;
use uuid::Uuid;

use crate::support::{
    Client, Scratch, World, eventually, logs, shell,
    world::{FLAT_101, GREEN_ACRES},
};

const PAGE: &str = "docs/integration.md";
/// What the two apps have to change.
const APPS: &str = "docs/apps.md";
const SNIPPETS: &str = "docs/snippets";
const FLAT: (&str, Uuid) = ("flat", FLAT_101);
const GATE: (&str, Uuid) = ("society", GREEN_ACRES);

/// A fenced block: what stands behind the fence, and the text.
type Block = (String, String);

fn read(path: impl AsRef<Path>) -> String {
    let path = checkout().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn blocks(page: &str) -> Vec<Block> {
    let text = read(page);
    let parts: Vec<&str> = text.split("```").collect();
    assert_eq!(parts.len() % 2, 1, "a block is not closed");
    let inside = parts.into_iter().skip(1).step_by(2);
    inside.filter_map(|part| part.split_once('\n')).map(|(info, text)| (info.into(), text.into())).collect()
}

/// The lines between `// snippet: NAME` and `// end`.
fn region(file: &str, name: &str) -> String {
    let text = read(Path::new(SNIPPETS).join(file));
    let (_, rest) =
        text.split_once(&format!("// snippet: {name}\n")).unwrap_or_else(|| panic!("{file}#{name}"));
    rest.split_once("// end\n").unwrap_or_else(|| panic!("{file}#{name} has no end")).0.to_owned()
}

/// The snippets of a language.
fn files(language: &str) -> Vec<String> {
    let folder = fs::read_dir(checkout().join(SNIPPETS).join(language)).unwrap();
    folder.map(|entry| format!("{language}/{}", entry.unwrap().file_name().to_string_lossy())).collect()
}

/// The names of all regions, such as `javascript/api.mjs#day`.
fn regions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files("dart").into_iter().chain(files("javascript")) {
        let text = read(Path::new(SNIPPETS).join(&file));
        let starts = text.lines().filter_map(|line| line.strip_prefix("// snippet: "));
        names.extend(starts.map(|name| format!("{file}#{name}")));
    }
    names
}

/// Blocks name the region they show; those of the shell are run by another test.
#[test]
fn the_pages_show_the_snippets() {
    let mut shown = BTreeSet::new();
    for (info, text) in [PAGE, APPS].into_iter().flat_map(blocks) {
        if info == "sh" {
            continue;
        }
        let (language, source) =
            info.split_once(' ').unwrap_or_else(|| panic!("which snippet? {info}: {text}"));
        let (file, name) = source.split_once('#').unwrap_or_else(|| panic!("which region? {info}"));
        let written_in = if file.starts_with("dart/") { "dart" } else { "js" };
        assert_eq!(language, written_in, "{info}");
        assert_eq!(text, region(file, name), "{info} differs from {SNIPPETS}/{file}");
        shown.insert(source.to_owned());
    }
    assert_eq!(shown, regions(), "each region is shown, and each block is one");
}

/// A guard and two residents with three kinds of clients: each sees what the others do.
#[tokio::test]
async fn the_javascript_plays_a_day() {
    let world = World::open().await;
    let mut gate = Client::guide(&world.guard, "websocket", GATE, json!({}));
    let mut asha = Client::guide(&world.resident, "socket_io", FLAT, json!({}));
    let mut ravi = Client::guide(&world.spouse, "websocket", FLAT, json!({}));
    let mut meera = Client::guide(&world.neighbour, "none", FLAT, json!({}));
    for app in [&mut gate, &mut asha, &mut ravi] {
        // Without `since` the lists have to be read.
        app.saw("stale").await;
    }
    gate.tell("log").await;
    let logged = gate.saw("did log").await["visitor"].take();
    for app in [&mut asha, &mut ravi] {
        assert_eq!(app.saw("visitor_request").await["visitor_id"], logged);
    }
    asha.tell("accept").await;
    assert_eq!(asha.saw("did accept").await["status"], "accepted");
    assert_eq!(gate.saw("request_approved").await["visitor_id"], logged);
    // The second answer loses, and is told the state that won.
    ravi.tell("accept").await;
    assert_eq!(ravi.saw("did accept").await["status"], "accepted");

    gate.tell("checkin").await;
    // The event may be there before the answer.
    let mut seen = [gate.next().await.0, gate.next().await.0];
    seen.sort();
    assert_eq!(seen, ["did checkin", "visitor_checkin"]);
    for app in [&mut asha, &mut ravi] {
        assert_eq!(app.saw("visitor_checkin").await["visitor_id"], logged);
        app.tell("close").await;
        app.saw("did close").await;
    }
    gate.tell("visits").await;
    assert_eq!(gate.saw("did visits").await["count"], 1);
    // Somebody else's visitor.
    meera.tell("log").await;
    assert_eq!(meera.saw("refused").await["code"], "FORBIDDEN");
    eventually("the residents have left", async || world.members_of_the_flat().await == 0).await;
}

/// What everything begins with: a client that only rings.
#[tokio::test]
async fn the_first_lines_ring() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    // It was logged before, and is open still.
    let mut app = Client::guide(&world.resident, "minimal", FLAT, json!({}));
    assert_eq!(app.saw("ring").await["visitor_id"], visitor.to_string());
}

/// Everything that is wrong is told at once, and nothing is sent again.
#[tokio::test]
async fn the_javascript_shows_all_problems() {
    let world = World::open().await;
    let mut gate = Client::guide(&world.guard, "none", GATE, json!({}));
    gate.tell("wrong").await;
    let refused = gate.saw("refused").await;
    assert_eq!((&refused["status"], &refused["code"]), (&json!(400), &json!("VALIDATION_FAILED")));
    let fields: Vec<_> =
        refused["details"].as_array().unwrap().iter().map(|problem| &problem["field"]).collect();
    assert_eq!(fields, ["visitor_name", "phone", "flat_id"]);
}

/// A token that has run out is renewed, by the API and by each socket.
#[tokio::test]
async fn the_javascript_renews_its_token() {
    let world = World::open().await;
    let stale = world.stack.issuer().token(&Identity::of("asha").ttl(-60)).unwrap();
    for protocol in ["socket_io", "websocket"] {
        let mut app = Client::guide(&world.resident, protocol, FLAT, json!({"stale": stale}));
        app.saw("stale").await;
    }
    let mut app = Client::guide(&world.resident, "none", FLAT, json!({"stale": stale}));
    app.tell("visits").await;
    assert_eq!(app.saw("did visits").await["count"], 0);
}

/// A function dies between its commit and its answer: the call is repeated with its key, and there is one visitor.
#[tokio::test]
async fn the_javascript_repeats_a_call_without_doing_it_twice() {
    let world = World::open().await;
    let mut gate = Client::guide(&world.guard, "none", GATE, json!({}));
    world.stack.faults().set([Fault::killed("visitors", Point::BeforePush).times(1)]).unwrap();
    gate.tell("log").await;
    gate.saw("did log").await;
    assert_eq!(world.stack.faults().struck()[&Kind::FunctionKilled], 1);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 1);
}

/// What comes twice is heard once; what is lost on the way is asked for, after the connection was cut, and when
/// the app looks.
#[tokio::test]
async fn the_javascript_hears_everything_once() {
    for protocol in ["socket_io", "websocket"] {
        let world = World::open().await;
        let mut app = Client::guide(&world.resident, protocol, FLAT, json!({}));
        app.saw("stale").await;
        // After the first one the event is sent again, ahead of the next one.
        for kind in [Some(Kind::PostLate), None, Some(Kind::ConnectionCut), Some(Kind::PostLost)] {
            world.stack.faults().set(kind.map(|kind| Fault::new(kind).times(1))).unwrap();
            let visitor = world.log_visitor().await.to_string();
            eventually("it struck", async || world.stack.faults().struck().len() == kind.iter().len()).await;
            if kind == Some(Kind::PostLost) {
                app.tell("check").await;
                app.saw("did check").await;
            }
            assert_eq!(app.saw("visitor_request").await["visitor_id"], visitor, "{protocol} {kind:?}");
        }
    }
}

/// The lines for a shell, one after the other, against `cargo dev` with its demo society; in one shell and then in the
/// other, with a curl of 2019. They leave nothing behind that changes what the demo does.
#[tokio::test]
async fn the_shell_lines_play_a_day_and_another_one() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let db = stack.database().await.unwrap();
    let lines: String =
        blocks(PAGE).into_iter().filter(|(info, _)| info == "sh").map(|(_, text)| text).collect();
    let lines = lines.replace("http://127.0.0.1:3000", stack.base_url());
    let home = Scratch::new();
    let path = shell::old_curl(home.path());
    for (day, shell) in (1_i64..).zip(shell::shells()) {
        let mut shell = tokio::process::Command::from(shell);
        let ran = shell
            .args(["-euo", "pipefail", "-c", &lines])
            .env("PATH", &path)
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let told = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{told}\n{}", String::from_utf8_lossy(&ran.stderr));
        let answers: Vec<Value> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let codes: Vec<_> = answers.iter().filter_map(|answer| answer["error_code"].as_str()).collect();
        assert_eq!(codes, ["VALIDATION_FAILED", "WRONG_STATE"], "{told}");
        let quiet: Vec<_> = answers.iter().filter_map(|answer| answer["data"].get("quiet_from")).collect();
        assert_eq!(json!(quiet), json!(["22:00", "22:00", null]), "{told}");

        let state: Value = db.query_one(STATE, &[]).await.unwrap().get(0);
        assert_eq!(
            state,
            json!({"left": day, "others": 0, "opened": day, "devices": 0, "quiet": 0}),
            "{told}"
        );
    }
}

/// What the shell's lines have made, and what they have left.
const STATE: &str = "SELECT jsonb_build_object(
    'left', (SELECT count(*) FROM visitors WHERE status = 'checked_out'),
    'others', (SELECT count(*) FROM visitors WHERE status <> 'checked_out'),
    'opened', (SELECT count(*) FROM notifications WHERE status = 'opened' AND kind = 'visitor_checkout'),
    'devices', (SELECT count(*) FROM devices),
    'quiet', (SELECT count(*) FROM notification_preferences WHERE quiet_from IS NOT NULL OR NOT push OR NOT sms))";

/// The program at the end of the guide: it signs in at `cargo dev`, rings, and answers what is typed.
#[tokio::test]
async fn the_whole_program_rings_and_answers() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let mut phone = Client::program("resident.mjs", stack.base_url(), "demo-resident-101a");
    assert_eq!(phone.line().await, "Resident 101A waits in 101.");
    assert_eq!(phone.line().await, "Listening.");
    let http = reqwest::Client::new();
    for (typed, status) in [("y", "accepted"), ("n", "denied")] {
        let logged = http
            .post(format!("{}/v1/visitors", stack.base_url()))
            .bearer_auth(stack.token("demo-guard-1").unwrap())
            .json(&json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101}))
            .send()
            .await
            .unwrap();
        assert_eq!(logged.status(), 201);
        let rung = phone.line().await;
        assert!(rung.starts_with("Kiran (guest) is at the gate for 101."), "{rung}");
        phone.tell(typed).await;
        assert_eq!(phone.line().await, format!("Kiran: {status}"));
    }
}

/// A page of Vite's development server gets a token, calls, and listens by both protocols, all at its own origin.
#[tokio::test]
async fn the_proxy_serves_a_web_app_at_another_port() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let mut page = Client::vite(stack.base_url());
    assert_eq!(page.saw("called").await, "Resident 101A");
    assert_eq!(page.saw("socket_io").await["room"], format!("flat:{FLAT_101}"));
    assert_eq!(page.saw("websocket").await["room"], format!("flat:{FLAT_101}"));
}

/// Each edit names a file of an app, its lines, and what stands there before or after; calls that are named are there.
#[test]
fn the_edits_of_the_apps_are_whole() {
    let page = read(APPS);
    let mut edits = 0;
    for row in page.lines().filter(|line| line.starts_with("| `") || line.starts_with("| Guards |")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let paths = cells
            .iter()
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .filter(|code| code.ends_with(".dart"));
        assert!(paths.clone().count() > 0, "which file? {row}");
        for path in paths {
            assert!(
                path.starts_with("core/") || path.starts_with("features/") || path.starts_with("data/"),
                "{path}"
            );
        }
        if let [_, before, after, why] = cells[..] {
            assert!(!why.is_empty(), "why? {row}");
            assert!(!before.is_empty() || !after.is_empty(), "what? {row}");
        }
        edits += 1;
    }
    assert!(edits > 15, "only {edits} edits were found");

    let api = openapi::document();
    for code in page.split('`').skip(1).step_by(2) {
        let Some((method, path)) = code.split_once(" /v1/") else { continue };
        let operation = &api["paths"][format!("/v1/{path}")][method.to_lowercase()];
        assert!(operation.is_object(), "there is no {code}");
    }
}

/// The table of what a message to a phone holds has every field that one ever has, and no other.
#[tokio::test]
async fn the_page_lists_what_messages_hold() {
    let world = World::open().await;
    for (actor, token) in
        [(&world.spouse, "of-a-resident"), (&world.second_guard, "of-a-guard"), (&world.admin, "of-an-admin")]
    {
        actor.post("/v1/fcm-token", json!({"token": token})).await.data(200);
    }
    world.live_through_a_day().await;
    let names = "SELECT DISTINCT jsonb_object_keys(payload) FROM notifications";
    let mut held: BTreeSet<String> =
        world.db.query(names, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    held.extend(OF_PUSH.map(str::to_owned));

    let page = read(PAGE);
    let (_, push) = page.split_once("\n## Push\n").unwrap();
    let rows =
        push.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let listed: BTreeSet<String> =
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(listed, held);
}

/// Dart does not run here. What it says to the server is checked word by word: paths, fields, events, actions.
#[test]
fn the_dart_speaks_of_what_there_is() {
    let api = openapi::document();
    let asyncapi: Value = serde_yaml_ng::from_str(&read("docs/asyncapi.yaml")).unwrap();
    let mut described = BTreeSet::from(OF_PUSH.map(str::to_owned));
    for document in [&api, &asyncapi] {
        collect_words(document, &mut described);
    }
    let mut words = 0;
    for file in files("dart") {
        let text = read(Path::new(SNIPPETS).join(&file));
        // Imports name packages.
        let text: String = text.lines().filter(|line| !line.starts_with("import ")).collect();
        for word in text.split('\'').skip(1).step_by(2) {
            if word.starts_with("/v1/") {
                let part =
                    |part: &str| if part.starts_with('$') { "{id}".to_owned() } else { part.to_owned() };
                let path = word.split('/').map(part).collect::<Vec<_>>().join("/");
                assert!(api["paths"].get(&path).is_some(), "{file}: there is no {word}");
            } else if !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                let known = described.contains(word) || OF_PACKAGES.contains(&word);
                assert!(known, "{file}: nobody describes {word}");
            } else {
                continue;
            }
            words += 1;
        }
    }
    assert!(words > 40, "only {words} words were found");
}

/// Words of Dart's packages.
const OF_PACKAGES: [&str; 2] = ["connect", "websocket"];
/// A field of messages to phones, which no document describes.
const OF_PUSH: [&str; 1] = ["notification_id"];

/// Names of fields, and texts that are one word.
fn collect_words(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            words.extend(fields.keys().cloned());
            fields.values().for_each(|field| collect_words(field, words));
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect_words(part, words)),
        Value::String(text) => drop(words.insert(text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
