//! The release before goes on beside this one's schema: while a deployment shifts traffic, and after it was taken back.
//!
//! Its statements are taken from the history of this checkout: those of the commit that `RELEASE_BEFORE` names, else of the
//! last one in which the schema was another. Without a history the test is left out, and says so; a shallow clone fails.

use std::{io::Write, path::Path, process::Command};

use shared::statement::named;
use stack::Stack;
use tokio_postgres::Client;

const EMPTY: &str = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
/// What a schema is made of.
const SCHEMA: &str = "migrations";

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const SHALLOW: &str = "this clone is shallow, so the release before is not in it: \
    `git fetch --unshallow`, or name its commit in RELEASE_BEFORE";

/// What git says, by line; none where it fails.
fn git(words: &[&str]) -> Option<String> {
    let ended = Command::new("git").args(["-c", "safe.directory=*", "-C", ROOT]).args(words).output().ok()?;
    ended.status.success().then(|| String::from_utf8(ended.stdout).unwrap())
}

/// Files of a commit below these directories, by path, with their texts.
fn files(commit: &str, below: &[&str]) -> Vec<(String, String)> {
    let mut words = vec!["ls-tree", "-r", "--name-only", commit, "--"];
    words.extend(below);
    let names = git(&words).unwrap();
    let sql = names.lines().filter(|name| name.ends_with(".sql"));
    sql.map(|name| (name.to_owned(), git(&["show", &format!("{commit}:{name}")]).unwrap())).collect()
}

/// The commit of the release before. None where this is no checkout, or the first release, which is said.
fn release_before() -> Option<String> {
    if let Ok(named) = std::env::var("RELEASE_BEFORE") {
        return Some(named);
    }
    if !Path::new(ROOT).join(".git").exists() {
        leave_out("this is no checkout");
        return None;
    }
    let now = git(&["rev-parse", &format!("HEAD:{SCHEMA}")]).expect("git reads the history of this checkout");
    let commits = git(&["rev-list", "--first-parent", "HEAD"]).unwrap();
    // What was deployed is not edited, so a commit with another text of a migration was no release.
    let edited = |commit: &str| {
        git(&["diff", "--name-only", "--diff-filter=MD", commit, "HEAD", "--", "migrations/V*.sql"])
    };
    let differs = |commit: &&str| {
        git(&["rev-parse", &format!("{commit}:{SCHEMA}")]).is_some_and(|then| then != now)
            && edited(commit).is_some_and(|edited| edited.is_empty())
    };
    let found = commits.lines().find(differs).map(str::to_owned);
    if found.is_none() {
        let is_shallow = git(&["rev-parse", "--is-shallow-repository"]).unwrap();
        assert_ne!(is_shallow.trim(), "true", "{SHALLOW}");
        leave_out("this is the first release");
    }
    found
}

/// Says so past the test harness, which shows nothing of a test that passes.
fn leave_out(why: &str) {
    let left_out = format!("\nLeft out: the statements of the release before, since {why}.\n");
    std::io::stderr().write_all(left_out.as_bytes()).unwrap();
}

/// The statements that the server accepts.
async fn accepted<'a>(db: &Client, statements: &'a [(String, String)]) -> Vec<&'a (String, String)> {
    let mut accepted = Vec::new();
    for statement in statements {
        if db.prepare(&statement.1).await.is_ok() {
            accepted.push(statement);
        }
    }
    accepted
}

/// Each function that the release before calls is still there, and each of its statements accepted.
#[tokio::test]
async fn the_release_before_finds_what_it_asks_for() {
    let Some(before) = release_before() else { return };
    let stack = Stack::start().await.unwrap();
    let mut db = stack.database().await.unwrap();
    db.batch_execute(EMPTY).await.unwrap();
    let mut schema = files(&before, &[SCHEMA]);
    // Versions come before functions, in their order.
    schema.sort_by_key(|(name, _)| (name.contains("/functions/"), name.clone()));
    db.batch_execute("SET check_function_bodies = off").await.unwrap();
    for (name, text) in &schema {
        db.batch_execute(text).await.unwrap_or_else(|error| panic!("{name} of {before}: {error}"));
    }
    db.batch_execute("RESET check_function_bodies").await.unwrap();
    let mut statements = files(&before, &["functions", "shared"]);
    // Releases of 2026-11 and before numbered the parameters themselves.
    for (_, text) in statements.iter_mut().filter(|(_, text)| !text.contains("$1")) {
        *text = named(text).0;
    }
    let asked = accepted(&db, &statements).await;
    assert!(asked.len() > 20, "only {} of {} statements were tried", asked.len(), statements.len());
    let signatures =
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
    let called = db.query(signatures, &[]).await.unwrap();

    for migration in migrator::migrations().get_migrations() {
        if !schema
            .iter()
            .any(|(name, _)| name.starts_with(&format!("{SCHEMA}/V{:03}__", migration.version())))
        {
            db.batch_execute(migration.sql().unwrap()).await.unwrap();
        }
    }
    let society = "INSERT INTO societies (name, city) VALUES ('Green Acres', 'Bengaluru')";
    db.batch_execute(society).await.unwrap();
    migrator::replace_functions(&mut db).await.unwrap();
    for row in called {
        let signature: String = row.get(0);
        // It takes a row of a table that is another one since V026. Only functions have ever called it, which are replaced.
        if signature == "notification_refusal(notification_logs)" {
            continue;
        }
        let known = db.query_one("SELECT to_regprocedure($1) IS NOT NULL", &[&signature]).await.unwrap();
        assert!(known.get::<_, bool>(0), "{signature} is gone");
    }
    for (name, text) in asked {
        db.prepare(text).await.unwrap_or_else(|error| panic!("{name} of {before}: {error}"));
    }
}
