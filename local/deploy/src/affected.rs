//! What a change concerns: `affected --base REV` compares the checkout with a revision and
//! names the functions that have to be built and deployed again.
//!
//! A file of a crate concerns the functions that depend on it; a file that all builds read concerns
//! all functions. The template and the migrations belong to the whole stack, and the migrator holds the
//! migrations. Everything else (documentation, the local stack, tests) is not deployed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// Files that the build of every function reads.
const OF_ALL: [&str; 4] = ["Cargo.lock", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];
/// The folder of such files.
const OF_ALL_WITHIN: &str = ".cargo/";
/// Where the functions are.
const FUNCTIONS: &str = "functions/";
/// Where the migrations are, and the function that is built with them.
const MIGRATIONS: (&str, &str) = ("migrations/", "migrator");

/// What a change concerns.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// The functions whose code may be another one, in order.
    pub functions: BTreeSet<String>,
    /// Whether the template or the schema of the database has changed.
    pub infrastructure: bool,
}

/// A crate of the workspace.
#[derive(Clone, Debug, Default)]
struct Crate {
    /// Its folder in the checkout.
    folder: String,
    /// The crates of the workspace it is built with; those of its tests are not.
    depends_on: BTreeSet<String>,
}

/// What has changed in a checkout since a revision, committed or not.
pub fn since(checkout: &Path, base: &str) -> Result<Affected, Error> {
    // With `--end-of-options` a name that looks like an option is none. A renamed file concerns both places.
    let changed =
        run(checkout, "git", &["diff", "--name-only", "--no-renames", "-z", "--end-of-options", base, "--"])?;
    let added = run(checkout, "git", &["ls-files", "--others", "--exclude-standard", "-z"])?;
    let files = changed.split('\0').chain(added.split('\0')).filter(|file| !file.is_empty());
    let metadata = run(checkout, "cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| Error::Command(error.to_string()))?;
    Ok(affected(&crates(&metadata), files))
}

fn run(checkout: &Path, program: &str, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new(program).args(arguments).current_dir(checkout).output();
    let output = output.map_err(Error::io(program))?;
    if !output.status.success() {
        return Err(Error::Command(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The crates that `cargo metadata` names, by their name.
fn crates(metadata: &Value) -> BTreeMap<String, Crate> {
    let root = Path::new(metadata["workspace_root"].as_str().unwrap_or_default());
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let read = packages.filter_map(|package| {
        let folder = Path::new(package["manifest_path"].as_str()?).parent()?.strip_prefix(root).ok()?;
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let ours = dependencies.filter(|other| other["path"].is_string() && other["kind"] != "dev");
        let depends_on = ours.filter_map(|other| Some(other["name"].as_str()?.to_owned())).collect();
        let name = package["name"].as_str()?.to_owned();
        Some((name, Crate { folder: format!("{}/", folder.display()), depends_on }))
    });
    read.collect()
}

/// What a change of these files concerns.
fn affected<'a>(crates: &BTreeMap<String, Crate>, files: impl Iterator<Item = &'a str>) -> Affected {
    let mut changed = BTreeSet::new();
    let mut infrastructure = false;
    for file in files {
        let is_migration = file.starts_with(MIGRATIONS.0);
        infrastructure |= file == "template.yaml" || is_migration;
        let of_all = OF_ALL.contains(&file) || file.starts_with(OF_ALL_WITHIN);
        let concerned = crates.iter().filter(|(name, one)| {
            of_all || file.starts_with(&one.folder) || is_migration && *name == MIGRATIONS.1
        });
        changed.extend(concerned.map(|(name, _)| name.as_str()));
    }
    // Until nobody is added who depends on one of them.
    loop {
        let before = changed.len();
        for (name, one) in crates {
            if one.depends_on.iter().any(|other| changed.contains(other.as_str())) {
                changed.insert(name);
            }
        }
        if changed.len() == before {
            break;
        }
    }
    let functions = crates.iter().filter(|(_, one)| one.folder.starts_with(FUNCTIONS));
    let functions = functions.map(|(name, _)| name).filter(|name| changed.contains(name.as_str()));
    Affected { functions: functions.cloned().collect(), infrastructure }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    /// `visits` is built with `shared` and `gate`, `health` with nothing, and `local` with all.
    fn workspace() -> BTreeMap<String, Crate> {
        let of = |name: &str, folder: &str, others: &[(&str, &str)]| {
            let others = others.iter().map(|(name, kind)| {
                let kind = if kind.is_empty() { Value::Null } else { json!(kind) };
                json!({"name": name, "kind": kind, "path": format!("/w/{name}")})
            });
            json!({"name": name, "manifest_path": format!("/w/{folder}/Cargo.toml"), "dependencies": others.collect::<Vec<_>>()})
        };
        crates(&json!({"workspace_root": "/w", "packages": [
            of("shared", "shared", &[]),
            of("gate", "gate", &[("shared", "")]),
            of("visits", "functions/visits", &[("gate", "")]),
            of("visitors", "functions/visitors", &[("shared", ""), ("health", "dev")]),
            of("health", "functions/health", &[]),
            of("migrator", "functions/migrator", &[]),
            of("local", "local", &[("visits", ""), ("health", "")]),
        ]}))
    }

    #[test]
    fn a_change_concerns_what_is_built_of_it() {
        let all = &["health", "migrator", "visitors", "visits"][..];
        for (files, functions, infrastructure) in [
            (&[][..], &[][..], false),
            (&["functions/visits/src/list.sql"], &["visits"], false),
            // Neither a name that begins alike, nor a crate that only tests are built with.
            (&["functions/visits.md"], &[], false),
            (&["functions/health/src/lib.rs"], &["health"], false),
            (&["gate/src/lib.rs"], &["visits"], false),
            (&["shared/src/db.rs"], &["visitors", "visits"], false),
            (&["functions/health/a", "functions/visits/b"], &["health", "visits"], false),
            (&["Cargo.toml"], all, false),
            (&["Cargo.lock"], all, false),
            (&["rust-toolchain.toml"], all, false),
            (&[".cargo/config.toml"], all, false),
            (&["template.yaml"], &[], true),
            (&["migrations/V9__more.sql", "functions/visits/a"], &["migrator", "visits"], true),
            (
                &["README.md", "docs/realtime.md", "local/src/lib.rs", "local/tests/it/main.rs", ".ci/run"],
                &[],
                false,
            ),
        ] {
            let functions = functions.iter().map(|name| (*name).to_owned()).collect();
            let found = affected(&workspace(), files.iter().copied());
            assert_eq!(found, Affected { functions, infrastructure }, "{files:?}");
        }
    }

    /// The answer is one line of JSON, which a workflow can read.
    #[test]
    fn it_is_said_in_json() {
        let found = affected(&workspace(), ["gate/a", "template.yaml"].into_iter());
        assert_eq!(json!(found), json!({"functions": ["visits"], "infrastructure": true}));
    }

    /// In a repository of its own, with changes that are committed, made, staged, and not known to git.
    #[test]
    fn a_checkout_is_compared_with_a_revision() {
        let below = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp");
        let root = below.join(format!("affected-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let git = |line: &str| run(&root, "git", &line.split(' ').collect::<Vec<_>>()).unwrap();
        write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"functions/*\"]\n");
        for name in ["one", "two", "three", "four"] {
            let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
            write(&format!("functions/{name}/Cargo.toml"), &manifest);
            write(&format!("functions/{name}/src/lib.rs"), "");
        }
        git("init -q");
        git("config user.name test");
        git("config user.email test@localhost");
        git("add .");
        git("commit -q --no-gpg-sign -m first");
        assert_eq!(since(&root, "HEAD").unwrap(), Affected { functions: [].into(), infrastructure: false });
        write("functions/one/src/lib.rs", "//! Changed.\n");
        git("add .");
        git("commit -q --no-gpg-sign -m second");
        git("mv functions/three/src/lib.rs functions/four/src/moved.rs");
        write("functions/three/src/lib.rs", "//! Again.\n");
        write("migrations/V1__first.sql", "");
        let functions = ["one", "three", "four"].map(str::to_owned).into();
        let found = since(&root, "HEAD~1");
        let unknown = since(&root, "--output=x").unwrap_err().to_string();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found.unwrap(), Affected { functions, infrastructure: true });
        assert!(unknown.contains("--output=x"), "{unknown}");
    }
}
