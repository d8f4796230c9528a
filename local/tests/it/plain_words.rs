//! Texts use the words of `docs/glossary.md`: names that were replaced do not come back, and people are *they*.

use std::{fs, process::Command};

use stack::checkout;

/// What is not written any more, in lower case, and what is said instead.
const REPLACED: [(&str, &str); 16] = [
    ("whoever", "who, or the person who"),
    ("whomever", "whom"),
    ("he", "they"),
    ("him", "them"),
    ("his", "their"),
    ("himself", "themselves"),
    ("ladder", "escalation"),
    ("ladders", "escalation steps"),
    ("rings the dispatcher", "invokes the dispatcher"),
    ("ring the dispatcher", "invoke the dispatcher"),
    ("dispatcher is rung", "dispatcher is invoked"),
    ("rung by functions", "invoked by functions"),
    ("strips visitors", "redacts visitors"),
    ("stripped visitor", "redacted visitor"),
    ("stripped visitors", "redacted visitors"),
    ("visitor is stripped", "visitor is redacted"),
];

/// Files that keep such words: landed migrations, what programs of others write, and this list.
fn is_read(path: &str) -> bool {
    let is_text =
        [".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".rs", ".sql", ".toml", ".yaml", ".yml"];
    let is_kept = path.starts_with("migrations/V")
        || path.ends_with("package-lock.json")
        || path.ends_with("/plain_words.rs");
    !is_kept && (path.starts_with(".ci/") || is_text.iter().any(|end| path.ends_with(end)))
}

/// The replaced words of a text, each with its line.
fn found(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        // Names such as `strip_visitor` are one word: others depend on them.
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let spoken = format!(" {} ", words.map(str::to_lowercase).collect::<Vec<_>>().join(" "));
        for (word, instead) in REPLACED {
            if spoken.contains(&format!(" {word} ")) {
                found.push((number, word, instead));
            }
        }
    }
    found
}

/// Every tracked text.
#[test]
fn texts_use_the_words_of_the_glossary() {
    let listed = Command::new("git").arg("ls-files").current_dir(checkout()).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut wrong = Vec::new();
    let mut read = 0;
    for path in listed.lines().filter(|path| is_read(path)) {
        let Ok(text) = fs::read_to_string(checkout().join(path)) else { continue };
        read += 1;
        let said = found(&text).into_iter();
        wrong.extend(said.map(|(line, word, instead)| format!("{path}:{line}: `{word}`, say {instead}")));
    }
    assert!(read > 300, "only {read} texts were read");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whole words are meant, in any case, and names of the code are left alone.
#[test]
fn replaced_words_are_seen() {
    let words = |text| found(text).into_iter().map(|(line, word, _)| (line, word)).collect::<Vec<_>>();
    assert_eq!(words("A guard.\nHe rings the dispatcher"), [(2, "he"), (2, "rings the dispatcher")]);
    assert_eq!(words("`Whoever`, or stripped\nvisitors"), [(1, "whoever")]);
    assert!(words("The history of this header; strip_visitors, VisitorsStripped").is_empty());
}
