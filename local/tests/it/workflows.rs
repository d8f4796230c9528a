//! The workflows do what `.ci/run` does and deploy, by commands that are there, with no more rights than that needs.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::{Value, json};
use stack::checkout;

use crate::support::{Scratch, cargo};

fn workflow(name: &str) -> Value {
    let path = checkout().join(".github/workflows").join(name);
    serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

const WORKFLOWS: [&str; 3] = ["ci.yml", "deploy.yml", "supply-chain.yml"];

/// All steps of a workflow; a job that is another workflow has none.
fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap().values();
    jobs.filter_map(|job| job["steps"].as_array()).flatten().collect()
}

/// What starts a workflow.
fn started_by(workflow: &Value) -> Vec<&str> {
    workflow["on"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn commands(workflow: &Value) -> Vec<&str> {
    steps(workflow).into_iter().filter_map(|step| step["run"].as_str()).collect()
}

/// Each step of the script is one of CI, the stories in parts and the days beside each other, and the emulator is started.
#[test]
fn ci_does_what_the_script_does() {
    let ci = workflow("ci.yml");
    let commands = commands(&ci);
    let script = fs::read_to_string(checkout().join(".ci/run")).unwrap();
    for step in script.lines().filter_map(|line| line.strip_prefix("step ")) {
        let wanted = match step {
            "cargo test" => {
                vec![".ci/bare .ci/units".to_owned(), ".ci/bare .ci/stories --part \"$PART\"".to_owned()]
            }
            ".ci/dates" => vec![".ci/bare .ci/dates \"$DAY\"".to_owned()],
            // A workflow of its own, since it is run daily too.
            ".ci/supply-chain" => vec![],
            step => vec![format!(".ci/bare {step}")],
        };
        for command in wanted {
            assert!(commands.contains(&command.as_str()), "{step}: no job runs {command}");
        }
    }
    for command in ["cargo binaries", "cargo dev emulate"] {
        assert!(commands.contains(&command), "{command}");
    }
    let matrix = |job: &str| ci["jobs"][job]["strategy"]["matrix"].clone();
    assert_eq!(matrix("stories"), json!({"part": ["1/3", "2/3", "3/3"]}));
    assert_eq!(matrix("dates"), json!({"day": ["soon", "leap", "later"]}));
    assert_eq!(ci["jobs"]["supply-chain"]["uses"], "$/.github/workflows/supply-chain.yml");
    assert!(self::commands(&workflow("supply-chain.yml")).contains(&".ci/supply-chain --strict"));
}

/// What CI runs beside the stories is told apart from them by its first letter alone.
#[test]
fn no_other_test_begins_as_the_stories_do() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let targets = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|package| package["targets"].as_array().unwrap());
    let tests: Vec<&str> = targets
        .filter(|target| target["kind"] == json!(["test"]))
        .filter_map(|target| target["name"].as_str())
        .collect();
    assert!(tests.contains(&"hello"), "{tests:?}");
    assert_eq!(tests.iter().filter(|name| name.starts_with('i')).collect::<Vec<_>>(), [&"it"]);
}

/// One check says whether all jobs have passed that were needed.
#[test]
fn every_job_counts() {
    let ci = workflow("ci.yml");
    let jobs = ci["jobs"].as_object().unwrap();
    let counted: BTreeSet<&str> =
        jobs["passed"]["needs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(counted, jobs.keys().map(String::as_str).filter(|job| *job != "passed").collect());
    assert_eq!(jobs["passed"]["if"], "always()");
}

/// Documents need the stories alone, which are always run; a change of what is deployed or of a dependency needs its check.
#[test]
fn a_change_is_checked_by_what_it_concerns() {
    let scratch = Scratch::new();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let ran = command.args(arguments).current_dir(scratch.path()).output().unwrap();
        assert!(ran.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com"];
        run("git", &[&who, arguments].concat())
    };
    fs::create_dir(scratch.path().join(".ci")).unwrap();
    fs::copy(checkout().join(".ci/changes"), scratch.path().join(".ci/changes")).unwrap();
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "Begin"]);
    assert_eq!(run(".ci/changes", &[]), "code=true\ntemplate=true\ndependencies=true\n");
    for (file, needed) in [
        ("README.md", ""),
        ("docs/decisions/001-one-statement-per-write.md", ""),
        ("docs/openapi.json", "code"),
        ("shared/src/lib.rs", "code"),
        ("shared/Cargo.toml", "code dependencies"),
        (".github/workflows/ci.yml", "code dependencies"),
        ("template.yaml", "code template"),
    ] {
        let path = scratch.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "Change"]);
        let said = run(".ci/changes", &["HEAD~1"]);
        let named: Vec<&str> = said.lines().filter_map(|line| line.strip_suffix("=true")).collect();
        assert_eq!(named.join(" "), needed, "{file}");
    }
}

/// What someone proposes is checked, and reaches an account only once it is on `main` and CI has passed.
#[test]
fn no_pull_request_starts_a_deployment() {
    let deploy = workflow("deploy.yml");
    assert_eq!(started_by(&deploy), ["push", "workflow_dispatch"]);
    assert_eq!(deploy["on"]["push"], json!({"branches": ["main"]}));
    let job = &deploy["jobs"]["deploy"];
    assert_eq!((&job["needs"], &job["if"]), (&json!("ci"), &json!("github.ref == 'refs/heads/main'")));
    assert_eq!(deploy["jobs"]["ci"]["uses"], "$/.github/workflows/ci.yml");
    assert_eq!(started_by(&workflow("ci.yml")), ["pull_request", "workflow_call"]);
    assert_eq!(started_by(&workflow("supply-chain.yml")), ["schedule", "workflow_call"]);
}

/// The workflows are all of which something is asserted here.
#[test]
fn no_workflow_is_left_out() {
    let there = fs::read_dir(checkout().join(".github/workflows")).unwrap();
    let mut there: Vec<_> = there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, WORKFLOWS);
}

/// Each step of the script is a command that is there, and runs as on a machine that nobody has prepared.
#[test]
fn every_step_runs_on_a_bare_machine() {
    let script = fs::read_to_string(checkout().join(".ci/run")).unwrap();
    let is_bare = |line: &&str| line.starts_with("cargo ") || line.starts_with(".ci/");
    assert_eq!(script.lines().find(is_bare), None, "a step without .ci/bare");
    let steps: Vec<_> = script.lines().filter_map(|line| line.strip_prefix("step ")).collect();
    assert!(steps.contains(&"cargo test"), "{steps:?}");
    for step in steps {
        let program = step.split(' ').next().unwrap();
        assert!(program == "cargo" || checkout().join(program).is_file(), "{step}");
    }
    assert!(script.lines().any(|line| line.trim_start().starts_with(".ci/bare \"$@\"")), "{script}");
}

/// A step knows none of our variables, and fails where it leaves something.
#[test]
fn a_bare_machine_stays_bare() {
    let bare = |script: &str| {
        let mut command = Command::new(checkout().join(".ci/bare"));
        command.args(["sh", "-c", script]).env("OF_OURS", "1").output().unwrap()
    };
    let ended = bare("test -z \"$OF_OURS\" && touch ~/gone && rm ~/gone");
    assert!(ended.status.success(), "{ended:?}");
    let ended = bare("touch ~/left-by-a-step");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && said.contains("/left-by-a-step"), "{ended:?}");
}

/// The stories that are told again at other dates are there.
#[test]
fn dated_stories_exist() {
    let script = fs::read_to_string(checkout().join(".ci/dates")).unwrap();
    let words = script.lines().find_map(|line| line.strip_prefix("dated=(")?.strip_suffix(')')).unwrap();
    for word in words.split(' ') {
        assert!(checkout().join(format!("local/tests/it/{word}.rs")).is_file(), "{word}");
    }
}

/// No script is called that is not there, no action by a name that can come to mean other code, and every job ends in
/// time.
#[test]
fn workflows_call_what_is_there() {
    for name in WORKFLOWS {
        let workflow = workflow(name);
        for command in commands(&workflow) {
            let script = command.split(' ').next().unwrap();
            assert!(!script.starts_with(".ci/") || checkout().join(script).is_file(), "{name}: {command}");
        }
        for action in steps(&workflow).into_iter().filter_map(|step| step["uses"].as_str()) {
            let commit = action.split_once('@').unwrap_or_else(|| panic!("{name}: {action}")).1;
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name}: {action}"
            );
        }
        for (job, what) in
            workflow["jobs"].as_object().unwrap().iter().filter(|(_, job)| job["uses"].is_null())
        {
            assert!(what["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 90), "{name}: {job}");
        }
    }
}

/// Only the job that deploys may ask for a token of the account, and it holds no key.
#[test]
fn workflows_may_do_no_more_than_they_need() {
    let (ci, deploy) = (workflow("ci.yml"), workflow("deploy.yml"));
    let reads = json!({"contents": "read"});
    assert_eq!((&ci["permissions"], &deploy["permissions"]), (&reads, &reads));
    assert!(ci["jobs"].as_object().unwrap().values().all(|job| job["permissions"].is_null()));
    let job = &deploy["jobs"]["deploy"];
    assert_eq!(job["permissions"], json!({"contents": "read", "id-token": "write"}));
    assert_eq!(job["strategy"]["matrix"]["environment"], json!(["staging", "production"]));
    assert_eq!(job["environment"], "${{ matrix.environment }}");
    assert_eq!(workflow("supply-chain.yml")["permissions"], reads);
    for named in WORKFLOWS {
        let text = fs::read_to_string(checkout().join(".github/workflows").join(named)).unwrap();
        assert!(!text.contains("secrets."), "{named}");
    }
}

/// `.ci/deploy` calls commands of ours that exist, and names each release after its commit.
#[test]
fn what_deploys_compares_with_what_is_deployed() {
    let deploy = workflow("deploy.yml");
    assert!(commands(&deploy).iter().any(|command| command.starts_with(".ci/deploy ")));
    let checkout_step = steps(&deploy)[0];
    assert_eq!(checkout_step["with"]["fetch-depth"], 0, "the deployed commit has to be there");
    let script = fs::read_to_string(checkout().join(".ci/deploy")).unwrap();
    for needed in [
        "cargo run --quiet --package deploy -- release --base \"$deployed\" --deployed ",
        "git rev-parse HEAD | cut -c 1-10",
        "\"Release=$release\"",
    ] {
        assert!(script.contains(needed), "{needed}");
    }
}
