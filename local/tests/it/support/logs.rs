//! The log of everything that the tests run, as the functions would write it to CloudWatch: each line is looked
//! at, and the first that holds something of a person ends the whole run. It is kept in `target/tmp/log.jsonl`.

use std::{
    env, fs,
    fs::File,
    io::{self, Write},
    path::PathBuf,
    process,
    sync::Once,
};

use shared::{config::Env, telemetry};

use super::personal::leak;

/// In this variable a child process is told that it is one, whose log is another.
pub const CHILD: &str = "SOCIETY360_LEAK";

/// Writes all lines from here on into the file, at every level. A second call changes nothing.
pub fn watch() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).unwrap();
        File::create(path()).unwrap();
        let mut env = Env::from_map([("LOG_LEVEL".to_owned(), "trace".to_owned())].into());
        telemetry::start_to(&mut env, || Watched);
    });
}

/// Lines so far in which this stands.
pub fn lines_with(text: &str) -> Vec<String> {
    let lines = fs::read_to_string(path()).unwrap();
    lines.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

fn path() -> PathBuf {
    let name = if env::var_os(CHILD).is_some() { "log-of-a-leak.jsonl" } else { "log.jsonl" };
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

struct Watched;

impl Write for Watched {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Opened for each line, so that lines of all threads lie whole behind each other.
        File::options().append(true).open(path())?.write_all(line)?;
        let text = String::from_utf8_lossy(line);
        if let Some(kind) = leak(&text) {
            // Written past libtest, which would keep what a test says until the test ends.
            let _ = writeln!(io::stderr(), "\n\nA LOG LINE HOLDS {kind}, so the run ends:\n{text}");
            process::exit(101);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
