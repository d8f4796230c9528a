//! The two apps, byte by byte: each of their calls as its source sends it, each field they read with the type that
//! their Dart code takes it for, each event they listen to. Against a stack with the limits that are deployed.
//!
//! An app is a list of calls, by the names of the files that make them, and a day in which all of them are made.
//! Three things differ from the sources, as `docs/apps.md` asks for: the guard's app sends a token at all, both
//! sockets say hello with one, and the guard's app knows its society.

mod dart;
mod guard;
mod phone;
mod resident;

use std::sync::Arc;

use stack::{Stack, own_template};
use template::Setting;

use crate::support::World;

/// A world in which flats are called as in the apps' world, behind the limits that are deployed.
async fn gate() -> Arc<World> {
    let mut builder = Stack::builder();
    for (name, value) in deployed_limits() {
        builder = builder.variable(name, value);
    }
    let world = World::on(builder.start().await.unwrap()).await;
    // The guard's app shows what stands behind the hyphen, and takes its first digit for the floor.
    let hyphens =
        "UPDATE flats SET flat_number = CASE flat_number WHEN 'B1' THEN 'B-101' ELSE 'A-' || flat_number END";
    world.db.batch_execute(hyphens).await.unwrap();
    world
}

/// The bounds of the functions, by their variables, as `template.yaml` sets them.
fn deployed_limits() -> Vec<(String, String)> {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../../template.yaml")).unwrap();
    let default = |parameter: &str| {
        let default = &template["Parameters"][parameter]["Default"];
        default.as_i64().unwrap_or_else(|| panic!("{parameter} has no number")).to_string()
    };
    let functions = own_template().unwrap().functions;
    let mut limits: Vec<_> = functions
        .into_iter()
        .flat_map(|function| function.variables)
        .filter(|(name, _)| name.starts_with("RATE_LIMIT"))
        .map(|(name, setting)| match setting {
            Setting::Literal(value) => (name, value),
            Setting::Reference(parameter) => (name, default(&parameter)),
            Setting::Computed => panic!("{name} is not known before it is deployed"),
        })
        .collect();
    limits.sort();
    limits.dedup();
    assert!(limits.contains(&("RATE_LIMIT_MAX_REQUESTS".to_owned(), "100".to_owned())), "{limits:?}");
    limits
}
