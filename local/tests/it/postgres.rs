//! The PostgreSQL server is there when it is needed, and gone when we are.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use postgres::{Options, Postgres};

use crate::support::Scratch;

/// In this variable a child process is told that it is one.
const CHILD: &str = "SOCIETY360_CHILD";
/// Longer than a server takes to stop; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A temporary server is gone, directory and all, after its parent was killed with SIGKILL.
#[test]
fn a_killed_process_leaves_nothing_behind() {
    let exe = env::current_exe().unwrap();
    kill_and_look(Command::new(exe));
}

/// The same where the process belongs to a plain user. Only root can try both.
#[test]
fn a_killed_process_of_a_plain_user_leaves_nothing_behind() {
    let home = Scratch::new();
    if fs::metadata(home.path()).unwrap().uid() != 0 {
        return;
    }
    // The checkout may lie where a plain user cannot read.
    let exe = home.path().join("it");
    fs::copy(env::current_exe().unwrap(), &exe).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(exe);
    if Command::new("setpriv").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    kill_and_look(command);
}

/// Data that were kept are there at the next start, also after a power cut.
#[tokio::test]
async fn data_survive_a_stop_and_a_power_cut() {
    let home = Scratch::new();
    let options = Options { directory: Some(home.path().join("postgres")), ..Options::default() };
    let server = start(&options).await.unwrap();
    server.create_database("gate", None).await.unwrap();
    let before = server.connect("gate").await.unwrap();
    before.batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await.unwrap();

    server.cut_power().await.unwrap();
    assert!(before.simple_query("SELECT 1").await.is_err(), "the connection outlived the server");
    assert!(server.connect("gate").await.is_err());
    server.resume().await.unwrap();
    assert_eq!(kept(&server).await, 1);
    server.restart().await.unwrap();
    assert_eq!(kept(&server).await, 1);
    drop(server);

    let again = start(&options).await.unwrap();
    assert_eq!(kept(&again).await, 1);
    let said = start(&options).await.unwrap_err().to_string();
    assert!(said.contains("another `cargo dev`"), "{said}");
}

/// Data of another major version are refused in a sentence that says what to do.
#[tokio::test]
async fn data_of_another_version_are_refused() {
    let home = Scratch::new();
    let options = Options { directory: Some(home.path().join("postgres")), ..Options::default() };
    drop(start(&options).await.unwrap());
    fs::write(home.path().join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let said = start(&options).await.unwrap_err().to_string();
    assert!(said.contains("version 9") && said.contains("--fresh"), "{said}");
}

/// Data whose superuser is another one, as in those of checkouts that had one user alone, are refused likewise.
#[tokio::test]
async fn data_of_another_superuser_are_refused() {
    let home = Scratch::new();
    let options = Options { directory: Some(home.path().join("postgres")), ..Options::default() };
    drop(start(&options).await.unwrap());
    fs::write(home.path().join("postgres/password"), "another").unwrap();
    let said = start(&options).await.unwrap_err().to_string();
    assert!(said.contains("older checkout") && said.contains("--fresh"), "{said}");
}

/// Not a test of its own: the process that the tests above kill.
#[test]
fn child_that_is_killed() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let server = Postgres::start(&Options::default()).unwrap();
    println!("\n{CHILD} {} {}", server.port(), server.directory().display());
    loop {
        std::thread::park();
    }
}

/// Starts the child, kills it as soon as its server is up, and waits until server and directory are gone.
fn kill_and_look(mut command: Command) {
    command
        .args(["postgres::child_that_is_killed", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .current_dir("/");
    let mut child = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let said =
        lines.map(Result::unwrap).find(|line| line.starts_with(CHILD)).expect("the child did not start");
    let mut words = said.split(' ').skip(1);
    let port: u16 = words.next().unwrap().parse().unwrap();
    let directory = PathBuf::from(words.next().unwrap());
    assert!(directory.is_dir());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());

    child.0.kill().unwrap();
    wait_until(|| !directory.exists(), "the directory is still there");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the server still listens");
    wait_until(|| !is_mentioned(&directory), "a process is left");
}

/// Whether a process of this machine has the path on its command line. Without `/proc` nobody knows.
fn is_mentioned(path: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(&*path.to_string_lossy()))
}

fn wait_until(met: impl Fn() -> bool, otherwise: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !met() {
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

async fn start(options: &Options) -> Result<Arc<Postgres>, postgres::Error> {
    let options = options.clone();
    tokio::task::spawn_blocking(move || Postgres::start(&options).map(Arc::new)).await.unwrap()
}

async fn kept(server: &Postgres) -> i32 {
    let client = server.connect("gate").await.unwrap();
    client.query_one("SELECT n FROM kept", &[]).await.unwrap().get(0)
}

/// A child that does not outlive the test, whatever happens.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
