//! Finds an installed PostgreSQL, or fetches one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Error, Progress, fetch};

/// The oldest major version the migrations are written for.
const OLDEST: u32 = 15;
/// Where packages put the programs: Debian, Fedora, Homebrew (both processors), Postgres.app, FreeBSD.
const PLACES: [(&str, &str); 7] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/usr/local", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
];

/// A directory with `initdb` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    bin: PathBuf,
    major: u32,
}

impl Installation {
    /// An installation of the major version `wanted`, else the newest one, else one that is fetched.
    pub(super) fn find_or_fetch(wanted: Option<&str>, progress: Progress) -> Result<Self, Error> {
        if let Some(installation) = Self::find(wanted) {
            return Ok(installation);
        }
        let bin = fetch::fetch(progress).map_err(|reason| {
            Error::Postgres(format!(
                "no server of version {OLDEST} or newer is installed, and fetching one failed ({reason}); \
                 install it, for example with `apt install postgresql` or `brew install postgresql@17`"
            ))
        })?;
        Self::at(&bin).ok_or_else(|| {
            Error::Postgres(format!("the fetched programs in {} do not run on this machine", bin.display()))
        })
    }

    /// An installed one of the major version `wanted`, else the newest one.
    pub(super) fn find(wanted: Option<&str>) -> Option<Self> {
        let mut found = found();
        found.sort_by_key(|installation| installation.major);
        let fitting = wanted
            .and_then(|wanted| found.iter().rfind(|installation| installation.major.to_string() == wanted))
            .or(found.last());
        fitting.cloned()
    }

    /// The major version.
    pub(super) fn major(&self) -> u32 {
        self.major
    }

    /// Where the programs are.
    pub(super) fn bin(&self) -> &Path {
        &self.bin
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The installation in `bin`, where there is one that runs and is new enough.
    pub(super) fn at(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let said = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
        let major = major(&String::from_utf8_lossy(&said.stdout))?;
        (major >= OLDEST).then(|| Self { bin: bin.to_owned(), major })
    }
}

fn found() -> Vec<Installation> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).collect::<Vec<_>>();
    let by_config = Command::new("pg_config").arg("--bindir").output().ok();
    let by_config = by_config.map(|said| PathBuf::from(String::from_utf8_lossy(&said.stdout).trim()));
    let in_places = PLACES.iter().flat_map(|(place, bin)| {
        let below = fs::read_dir(place).into_iter().flatten().flatten();
        below.map(move |entry| entry.path().join(bin)).filter(|bin| bin.join("postgres").is_file())
    });
    let mut candidates: Vec<PathBuf> = on_path.into_iter().chain(by_config).chain(in_places).collect();
    candidates.sort();
    candidates.dedup();
    candidates.iter().filter_map(|bin| Installation::at(bin)).collect()
}

/// From "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" the 15.
fn major(said: &str) -> Option<u32> {
    let version = said.split("(PostgreSQL)").nth(1)?.trim_start();
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres: not found"), None);
    }
}
