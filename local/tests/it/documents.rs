//! What the documents point at is there, and what they draw can be drawn.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use stack::checkout;

use crate::support::{Client, World};

/// The documents, from the top of the checkout.
fn documents() -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(checkout().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found: Vec<PathBuf> = fs::read_dir(checkout())
        .unwrap()
        .map(|entry| PathBuf::from(entry.unwrap().file_name()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    collect(Path::new("docs"), &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(checkout().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A text without its code: fenced blocks and lines that are indented like one.
fn prose(text: &str) -> String {
    let outside = text.split("\n```").step_by(2);
    outside
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// What stands in backticks, and the text without that.
fn spans(prose: &str) -> (Vec<&str>, String) {
    let spans = prose.split('`').skip(1).step_by(2).collect();
    (spans, prose.split('`').step_by(2).collect())
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    headings
        .map(|(_, title)| title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

/// Where the links of a text lead.
fn links(text: &str) -> Vec<&str> {
    let behind = text.split("](").skip(1);
    behind.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.trim()).collect()
}

/// A merge that was committed with its conflict has these in a line, also in the middle once a paragraph was filled anew.
#[test]
fn no_document_holds_a_merge_conflict() {
    let marks = ['<', '>', '='].map(|c| c.to_string().repeat(7));
    let mut found = Vec::new();
    for document in documents() {
        for (number, line) in (1..).zip(read(&document).lines()) {
            if line.split_whitespace().any(|word| marks.iter().any(|mark| mark == word)) {
                found.push(format!("{}:{number}: {line}", document.display()));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Every link of a document leads to a file, and to a heading where it names one.
#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for document in documents() {
        let text = read(&document);
        let (_, outside) = spans(&prose(&text));
        for link in links(&outside) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            assert!(checkout().join(&target).exists(), "{}: {link} leads nowhere", document.display());
            if !anchor.is_empty() {
                let known = anchors(&prose(&read(&target)));
                assert!(known.contains(anchor), "{}: {link} is none of {known:?}", document.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 40, "only {followed} links were found");
}

/// Every file that is named with its path is there. Records of decisions may name what was there once.
#[test]
fn files_that_are_named_exist() {
    let top: Vec<String> = fs::read_dir(checkout())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["target", ".git"].contains(&name.as_str()))
        .collect();
    let mut named = 0;
    for document in documents() {
        let text = read(&document);
        let prose = prose(&text);
        for span in spans(&prose).0 {
            let Some((first, _)) =
                span.split_once('/').filter(|(first, _)| top.iter().any(|name| name == first))
            else {
                continue;
            };
            // What comes behind a path: a line of the file, a function in it, arguments of a command.
            let path = span.split([' ', ':', '#']).next().unwrap_or(first);
            if path.contains(['*', '<', '{', '…']) {
                continue;
            }
            assert!(checkout().join(path).exists(), "{}: there is no {path}", document.display());
            named += 1;
        }
    }
    assert!(named > 30, "only {named} files were found");
}

/// Every name in snake case is one of the code's: a test, a column, a field, an event, a crate. Records of decisions
/// may name what was there once.
#[test]
fn names_are_those_of_the_code() {
    let mut code = String::new();
    for place in ["Cargo.toml", "docs", "functions", "local", "migrations", "shared", "template.yaml"] {
        collect_code(Path::new(place), &mut code);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let known: BTreeSet<&str> = code.split(|c| !is_part(c)).collect();
    let is_name = |span: &str| span.contains('_') && span.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let mut named = 0;
    // The columns of `docs/data.md` are compared with the database's.
    let is_compared =
        |path: &&PathBuf| !path.starts_with("docs/decisions") && !path.ends_with("docs/data.md");
    for document in documents().iter().filter(is_compared) {
        let prose = prose(&read(document));
        for name in spans(&prose).0.into_iter().filter(|span| is_name(span)) {
            assert!(known.contains(name), "{}: nothing is called {name}", document.display());
            named += 1;
        }
    }
    assert!(named > 60, "only {named} names were found");
}

/// The text of all files that are code.
fn collect_code(path: &Path, code: &mut String) {
    let whole = checkout().join(path);
    if whole.is_dir() {
        fs::read_dir(whole)
            .unwrap()
            .for_each(|entry| collect_code(&path.join(entry.unwrap().file_name()), code));
    } else if path.extension().is_some_and(|extension| CODE.iter().any(|code| extension == *code)) {
        code.push_str(&read(path));
    }
}

/// How files of code end.
const CODE: [&str; 8] = ["dart", "js", "json", "mjs", "rs", "sql", "toml", "yaml"];

/// Filters that a reader is to give to the tests find more than one.
#[test]
fn filters_of_tests_find_some() {
    let ran = Command::new(env::current_exe().unwrap()).arg("--list").output().unwrap();
    let list = String::from_utf8(ran.stdout).unwrap();
    let text = read(Path::new("CONTRIBUTING.md"));
    let commands = text.lines().filter_map(|line| line.strip_prefix("    cargo test -p local --test it "));
    let filters: Vec<&str> = commands.filter_map(|rest| rest.split_whitespace().next()).collect();
    assert!(!filters.is_empty());
    for filter in filters {
        let found = list.lines().filter(|line| line.contains(filter)).count();
        assert!(found > 1, "{filter} finds {found}");
    }
}

/// The list of decisions names each of them once, with its title.
#[test]
fn all_decisions_are_listed() {
    let folder = Path::new("docs/decisions");
    let list = read(&folder.join("README.md"));
    let mut listed: Vec<&str> = links(&list);
    listed.sort_unstable();
    let all: Vec<PathBuf> = documents().into_iter().filter(|path| path.starts_with(folder)).collect();
    let all = all.iter().map(|path| path.file_name().unwrap().to_str().unwrap());
    let all: Vec<&str> = all.filter(|name| *name != "README.md").collect();
    assert_eq!(listed, all);
}

/// The diagrams of the architecture that say what the database says: each line of the schema is a foreign key,
/// each column is there, and a visitor has those states.
#[tokio::test]
async fn diagrams_show_the_schema() {
    let page = read(Path::new("docs/architecture.md"));
    let diagrams = |kind: &str| -> String {
        let start = format!("```mermaid\n{kind}\n");
        let blocks = page.split(&start).skip(1);
        blocks.map(|rest| rest.split_once("```").unwrap().0).collect()
    };
    let world = World::open().await;
    let mut table = None;
    let mut checked = 0;
    for line in diagrams("erDiagram").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (question, parts) = match (&words[..], &table) {
            ([parent, _, child, ":", column], _) => (FOREIGN_KEY, [*parent, *child, *column]),
            ([name, "{"], _) => {
                table = Some((*name).to_owned());
                continue;
            }
            (["}"], _) => {
                table = None;
                continue;
            }
            ([kind, column], Some(name)) => (COLUMN, [name.as_str(), *column, *kind]),
            _ => panic!("what is {line}?"),
        };
        let params = parts.each_ref().map(|part| part as &(dyn tokio_postgres::types::ToSql + Sync));
        let found: bool = world.db.query_one(question, &params).await.unwrap().get(0);
        assert!(found, "the database knows nothing of `{}`", line.trim());
        checked += 1;
    }
    assert!(checked > 30, "only {checked} lines were found");

    let drawn = diagrams("stateDiagram-v2");
    let ends = drawn.lines().flat_map(|line| line.split(':').next().unwrap_or_default().split("-->"));
    let drawn: BTreeSet<&str> = ends.map(str::trim).filter(|state| !["", "[*]"].contains(state)).collect();
    let states =
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'visitors_status_check'";
    let states: String = world.db.query_one(states, &[]).await.unwrap().get(0);
    assert_eq!(drawn, states.split('\'').skip(1).step_by(2).collect());
}

/// Whether $2.$3 refers to $1.
const FOREIGN_KEY: &str = "SELECT EXISTS (
    SELECT FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
     WHERE c.contype = 'f' AND c.confrelid = to_regclass($1) AND c.conrelid = to_regclass($2) AND a.attname = $3)";
/// Whether $1 has a column $2 of the type $3.
const COLUMN: &str = "SELECT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND format_type(atttypid, NULL) = $3)";

/// Diagrams by Mermaid's own grammar, snippets by Dart's: they are read, and Dart is formatted.
#[tokio::test]
async fn diagrams_and_dart_can_be_read() {
    let mut mermaid = Vec::new();
    for document in documents() {
        let text = read(&document);
        let blocks = text.split("```mermaid\n").skip(1).filter_map(|rest| rest.split_once("```"));
        mermaid.extend(blocks.map(|(block, _)| (document.clone(), block.to_owned())));
    }
    let mut dart = Vec::new();
    for entry in fs::read_dir(checkout().join("docs/snippets/dart")).unwrap() {
        let path = entry.unwrap().path();
        let text = read(&path);
        dart.push((path, text));
    }
    let texts = |blocks: &[(PathBuf, String)]| -> Vec<String> {
        blocks.iter().map(|block| block.1.clone()).collect()
    };
    let mut reader = Client::blocks(&texts(&mermaid), &texts(&dart));
    for (path, block) in mermaid.iter().chain(&dart) {
        let problem = reader.saw("block").await;
        assert!(problem.is_null(), "{}: {}\n{block}", path.display(), problem.as_str().unwrap_or_default());
    }
}
