//! The sample events are what the code says, leave out no route, and are served.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;
use stack::{Seed, Stack, own_template};
use tasks::{
    events::{DIRECTORY, all},
    openapi, samples,
};

/// The files that are kept: name without ending, and text.
fn kept() -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for directory in fs::read_dir(stack::checkout().join(DIRECTORY)).unwrap() {
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
    let template = own_template().unwrap();
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

/// Each event does what it is for, once the placeholders hold what they stand for.
#[tokio::test]
async fn every_event_is_served() {
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let invoke = async |function: &str, event: String| samples::in_process(&stack, function, event).await;
    for path in kept().keys() {
        samples::serve(&stack, &invoke, path.strip_suffix(".json").unwrap()).await.unwrap();
    }
}
