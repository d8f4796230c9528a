//! The modules of `shared` and the parts of `local` stand in layers, and none uses what is above it or beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;
use stack::checkout;

use crate::support::cargo;

/// The number of each module's layer, as `docs/architecture.md` lists them.
fn layers() -> BTreeMap<String, usize> {
    let page = fs::read_to_string(checkout().join("docs/architecture.md")).unwrap();
    let (_, section) = page.split_once("### Layers of `shared`\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut layers = BTreeMap::new();
    for line in section.lines() {
        let Some((number, modules)) = line.split_once(". `") else { continue };
        let Ok(number) = number.parse() else { continue };
        for module in modules.split(['`', ',', ' ']).filter(|module| !module.is_empty()) {
            assert_eq!(layers.insert(module.to_owned(), number), None, "{module} stands there twice");
        }
    }
    layers
}

/// The modules of the crate and the names that they give to it, such as `App` of `auth`.
fn modules() -> (BTreeSet<String>, BTreeMap<String, String>) {
    let root = fs::read_to_string(checkout().join("shared/src/lib.rs")).unwrap();
    let mut modules = BTreeSet::new();
    let mut names = BTreeMap::new();
    let mut of_tests = false;
    for line in root.lines() {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(module) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            if !of_tests {
                modules.insert(module.to_owned());
            }
        } else if let Some((module, name)) = line.strip_prefix("use ").and_then(|rest| rest.split_once("::"))
        {
            names.insert(name.trim_end_matches(';').to_owned(), module.to_owned());
        }
        of_tests = line == "#[cfg(test)]";
    }
    (modules, names)
}

/// The first names behind each `crate::` of a text, without comments and tests; those of macros, `$crate::`, count where the
/// macro is used.
fn imports(text: &str) -> BTreeSet<String> {
    let (code, _) = text.split_once("#[cfg(test)]\nmod tests").unwrap_or((text, ""));
    let lines = code.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        if code[..place].ends_with('$') {
            continue;
        }
        let after = &code[place + "crate::".len()..];
        let Some(list) = after.strip_prefix('{') else {
            found.insert(name(after));
            continue;
        };
        let (mut depth, mut is_first) = (0, true);
        for (place, sign) in list.char_indices() {
            match sign {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => is_first = true,
                sign if is_first && sign.is_alphabetic() => {
                    found.insert(name(&list[place..]));
                    is_first = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn name(text: &str) -> String {
    text.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect()
}

fn collect(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| collect(&entry.unwrap().path(), found));
    } else if path.extension().is_some_and(|end| end == "rs") {
        found.extend(imports(&fs::read_to_string(path).unwrap()));
    }
}

#[test]
fn no_module_of_shared_points_upwards() {
    let (layers, (modules, names)) = (layers(), modules());
    assert!(modules.len() > 25, "only {modules:?} were found");
    assert_eq!(
        layers.keys().cloned().collect::<BTreeSet<_>>(),
        modules,
        "docs/architecture.md, and shared/src/lib.rs"
    );
    let mut upwards = Vec::new();
    for module in &modules {
        let mut used = BTreeSet::new();
        for place in [format!("shared/src/{module}.rs"), format!("shared/src/{module}")] {
            let path = checkout().join(place);
            if path.exists() {
                collect(&path, &mut used);
            }
        }
        for used in &used {
            let used = names.get(used).unwrap_or(used);
            // What is no module is a macro.
            let Some(layer) = layers.get(used).filter(|_| used != module) else { continue };
            if *layer >= layers[module] {
                upwards.push(format!("{module} uses {used}"));
            }
        }
    }
    assert!(upwards.is_empty(), "{upwards:#?}");
}

#[test]
fn imports_are_found() {
    let text = "use crate::{\n    App, // crate::no\n    auth::{Caller, Role},\n    db::Db,\n};\nlet a = crate::text::of(); $crate::sql!()\n#[cfg(test)]\nmod tests { use crate::http; }";
    assert_eq!(imports(text), BTreeSet::from(["App", "auth", "db", "text"].map(str::to_owned)));
}

/// The number of each part's layer, as `docs/architecture.md` lists them.
fn parts() -> BTreeMap<String, usize> {
    let page = fs::read_to_string(checkout().join("docs/architecture.md")).unwrap();
    let (_, list) = page.split_once("none depends on one of a line below its own:\n").unwrap();
    let (mut parts, mut layer) = (BTreeMap::new(), 0);
    for line in list.trim_start().lines().take_while(|line| !line.is_empty()) {
        layer += usize::from(!line.starts_with(' '));
        for (before, _) in line.match_indices("`:").map(|(end, _)| line.split_at(end)) {
            let (_, name) = before.rsplit_once('`').unwrap();
            assert_eq!(parts.insert(name.to_owned(), layer), None, "{name} stands there twice");
        }
    }
    parts
}

/// What each crate of `local/` depends on of this workspace, its tests aside.
fn of_local() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let local = checkout().join("local");
    let packages = metadata["packages"].as_array().unwrap().iter();
    let ours =
        packages.filter(|package| Path::new(package["manifest_path"].as_str().unwrap()).starts_with(&local));
    let read = ours.map(|package| {
        let others = package["dependencies"].as_array().unwrap().iter();
        let others = others.filter(|other| other["path"].is_string() && other["kind"].is_null());
        let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
        (name(package), others.map(name).collect())
    });
    read.collect()
}

#[test]
fn no_part_of_local_points_upwards() {
    let (layers, mut parts) = (parts(), of_local());
    // A Lambda for comparison, which is no part of the stack.
    assert!(parts.remove("hello").is_some_and(|uses| uses.is_empty()));
    assert_eq!(layers.keys().collect::<Vec<_>>(), parts.keys().collect::<Vec<_>>(), "docs/architecture.md");
    for (part, uses) in &parts {
        for used in uses.iter().filter_map(|used| Some((used, layers.get(used)?))) {
            assert!(*used.1 < layers[part], "{part} uses {}", used.0);
        }
    }
    // What serves any functions, or none, is built without ours.
    for part in ["template", "deploy", "gateway", "postgres"] {
        assert!(parts[part].iter().all(|used| used == "template"), "{part} uses {:?}", parts[part]);
    }
}

#[test]
fn the_gateway_names_nothing_of_ours() {
    fn look(path: &Path) {
        if path.is_dir() {
            return fs::read_dir(path).unwrap().for_each(|entry| look(&entry.unwrap().path()));
        }
        let text = fs::read_to_string(path).unwrap().to_lowercase();
        for word in ["society", "visitor", "resident", "firebase", "_local"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
    look(&checkout().join("local/gateway"));
    look(&checkout().join("local/template"));
}

/// A deployment asks what a change affects, and waits for the build of that.
#[test]
fn a_deployment_builds_little() {
    let tree =
        cargo(&["tree", "--package", "deploy", "--edges", "normal,build", "--prefix", "none", "--offline"]);
    let crates: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for heavy in ["shared", "stack", "gateway", "tokio", "hyper", "aws-lc-sys", "libsqlite3-sys", "axum"] {
        assert!(!crates.contains(heavy), "{heavy}");
    }
    assert!(crates.contains("template") && crates.len() < 50, "{crates:#?}");
    let script = fs::read_to_string(checkout().join(".ci/deploy")).unwrap();
    assert!(!script.contains("cargo dev"), "it builds all of the stack");
}
