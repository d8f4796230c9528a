//! Programs that a developer's machine has and that this one may lack: installed ones, or those of Debian's packages,
//! unpacked below `target/`.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use stack::checkout;

/// The shell of macOS.
static ZSH: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| find("zsh", "bin/zsh"));
/// The checker of shell scripts.
static SHELLCHECK: LazyLock<Result<PathBuf, String>> =
    LazyLock::new(|| find("shellcheck", "usr/bin/shellcheck"));

/// The shells that a reader may paste lines into, and what has them read no files of the user's.
pub fn shells() -> [Command; 2] {
    let zsh = ZSH.as_ref().unwrap_or_else(|why| panic!("{why}"));
    let (mut bash, mut zsh) = (Command::new("bash"), Command::new(zsh));
    bash.arg("--norc");
    zsh.arg("--no-rcs");
    [bash, zsh]
}

/// The checker of shell scripts, where it can be had.
pub fn shellcheck() -> Option<&'static Path> {
    SHELLCHECK.as_ref().ok().map(PathBuf::as_path)
}

/// A directory for the front of `PATH`, whose `curl` knows no more than one of 2019 does (7.64, of Debian 10 and of
/// macOS until 2021): of all options only those of one letter that the documents use.
pub fn old_curl(directory: &Path) -> String {
    let usual = env::var("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\nfor word; do\n  case $word in\n  -[sSHdwX] | -sS) ;;\n  -*) echo \"curl: option $word: is unknown\" >&2; exit 2 ;;\n  esac\ndone\nPATH='{usual}'\nexec curl \"$@\"\n"
    );
    program(directory, "curl", &script);
    format!("{}:{usual}", directory.display())
}

/// Writes a program.
pub fn program(directory: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join(name);
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn find(package: &str, below: &str) -> Result<PathBuf, String> {
    let runs = |program: &Path| Command::new(program).arg("--version").output().is_ok();
    if runs(Path::new(package)) {
        return Ok(package.into());
    }
    let home = checkout().join("target/debian").join(package);
    let unpacked = home.join("root").join(below);
    if runs(&unpacked) {
        return Ok(unpacked);
    }
    let missing = |why: &str| format!("this test runs {package}: please install it ({})", why.trim());
    std::fs::create_dir_all(&home).map_err(|error| missing(&error.to_string()))?;
    // Lists and packages of our own: nobody has to be root, and nothing of the machine changes.
    let fetched = Command::new("sh").args(["-c", FETCH, "sh", package]).current_dir(&home).output();
    let fetched = fetched.map_err(|error| missing(&error.to_string()))?;
    if !fetched.status.success() || !runs(&unpacked) {
        return Err(missing(&String::from_utf8_lossy(&fetched.stderr)));
    }
    Ok(unpacked)
}

const FETCH: &str = r#"
set -e
command -v apt-get >/dev/null || { echo 'only Debian and its like have it fetched' >&2; exit 1; }
mkdir -p lists/partial cache/archives/partial
# Tests may run at another date than today's; packages are signed in any case.
set -- "$1" -qq -o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD/cache" -o APT::Sandbox::User=root \
    -o Acquire::Check-Valid-Until=false
package=$1
shift
timeout 120 apt-get "$@" update
timeout 120 apt-get "$@" download "$package"
dpkg-deb -x "$package"_*.deb unpacked
mv unpacked root
"#;
