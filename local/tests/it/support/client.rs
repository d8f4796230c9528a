//! A client that others have written, in a process of its own: `local/tests/clients/`, run by Node.js or Python.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};
use uuid::Uuid;

use super::{Actor, PATIENCE, world::FLAT_101};

const MISSING: &str =
    "these tests run real clients: please install Node.js 20.11 or later with npm (https://nodejs.org)";

/// What the clients are made of.
const FILES: [(&str, &str); 18] = [
    ("package.json", include_str!("../../clients/package.json")),
    ("package-lock.json", LOCK),
    ("socket_io.mjs", include_str!("../../clients/socket_io.mjs")),
    ("socket_io.py", include_str!("../../clients/socket_io.py")),
    ("requirements.txt", REQUIREMENTS),
    ("native.mjs", include_str!("../../clients/native.mjs")),
    ("page.mjs", include_str!("../../clients/page.mjs")),
    ("browser.mjs", include_str!("../../clients/browser.mjs")),
    ("fonts.conf", include_str!("../../clients/fonts.conf")),
    ("blocks.mjs", include_str!("../../clients/blocks.mjs")),
    ("guide.mjs", include_str!("../../clients/guide.mjs")),
    ("vite.mjs", include_str!("../../clients/vite.mjs")),
    ("snippets/api.mjs", include_str!("../../../../docs/snippets/javascript/api.mjs")),
    ("snippets/resident.mjs", include_str!("../../../../docs/snippets/javascript/resident.mjs")),
    ("snippets/room.mjs", include_str!("../../../../docs/snippets/javascript/room.mjs")),
    ("snippets/socket_io.mjs", include_str!("../../../../docs/snippets/javascript/socket_io.mjs")),
    ("snippets/vite.config.mjs", include_str!("../../../../docs/snippets/javascript/vite.config.mjs")),
    ("snippets/websocket.mjs", include_str!("../../../../docs/snippets/javascript/websocket.mjs")),
];
const TEMPORARY: &str = "temporary";
/// What npm keeps, so that the tests leave nothing in anybody's home.
const CACHE: &str = "npm-cache";
const LOCK: &str = include_str!("../../clients/package-lock.json");
const REQUIREMENTS: &str = include_str!("../../clients/requirements.txt");
const MISSING_PYTHON: &str = "a test runs a real client in Python: please install Python 3.10 or later with venv (https://www.python.org)";
/// Where Python's packages are, under the clients.
const PYTHON: &str = "python";

/// Where the clients are installed, which the first one does; or why they are not.
static INSTALLED: LazyLock<Result<PathBuf, String>> =
    LazyLock::new(|| install(&stack::checkout().join("target/clients")));

/// The same for those in Python.
static PYTHON_INSTALLED: LazyLock<Result<PathBuf, String>> =
    LazyLock::new(|| install_python(INSTALLED.as_ref().map_err(Clone::clone)?));

/// A client, which ends with this.
pub struct Client {
    lines: Lines<BufReader<ChildStdout>>,
    orders: ChildStdin,
    _process: Child,
}

impl Client {
    /// `socket.io-client`, with the actor's token in its hello, that joins a room as the apps do.
    pub fn app(actor: &Actor, room_type: &str, room_id: impl ToString) -> Self {
        Self::app_with(actor, room_type, room_id, json!({}))
    }

    /// The same with other options; `socket_io.mjs` lists them.
    pub fn app_with(actor: &Actor, room_type: &str, room_id: impl ToString, options: Value) -> Self {
        let room = json!({"room_type": room_type, "room_id": room_id.to_string(), "user_id": actor.user_id});
        let usual = json!({"url": actor.base_url, "token": actor.token, "token_in": "hello", "room": room});
        Self::start("socket_io.mjs", usual, options)
    }

    /// `python-socketio`, as [`Client::app`].
    pub fn python(actor: &Actor, room_type: &str, room_id: impl ToString, options: Value) -> Self {
        let room = json!({"room_type": room_type, "room_id": room_id.to_string()});
        let usual = json!({"url": actor.base_url, "token": actor.token, "room": room});
        let python = PYTHON_INSTALLED.as_ref().unwrap_or_else(|why| panic!("{why}"));
        Self::start_by(client(python, "socket_io.py"), usual, options)
    }

    /// `ws`, with the actor's token in `token_in`: query, header or subprotocol.
    pub fn plain(actor: &Actor, token_in: &str, room_type: &str, room_id: impl ToString) -> Self {
        let room = json!({"room_type": room_type, "room_id": room_id.to_string()});
        let usual = json!({"url": actor.websocket_url, "token": actor.token, "room": room});
        Self::start("native.mjs", usual, json!({"token_in": token_in}))
    }

    /// A page in a DOM (`jsdom`); `page.mjs` lists its orders.
    pub fn page(url: &str) -> Self {
        Self::start("page.mjs", json!({"url": url}), json!({}))
    }

    /// A browser that can load what is under `url`; `browser.mjs` lists its options and orders.
    pub fn browser(url: &str, options: Value) -> Self {
        Self::start("browser.mjs", json!({"url": url}), options)
    }

    /// An app made of the snippets of `docs/integration.md`, by one of its protocols; `guide.mjs` lists its deeds.
    pub fn guide(actor: &Actor, protocol: &str, (room_type, room_id): (&str, Uuid), options: Value) -> Self {
        let usual = json!({
            "url": actor.base_url, "websocket_url": actor.websocket_url, "token": actor.token,
            "protocol": protocol, "room_type": room_type, "room_id": room_id, "flat": FLAT_101,
        });
        Self::start("guide.mjs", usual, options)
    }

    /// Mermaid's and Dart's own grammars, which read blocks of documents.
    pub fn blocks(mermaid: &[String], dart: &[String]) -> Self {
        Self::start("blocks.mjs", json!({"mermaid": mermaid, "dart": dart}), json!({}))
    }

    /// A whole program of `docs/integration.md`, as a reader starts it.
    pub fn program(name: &str, url: &str, uid: &str) -> Self {
        let mut node = node(&format!("snippets/{name}"));
        node.arg(uid).env("SOCIETY360_URL", url);
        Self::run(node)
    }

    /// Vite's development server with the proxy of `docs/integration.md`, and what a page of it sees.
    pub fn vite(url: &str) -> Self {
        Self::start("vite.mjs", json!({"url": url, "flat": FLAT_101}), json!({}))
    }

    fn start(script: &str, arguments: Value, options: Value) -> Self {
        Self::start_by(node(script), arguments, options)
    }

    fn start_by(mut client: Command, mut arguments: Value, options: Value) -> Self {
        arguments.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        client.arg(arguments.to_string());
        Self::run(client)
    }

    fn run(mut client: Command) -> Self {
        let client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = client.spawn().expect("the client starts");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { lines, orders: process.stdin.take().unwrap(), _process: process }
    }

    /// Has it do something: `leave` its room, `disconnect`, or an order of a page.
    pub async fn tell(&mut self, deed: &str) {
        self.orders.write_all(format!("{deed}\n").as_bytes()).await.unwrap();
    }

    /// Lets it end by itself; anything more that it saw fails the test.
    pub async fn finish(mut self) {
        drop(self.orders);
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("the client did not end");
        assert_eq!(line.unwrap(), None);
    }

    /// The next thing that it saw; any other than this one fails the test.
    pub async fn saw(&mut self, what: &str) -> Value {
        let (saw, payload) = self.next().await;
        assert_eq!(saw, what, "{payload}");
        payload
    }

    /// The next thing that it saw, as the frame of an event, whichever protocol it came in.
    pub async fn event(&mut self) -> Value {
        let (event, mut payload) = self.next().await;
        let mut frame = payload.get_mut("_meta").map(Value::take).unwrap_or_default();
        if frame.is_null() {
            frame = payload;
        } else {
            payload.as_object_mut().unwrap().remove("_meta");
            frame["data"] = payload;
        }
        frame["event"] = json!(event);
        frame
    }

    /// The next line that it prints.
    pub async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("the client saw nothing in time");
        line.unwrap().expect("the client ended")
    }

    /// The next thing that it saw.
    pub async fn next(&mut self) -> (String, Value) {
        let line = self.line().await;
        let mut seen: Value = serde_json::from_str(&line).unwrap();
        (seen["saw"].as_str().unwrap().to_owned(), seen["payload"].take())
    }
}

/// Newman, Postman's own runner.
pub fn newman() -> Command {
    node("node_modules/newman/bin/newman.js")
}

/// Node.js with one of the files that are installed.
fn node(file: &str) -> Command {
    client("node".as_ref(), file)
}

/// A program with one of the files that are installed.
fn client(program: &Path, file: &str) -> Command {
    let home = INSTALLED.as_ref().unwrap_or_else(|why| panic!("{why}"));
    let mut command = Command::new(program);
    command.arg(home.join(file)).envs(browser_environment(home));
    command
}

/// Where Chromium is unpacked and keeps its files. The second variable has it bring the libraries and fonts along
/// that a machine may lack (`isRunningInAmazonLinux2023` in @sparticuz/chromium 143).
fn browser_environment(home: &Path) -> [(&'static str, PathBuf); 2] {
    [("TMPDIR", home.join(TEMPORARY)), ("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs22.x".into())]
}

/// Installs what the lock names, unless that has been done before.
fn install(home: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("the clients could not be installed: {error}");
    fs::create_dir_all(home.join("snippets")).map_err(failed)?;
    for (name, text) in FILES {
        fs::write(home.join(name), text).map_err(failed)?;
    }
    let runs =
        |program| Blocking::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !runs("node") || !runs("npm") {
        return Err(MISSING.to_owned());
    }
    // Written last, so that it stands for an installation that is whole.
    let done = home.join("installed-lock.json");
    if fs::read_to_string(&done).is_ok_and(|lock| lock == LOCK) {
        return Ok(home.to_owned());
    }
    let _ = fs::remove_dir_all(home.join(TEMPORARY));
    fs::create_dir_all(home.join(TEMPORARY)).map_err(failed)?;
    let arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    let mut npm = Blocking::new("npm");
    let npm = npm.args(arguments).arg("--cache").arg(home.join(CACHE)).current_dir(home);
    let npm = npm.env("TMPDIR", home.join(TEMPORARY)).output().map_err(failed)?;
    if !npm.status.success() {
        let told = String::from_utf8_lossy(&npm.stderr);
        return Err(format!("npm ci could not install the clients of local/tests/clients: {told}"));
    }
    // Chromium is unpacked at its first use, which two at once must not do.
    let unpack = "import('@sparticuz/chromium').then(({default: chromium}) => chromium.executablePath())";
    let mut node = Blocking::new("node");
    let node = node.args(["-e", unpack]).envs(browser_environment(home)).current_dir(home);
    let unpacked = node.output().map_err(failed)?;
    if !unpacked.status.success() {
        let told = String::from_utf8_lossy(&unpacked.stderr);
        return Err(format!("Chromium could not be unpacked: {told}"));
    }
    fs::write(done, LOCK).map_err(failed)?;
    Ok(home.to_owned())
}

/// Installs what the requirements name, unless that has been done before, and answers the interpreter.
fn install_python(home: &Path) -> Result<PathBuf, String> {
    let place = home.join(PYTHON);
    let (python, done) = (place.join("bin/python"), place.join("installed-requirements.txt"));
    if fs::read_to_string(&done).is_ok_and(|requirements| requirements == REQUIREMENTS) {
        return Ok(python);
    }
    let run = |command: &mut Blocking| match command.output() {
        Ok(ran) if ran.status.success() => Ok(()),
        Ok(ran) => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    let mut venv = Blocking::new("python3");
    run(venv.args(["-m", "venv", "--clear"]).arg(&place).env("TMPDIR", home.join(TEMPORARY)))
        .map_err(|told| format!("{MISSING_PYTHON}: {told}"))?;
    let mut pip = Blocking::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]);
    pip.args(["--no-deps", "--only-binary=:all:"]).env("TMPDIR", home.join(TEMPORARY));
    run(pip.args(["--requirement", "requirements.txt"]).current_dir(home))
        .map_err(|told| format!("pip could not install local/tests/clients/requirements.txt: {told}"))?;
    fs::write(done, REQUIREMENTS).map_err(|error| error.to_string())?;
    Ok(python)
}
