//! What a developer is told who starts `cargo dev` or asks the doctor: what is there, what is wrong, what to do.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command as Blocking, Output, Stdio},
    time::Duration,
};

use postgres::{Options, Postgres};
use stack::{
    Stack, checkout,
    faults::{Fault, Kind},
};
use tokio::{process::Command, time::timeout};

use crate::support::{Scratch, eventually, shell};

/// Longer than the doctor may take.
const PATIENCE: Duration = Duration::from_secs(30);
const TOKEN: &str = "SOCIETY360_TOKEN";

/// `cargo dev` with these words.
fn dev(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(words).stdin(Stdio::null()).env_remove(TOKEN).kill_on_drop(true);
    command
}

async fn run(command: &mut Command) -> Said {
    Said::from(timeout(PATIENCE, command.output()).await.expect("it takes too long").unwrap())
}

/// What a command has said, and whether it is content.
struct Said {
    lines: String,
    errors: String,
    content: bool,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (lines, errors) = (text(&output.stdout), text(&output.stderr));
        Self { lines, errors, content: output.status.success() }
    }
}

impl Said {
    /// The doctor's line about something: how it went, and what was found.
    fn of(&self, what: &str) -> (&str, &str) {
        let lines = self.lines.lines().filter(|line| line.get(9..25).is_some_and(|name| name.trim() == what));
        match &lines.collect::<Vec<_>>()[..] {
            [line] => (line[..9].trim(), &line[26..]),
            other => panic!("{what}: {other:?} in {}{}", self.lines, self.errors),
        }
    }

    fn assert_wrong(&self, what: &str, named: &[&str]) {
        let (verdict, found) = self.of(what);
        assert_eq!(verdict, "wrong", "{what}: {found}");
        assert!(named.iter().all(|named| found.contains(named)), "{what}: {found}");
        assert!(!self.content, "{}", self.lines);
    }
}

/// A stack that is well is well in every line, to strangers and to a caller with a token.
#[tokio::test]
async fn a_healthy_stack_is_well() {
    let stack = Stack::start().await.unwrap();
    let said = run(dev(&["doctor", "--url", stack.base_url()]).env(TOKEN, stack.token("u").unwrap())).await;
    assert!(said.content, "{}{}", said.lines, said.errors);
    for (what, found) in [
        ("address", "127.0.0.1"),
        ("health", "healthy, database connected"),
        ("clock", ""),
        ("without token", "401 TOKEN_MISSING"),
        ("CORS", "browsers may call it"),
        ("signed in", "accepted"),
        ("WebSocket", "401 without token"),
        ("WebSocket token", "accepted"),
    ] {
        let (verdict, said) = said.of(what);
        assert!(verdict == "ok" && said.contains(found), "{what}: {verdict} {said}");
    }
}

/// Without a token the doctor says what it could not look at, and is content.
#[tokio::test]
async fn what_is_not_checked_is_named() {
    let stack = Stack::start().await.unwrap();
    let said = run(&mut dev(&["doctor", "--url", stack.base_url()])).await;
    assert!(said.content, "{}", said.lines);
    let (verdict, found) = said.of("signed in");
    assert!(verdict == "warning" && found.contains(TOKEN), "{found}");
}

/// A database that is away is said in the line of `/health`, and no other line blames anything else.
#[tokio::test]
async fn a_stack_without_its_database_is_unhealthy() {
    let stack = Stack::start().await.unwrap();
    stack.faults().set([Fault::new(Kind::PostgresDown)]).unwrap();
    let said = run(&mut dev(&["doctor", "--url", stack.base_url()])).await;
    said.assert_wrong("health", &["503", "database unreachable"]);
    assert_eq!(said.errors, "one thing is wrong\n");
}

/// A token that is refused is said so, at both APIs, and is not repeated.
#[tokio::test]
async fn a_token_that_is_refused_is_not_repeated() {
    let stack = Stack::start().await.unwrap();
    // Nobody has signed it.
    let token = stack.token("u").unwrap().replace('.', ".e30");
    let said = run(dev(&["doctor", "--url", stack.base_url()]).env(TOKEN, &token)).await;
    said.assert_wrong("signed in", &["401 TOKEN_INVALID", "FirebaseProjectId"]);
    said.assert_wrong("WebSocket token", &["401"]);
    assert!(!said.lines.contains(&token) && !said.errors.contains(&token));
}

/// Addresses at which nobody is, or somebody else.
#[tokio::test]
async fn wrong_addresses_are_told_apart() {
    let stack = Stack::start().await.unwrap();
    let base = stack.base_url();
    let said = run(&mut dev(&[
        "doctor",
        "--url",
        base,
        "--websocket",
        &format!("{base}/health").replace("http", "ws"),
    ]))
    .await;
    said.assert_wrong("WebSocket", &["200 without token", "WebSocketUrl"]);
    let said = run(&mut dev(&["doctor", "--url", &format!("{base}/_local/jwks")])).await;
    said.assert_wrong("health", &["404", "ApiUrl"]);
    let said =
        run(&mut dev(&["doctor", "--url", &format!("https://{}", base.trim_start_matches("http://"))])).await;
    said.assert_wrong("health", &["no answer"]);
    let said = run(&mut dev(&["doctor", "--url", "https://society360.invalid"])).await;
    said.assert_wrong("address", &["society360.invalid is not found"]);
    let said = run(&mut dev(&["doctor", "--url", "society360.invalid"])).await;
    assert!(
        !said.content && said.errors.contains("--url is an address that begins with https://"),
        "{}",
        said.errors
    );
}

/// What is needed is wrong where it is missing or old; what only some need is a warning that says for what.
#[tokio::test]
async fn programs_are_judged_by_who_needs_them() {
    let bin = Scratch::new();
    let program = |name: &str, says: &str| {
        let path = bin.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let ask = async || {
        let data = bin.path().join("data");
        let mut command = dev(&["doctor", "--port", "0", "--data", data.to_str().unwrap()]);
        let said = run(command.env("PATH", bin.path()).env_remove("CC").env_remove("RUSTC")).await;
        assert!(!data.exists(), "looking has made something");
        said
    };
    let said = ask().await;
    said.assert_wrong("Rust", &["not found", "rustup"]);
    said.assert_wrong("C compiler", &["not found", "build-essential"]);
    program("rustc", "rustc 1.94.0 (aaaaaaaaa 2026-01-01)");
    ask().await.assert_wrong("Rust", &["1.94.0", "older than 1.95", "rustup update"]);
    program("rustc", "rustc 1.95.0 (bbbbbbbbb 2026-03-01)");
    program("gcc", "gcc 12");
    program("node", "v16.20.2");
    let said = ask().await;
    for what in ["Rust", "C compiler", "data", "port", "variables"] {
        assert_eq!(said.of(what).0, "ok", "{}", said.lines);
    }
    for (what, found) in [("Node.js", "v16.20.2 is older than 20.11"), ("npm", "`cargo dev` does not")] {
        let (verdict, said) = said.of(what);
        assert!(verdict == "warning" && said.contains(found), "{what}: {verdict} {said}");
    }
}

/// `./doctor`, which needs nothing built, by `shell`, on a machine whose programs are those in `bin`.
async fn without_build(shell: &str, bin: &Path) -> Said {
    let mut command = Command::new(shell);
    command.arg(checkout().join("doctor")).env("PATH", bin).env_remove("CC").env_remove("RUSTC");
    run(command.stdin(Stdio::null()).kill_on_drop(true)).await
}

/// The doctor that needs nothing built finds the same as the one that has been built, and knows all that is needed.
#[tokio::test]
async fn both_doctors_agree() {
    let bin = Scratch::new();
    let program = |name: &str, says: &str| {
        shell::program(bin.path(), name, &format!("#!/bin/sh\necho '{says}'\n"));
    };
    let df = |free: u64| program("df", &format!("Filesystem Blocks Used Available\n/dev/x 9 9 {free} 4% /"));
    program("uname", "Linux");
    // Each step installs something, or something newer.
    let steps: [(u64, &[(&str, &str)]); 4] = [
        (900_000, &[]),
        (
            2_345_678,
            &[
                ("rustc", "rustc 1.94.0 (aaaaaaaaa 2026-01-01)"),
                ("cargo", "cargo 1.94.0"),
                ("node", "v16.20.2"),
            ],
        ),
        (
            2_345_678,
            &[("rustc", "rustc 1.95.0 (bbbbbbbbb 2026-03-01)"), ("cargo", "cargo 1.95.0"), ("gcc", "gcc 12")],
        ),
        (
            98_765_432,
            &[
                ("git", "git version 2.47.3"),
                ("curl", "curl 7.64.0"),
                ("node", "v20.11.0"),
                ("npm", "10.2.4"),
            ],
        ),
    ];
    let shells = ["dash", "bash", "sh"]
        .into_iter()
        .filter(|shell| Blocking::new(shell).args(["-c", ":"]).status().is_ok());
    let shells: Vec<PathBuf> = shells.map(which).collect();
    for (step, (free, programs)) in steps.into_iter().enumerate() {
        df(free);
        programs.iter().for_each(|(name, says)| program(name, says));
        let data = bin.path().join("data");
        let mut built = dev(&["doctor", "--port", "0", "--data", data.to_str().unwrap()]);
        let built = run(built.env("PATH", bin.path()).env_remove("CC").env_remove("RUSTC")).await;
        for shell in &shells {
            let said = without_build(shell.to_str().unwrap(), bin.path()).await;
            for what in ["Rust", "C compiler", "git", "curl", "Node.js", "npm", "Python", "disk"] {
                assert_eq!(said.of(what), built.of(what), "step {step} by {}", shell.display());
            }
            let wrong = |said: &Said| said.lines.lines().filter(|line| line.starts_with("wrong")).count();
            assert_eq!(said.content, step >= 2, "{}{}", said.lines, said.errors);
            // `cargo` is the one that it knows beside, since what is built was built by it.
            let beside = usize::from(said.of("cargo").0 == "wrong");
            assert_eq!(wrong(&said), wrong(&built) + beside, "{}{}", said.lines, built.lines);
            assert_eq!(said.of("system").0, "ok");
        }
    }
}

/// A compiler that makes no program, as one without the headers of C, is wrong; so is a system that nothing is made for.
#[tokio::test]
async fn what_is_there_and_does_not_work_is_wrong() {
    let bin = Scratch::new();
    for name in ["mktemp", "rm"] {
        symlink(which(name), bin.path().join(name)).unwrap();
    }
    shell::program(bin.path(), "cc", "#!/bin/sh\n[ \"$1\" = --version ] && echo 'cc 12'\n");
    shell::program(bin.path(), "uname", "#!/bin/sh\necho MINGW64_NT\n");
    let said = without_build(which("sh").to_str().unwrap(), bin.path()).await;
    said.assert_wrong("C compiler", &["cc 12 builds no program", "build-essential"]);
    said.assert_wrong("system", &["MINGW64_NT", "WSL 2"]);
}

/// What checks shell scripts finds nothing in those of this checkout.
#[test]
fn shell_scripts_are_clean() {
    let Some(shellcheck) = shell::shellcheck() else { return };
    let folder = fs::read_dir(checkout().join(".ci")).unwrap();
    let scripts = folder
        .map(|entry| entry.unwrap().path())
        .chain([checkout().join("doctor"), checkout().join("fuzz/run")]);
    let ran = Blocking::new(shellcheck).args(scripts).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

/// Where a program lies.
fn which(program: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    env::split_paths(&path).map(|place| place.join(program)).find(|path| path.exists()).unwrap()
}

/// A directory that cannot be written to is said to be wrong, and nothing starts there. Root may write anywhere, so
/// another account asks.
#[tokio::test]
async fn data_that_cannot_be_written_are_wrong() {
    let home = Scratch::new();
    let (locked, open) = (home.path().join("locked"), home.path().join("open"));
    for (directory, mode) in [(&locked, 0o555), (&open, 0o777)] {
        fs::create_dir(directory).unwrap();
        fs::set_permissions(directory, fs::Permissions::from_mode(mode)).unwrap();
    }
    let binary = home.path().join("local");
    fs::copy(env!("CARGO_BIN_EXE_local"), &binary).unwrap();
    let is_root = fs::metadata(home.path()).unwrap().uid() == 0;
    let ask = async |words: &[&str], data: &Path| {
        let mut command = Command::new(&binary);
        command.args(words).args(["--port", "0", "--data"]).arg(data).env("TMPDIR", &open).current_dir("/");
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        run(command.stdin(Stdio::null()).kill_on_drop(true)).await
    };
    let said = ask(&["doctor"], &locked.join("data")).await;
    said.assert_wrong("data", &["locked cannot be written to", "Permission denied", "--data"]);
    let said = ask(&[], &locked.join("data")).await;
    assert!(!said.content && said.errors.contains("Permission denied"), "{}", said.errors);
    let said = ask(&["doctor"], &open.join("data")).await;
    assert_eq!(said.of("data").0, "ok", "{}", said.lines);
    assert_eq!(fs::read_dir(&open).unwrap().count(), 0, "looking has left something");
}

/// An account that owns nothing.
const NOBODY: u32 = 65_534;

/// A port that is taken, by another program or by another `cargo dev`.
#[tokio::test]
async fn who_has_the_port_is_said() {
    let home = Scratch::new();
    let data = home.path().to_str().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let said = run(&mut dev(&["--port", &port, "--data", data])).await;
    assert!(!said.content && said.errors.contains("taken by another program"), "{}", said.errors);
    run(&mut dev(&["doctor", "--port", &port])).await.assert_wrong("port", &[&port, "another program"]);

    let stack = Stack::start().await.unwrap();
    let port = stack.base_url().rsplit(':').next().unwrap();
    let said = run(&mut dev(&["--port", port, "--data", data])).await;
    assert!(!said.content && said.errors.contains("`cargo dev` is running"), "{}", said.errors);
    let said = run(&mut dev(&["doctor", "--port", port])).await;
    assert_eq!(said.of("port").0, "ok", "{}", said.lines);
}

/// A first start says each step as it begins, beside what it prints; others are told that the data are in use.
#[tokio::test]
async fn a_first_start_says_what_it_does() {
    let home = Scratch::new();
    let (data, ready) = (home.path().join("data"), home.path().join("ready"));
    let words = ["--port", "0", "--data", data.to_str().unwrap()];
    let mut starting = dev(&words);
    starting.arg("--ready-file").arg(&ready).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = starting.spawn().unwrap();
    eventually("it is up", async || ready.exists()).await;

    let second = run(&mut dev(&words)).await;
    assert!(!second.content && second.errors.contains("another `cargo dev` is using"), "{}", second.errors);
    let (verdict, found) = (run(dev(&["doctor"]).args(words)).await, "a running `cargo dev` uses");
    assert!(verdict.of("data").1.starts_with(found), "{}", verdict.lines);

    child.start_kill().unwrap();
    let first = Said::from(child.wait_with_output().await.unwrap());
    let steps: Vec<_> = first.errors.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["Making", "Starting", "Applying", "Adding"], "{}", first.errors);
    assert!(first.lines.starts_with("\nSociety360 is up"), "{}", first.lines);
}

/// Data that another major version has made: neither starts, and both say what to do.
#[tokio::test]
async fn data_of_another_version_are_wrong() {
    let home = Scratch::new();
    let directory = home.path().join("postgres");
    drop(start_postgres(&directory).await);
    fs::write(directory.join("data/PG_VERSION"), "9\n").unwrap();
    let words = ["--port", "0", "--data", home.path().to_str().unwrap()];
    run(dev(&["doctor"]).args(words)).await.assert_wrong("data", &["version 9", "--fresh"]);
    let said = run(&mut dev(&words)).await;
    assert!(
        !said.content && said.errors.contains("version 9") && said.errors.contains("--fresh"),
        "{}",
        said.errors
    );
}

/// Data whose migrations are not this checkout's are refused, with the name of the first that differs.
#[tokio::test]
async fn data_of_another_checkout_are_refused() {
    let home = Scratch::new();
    let directory = home.path().join("postgres");
    let stack = Stack::builder().data(&directory).start().await.unwrap();
    let migrations = local_migrations(&stack).await;
    drop(stack);
    for (change, back, named) in [
        (
            "INSERT INTO refinery_schema_history VALUES (999, 'of_tomorrow', '2030-01-01T00:00:00Z', '1')",
            "DELETE FROM refinery_schema_history WHERE version = 999",
            vec!["V999__of_tomorrow", "which this one does not have", "--fresh"],
        ),
        (
            "UPDATE refinery_schema_history SET checksum = (checksum::numeric + 1)::text WHERE version = 2",
            "UPDATE refinery_schema_history SET checksum = (checksum::numeric - 1)::text WHERE version = 2",
            vec![&*migrations[1], "which this one has with another content", "--fresh"],
        ),
        (
            "DELETE FROM refinery_schema_history WHERE version = 3",
            "",
            vec![&*migrations[2], "was never applied, although later ones were"],
        ),
    ] {
        change_history(&directory, change).await;
        let said = Stack::builder().data(&directory).start().await.err().expect("it has started").to_string();
        assert!(named.iter().all(|named| said.contains(named)), "{said}");
        change_history(&directory, back).await;
    }
}

/// The names of the migrations, in their order.
async fn local_migrations(stack: &Stack) -> Vec<String> {
    let names = "SELECT 'V' || version || '__' || name FROM refinery_schema_history ORDER BY version";
    let rows = stack.database().await.unwrap().query(names, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn change_history(directory: &Path, change: &str) {
    let server = start_postgres(directory).await;
    server.connect("society360").await.unwrap().batch_execute(change).await.unwrap();
    tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
}

async fn start_postgres(directory: &Path) -> Postgres {
    let options = Options { directory: Some(directory.to_owned()), ..Options::default() };
    tokio::task::spawn_blocking(move || Postgres::start(&options)).await.unwrap().unwrap()
}
