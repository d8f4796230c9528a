//! The sample events are what the code says, leave out no route, and are served.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use local::{
    Outcome, Seed, Stack,
    events::{DIRECTORY, EXAMPLE_ID, ID_TOKEN, LINK_TOKEN, OPENED_AT, TOKEN, all},
    measure, openapi,
    template::Template,
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// What has to be made before an event can be served: by which event, where its answer names it, and
/// what stands for that in the event.
type Given = Option<(&'static str, &'static str, &'static str)>;

/// The token of a link about the visitor, made for [`RESIDENT`].
const LINK: Given = Some(("visitors/create_visitor", "/data/visitor/id", LINK_TOKEN));
const VISITOR: Given = Some(("visitors/create_visitor", "/data/visitor/id", EXAMPLE_ID));
const ACCEPTED: Given = Some(("visitors/respond", "/data/visitor_id", EXAMPLE_ID));
const PASS: Given = Some(("visitors/create_guest_pass", "/data/visitor/id", EXAMPLE_ID));
const QR: Given =
    Some(("visitors/create_guest_pass", "/data/visitor/qr_code", "0b8f6c1e-2d4a-4c57-9a3e-7f1d2c3b4a59"));
const CODE: Given = Some(("visitors/create_guest_pass", "/data/visitor/access_code", "K7PQ2M"));
const VISIT: Given = Some(("visits/check_in", "/data/id", EXAMPLE_ID));
const REQUEST: Given = Some(("residents/submit_request", "/data/id", EXAMPLE_ID));
const EMERGENCY: Given = Some(("emergencies/report_emergency", "/data/id", EXAMPLE_ID));
const ADDRESSED: Given = Some(("emergencies/address_emergency", "/data/id", EXAMPLE_ID));
const PUSH_TOKEN: Given = Some(("devices/register_token", "", ""));
const CONNECTION: Given = Some(("realtime/connect", "", ""));
const SOCKET_IO: Given = Some(("realtime/connect_socket_io", "", ""));

const GUARD: &str = "demo-guard-1";
const RESIDENT: &str = "demo-resident-101a";
const ADMIN: &str = "demo-admin";
/// Somebody else in each event.
const NEWCOMER: &str = "newcomer";

/// The status of a function that answers nothing.
const DONE: u64 = 0;

/// Each event, whose token it is served with, the status it is answered with, and what is there before.
const SERVED: [(&str, &str, u64, Given); 55] = [
    ("auth/sign_in", GUARD, 200, None),
    ("devices/forget_token", RESIDENT, 200, PUSH_TOKEN),
    ("devices/list_tokens", RESIDENT, 200, None),
    ("devices/register_token", RESIDENT, 200, None),
    ("dispatcher/drain", "", DONE, None),
    ("dispatcher/greet", "", DONE, None),
    ("dispatcher/scheduled", "", DONE, None),
    ("emergencies/address_emergency", GUARD, 200, EMERGENCY),
    ("emergencies/list_emergencies", GUARD, 200, None),
    ("emergencies/report_emergency", RESIDENT, 201, None),
    ("emergencies/resolve_emergency", GUARD, 200, ADDRESSED),
    ("guards/list_expected", GUARD, 200, None),
    ("guards/list_expected_alias", GUARD, 200, None),
    ("guards/register_device", GUARD, 200, None),
    ("health/get_health", "", 200, None),
    ("janitor/scheduled", "", DONE, None),
    ("onboarding/list_blocks", GUARD, 200, None),
    ("onboarding/list_cities", GUARD, 200, None),
    ("onboarding/list_complexes", GUARD, 200, None),
    ("onboarding/list_flats", GUARD, 200, None),
    ("onboarding/list_societies", GUARD, 200, None),
    ("profile/get_me", GUARD, 200, None),
    ("realtime/connect", RESIDENT, 200, None),
    ("realtime/connect_socket_io", RESIDENT, 200, None),
    ("realtime/disconnect", RESIDENT, 200, CONNECTION),
    ("realtime/hello_socket_io", RESIDENT, 200, SOCKET_IO),
    ("realtime/join_room", RESIDENT, 200, CONNECTION),
    ("realtime/leave_room", RESIDENT, 200, CONNECTION),
    ("realtime/ping", RESIDENT, 200, CONNECTION),
    ("residents/approve_request", ADMIN, 200, REQUEST),
    ("residents/ensure_occupancy", RESIDENT, 200, None),
    ("residents/ensure_occupancy_alias", RESIDENT, 200, None),
    ("residents/list_my_flats", RESIDENT, 200, None),
    ("residents/list_my_flats_alias", RESIDENT, 200, None),
    ("residents/list_requests", ADMIN, 200, None),
    ("residents/reject_request", ADMIN, 200, REQUEST),
    ("residents/submit_request", NEWCOMER, 201, None),
    ("visitors/clear_rejected", GUARD, 200, None),
    ("visitors/count_pending", RESIDENT, 200, None),
    ("visitors/create_guest_pass", RESIDENT, 201, None),
    ("visitors/create_visitor", GUARD, 201, None),
    ("visitors/decide", "", 200, LINK),
    ("visitors/find_by_access_code", GUARD, 200, CODE),
    ("visitors/find_by_qr", GUARD, 200, QR),
    ("visitors/get_visitor", GUARD, 200, VISITOR),
    ("visitors/guard_respond", GUARD, 200, VISITOR),
    ("visitors/list_pending", RESIDENT, 200, None),
    ("visitors/list_visitors", GUARD, 200, None),
    ("visitors/respond", RESIDENT, 200, VISITOR),
    ("visitors/send_invite", RESIDENT, 200, PASS),
    ("visitors/show_decide_page", "", 200, None),
    ("visitors/show_visitor", "", 200, LINK),
    ("visits/check_in", GUARD, 201, ACCEPTED),
    ("visits/check_out", GUARD, 200, VISIT),
    ("visits/list_visits", GUARD, 200, None),
];

/// The files that are kept: name without ending, and text.
fn kept() -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for directory in fs::read_dir(local::checkout().join(DIRECTORY)).unwrap() {
        let directory = directory.unwrap();
        let function = directory.file_name().into_string().unwrap();
        for file in fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{function}/{}", file.file_name().into_string().unwrap());
            kept.insert(name, fs::read_to_string(file.path()).unwrap());
        }
    }
    kept
}

/// `cargo dev events` has been run after the last change, and nothing is left of earlier ones.
#[test]
fn files_in_events_are_what_the_code_says() {
    let made = all().unwrap().into_iter().map(|(path, event)| (path, openapi::text(&event)));
    let (made, kept) = (made.collect::<BTreeMap<_, _>>(), kept());
    let stale: Vec<_> = made.iter().filter(|(path, text)| kept.get(*path) != Some(text)).collect();
    assert!(stale.is_empty(), "run `cargo dev events`: {stale:?}");
    let left: Vec<_> = kept.keys().filter(|path| !made.contains_key(*path)).collect();
    assert!(left.is_empty(), "of nothing: {left:?}");
}

/// Neither a route nor a schedule of the template lacks its event.
#[test]
fn every_route_has_an_event() {
    let mut found = BTreeSet::new();
    for (path, text) in kept() {
        let event: Value = serde_json::from_str(&text).unwrap();
        let function = path.split('/').next().unwrap().to_owned();
        let route = event["requestContext"]["routeKey"].as_str().or(event["source"].as_str());
        found.insert((function, route.unwrap_or_default().to_owned()));
    }
    let template = Template::embedded().unwrap();
    for function in &template.functions {
        let routes = function.routes.iter().map(|route| format!("{} {}", route.method, route.path));
        let schedules = function.schedules.iter().map(|_| "aws.events".to_owned());
        for event in routes.chain(schedules) {
            assert!(found.contains(&(function.name.clone(), event.clone())), "{} {event}", function.name);
        }
    }
    for (key, route) in &template.websocket {
        assert!(found.contains(&(route.function.clone(), key.clone())), "{key}");
    }
}

/// Serves an event after what it needs; answers the status and the body.
async fn serve(stack: &Stack, name: &str) -> (u64, Value) {
    let (_, uid, expected, given) =
        SERVED.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("{name}"));
    let mut text =
        fs::read_to_string(local::checkout().join(DIRECTORY).join(format!("{name}.json"))).unwrap();
    if let Some((maker, pointer, example)) = given {
        let made = Box::pin(serve(stack, maker)).await.1;
        if !example.is_empty() {
            let id = made.pointer(pointer).and_then(Value::as_str);
            assert!(text.contains(example), "{name} has no {example}");
            let mut known = id.unwrap_or_else(|| panic!("{maker}: {made}")).to_owned();
            if *example == LINK_TOKEN {
                known = stack.decision_token(known.parse().unwrap(), measure::RESIDENT).await.unwrap();
            }
            text = text.replace(example, &known);
        }
    }
    let uid = if *uid == NEWCOMER { format!("newcomer-{}", Uuid::new_v4()) } else { (*uid).to_owned() };
    let token = stack.token(&uid).unwrap();
    text = text.replace(ID_TOKEN, &token).replace(TOKEN, &token);
    // Messages on a connection that was opened long ago are not heard.
    text = text
        .replace(&OPENED_AT.to_string(), &(OffsetDateTime::now_utc().unix_timestamp() * 1000).to_string());
    let function = name.split('/').next().unwrap();
    let outcome = stack.lambda().invoke(function, text).await;
    let Ok(Outcome::Answered(answer)) = outcome else { panic!("{name}: {outcome:?}") };
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let status = answer["statusCode"].as_u64().unwrap_or(DONE);
    assert_eq!(status, *expected, "{name}: {answer}");
    let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
    (status, body.unwrap_or_default())
}

/// Each event does what it is for, once the placeholders hold what they stand for.
#[tokio::test]
async fn every_event_is_served() {
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    for path in kept().keys() {
        let (_, body) = serve(&stack, path.strip_suffix(".json").unwrap()).await;
        // A refused message is answered with 200, too.
        assert_ne!(body["event"], "error", "{path}: {body}");
    }
}
