//! `cargo lambda watch` sends requests where the template does.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;
use stack::{Stack, own_template};

/// The router in the root `Cargo.toml`: path and function.
fn router() -> BTreeMap<String, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(stack::checkout());
    let metadata: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();
    let router = metadata["metadata"]["lambda"]["watch"]["router"].as_object().unwrap();
    router.iter().map(|(path, function)| (path.clone(), function.as_str().unwrap().to_owned())).collect()
}

/// The entry of what has no route.
const REST: &str = "/{*rest}";

fn serves(entry: &str, path: &str) -> bool {
    match entry.strip_suffix("{*rest}") {
        Some(start) => path.len() > start.len() && path.starts_with(start),
        None => entry == path,
    }
}

/// Each route has one entry, which is its function's, and no entry is left of earlier routes.
#[test]
fn watch_and_template_agree() {
    let (router, mut used) = (router(), BTreeSet::new());
    for function in own_template().unwrap().functions {
        for route in &function.routes {
            let fitting = router.iter().filter(|(entry, _)| *entry != REST && serves(entry, &route.path));
            let fitting: Vec<_> = fitting.collect();
            let [(entry, named)] = fitting[..] else { panic!("{}: {fitting:?}", route.path) };
            assert_eq!(*named, function.name, "{}", route.path);
            used.insert(entry.clone());
        }
        for route in &function.rest {
            assert_eq!((&*route.path, &router[REST]), ("/{proxy+}", &function.name));
            used.insert(REST.to_owned());
        }
    }
    assert!(router.keys().all(|entry| used.contains(entry)), "no route: {used:?} of {router:?}");
}

/// What `cargo lambda watch` reads in the file of variables is what functions need, line ends in keys included.
#[tokio::test]
async fn the_file_of_variables_says_what_functions_need() {
    let stack = Stack::start().await.unwrap();
    let file = stack.variables_file();
    let read: BTreeMap<String, String> = file
        .lines()
        .map(|line| {
            let (name, quoted) = line.split_once('=').unwrap();
            let value = quoted.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
            assert!(!value.contains('\''), "{name} ends early");
            // As env-file-reader 0.3 does, which cargo-lambda uses.
            (name.to_owned(), value.replace(r"\n", "\n"))
        })
        .collect();
    for (name, value) in stack.variables() {
        match serde_json::from_str::<Value>(&value) {
            Ok(json) => assert_eq!(serde_json::from_str::<Value>(&read[&name]).unwrap(), json, "{name}"),
            Err(_) => assert_eq!(read[&name], value, "{name}"),
        }
    }
    assert!(read["FCM_SERVICE_ACCOUNT"].contains("PRIVATE KEY"));
}
