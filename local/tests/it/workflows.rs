//! The workflows do what `.ci/run` does, by commands that are there.

use std::fs;

use local::checkout;
use serde_yaml_ng::Value;

/// All commands of a workflow.
fn commands(name: &str) -> Vec<String> {
    let path = checkout().join(".github/workflows").join(name);
    let workflow: Value = serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let jobs = workflow["jobs"].as_mapping().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_sequence().unwrap());
    steps.filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

/// Neither does a step of `.ci/run` lack in CI, nor does CI call a script that is not there.
#[test]
fn ci_does_what_the_script_does() {
    let commands = commands("ci.yml");
    let script = fs::read_to_string(checkout().join(".ci/run")).unwrap();
    let steps = script.lines().filter(|line| line.starts_with("cargo ") || line.starts_with(".ci/"));
    for step in steps {
        assert!(commands.iter().any(|command| command == step), "{step}");
    }
    for command in commands.iter().filter(|command| command.starts_with(".ci/")) {
        assert!(checkout().join(command).is_file(), "{command}");
    }
}
