//! Where a server's files are: `data/`, `password` and `log` in one directory that only the account
//! running the server (and root) can read.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Error, Progress, SUPERUSER, account::Account, install::Installation};

/// Where a server's files are, and whose they are.
#[derive(Clone, Debug)]
pub(super) struct Place {
    base: PathBuf,
    account: Account,
    temporary: bool,
}

impl Place {
    /// Makes the directory where it is missing; a temporary one where none is named.
    pub(super) fn prepare(wanted: Option<&Path>) -> Result<Self, Error> {
        let place = match wanted {
            Some(wanted) => {
                let parent = wanted.parent().unwrap_or(wanted);
                fs::create_dir_all(parent).map_err(Error::path(parent))?;
                Self::find(wanted)?
            }
            None => {
                let base = std::env::temp_dir().join(format!("society360-{}", Uuid::new_v4().simple()));
                Self { base, account: Account::choose()?, temporary: true }
            }
        };
        private_directory(&place.base, place.account)?;
        Ok(place)
    }

    /// Where [`Place::prepare`] would make the directory, or has made it.
    pub(super) fn find(wanted: &Path) -> Result<Self, Error> {
        let account = Account::choose()?;
        let wanted = std::path::absolute(wanted).map_err(Error::path(wanted))?;
        Ok(Self { base: reachable(account, &wanted), account, temporary: false })
    }

    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    pub(super) fn account(&self) -> Account {
        self.account
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    pub(super) fn data(&self) -> PathBuf {
        self.base.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.base.join("log")
    }

    fn password(&self) -> PathBuf {
        self.base.join("password")
    }

    /// The major version that made the data, where there are any.
    pub(super) fn made_by_version(&self) -> Option<String> {
        Some(fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().to_owned())
    }

    /// Fails where the directory is there and not the account's.
    pub(super) fn check_owner(&self) -> Result<(), Error> {
        if self.base.exists() { check_owner(&self.base, self.account) } else { Ok(()) }
    }

    /// Fails where nothing can be put into the directory, or into the one in which it would be made.
    pub(super) fn check_writable(&self) -> Result<(), Error> {
        let there = self.base.ancestors().find(|path| fs::metadata(path).is_ok()).unwrap_or(&self.base);
        // Modes do not tell of everything that stands against it, such as a file system that is only read.
        let probe = there.join(format!("society360-{}", Uuid::new_v4().simple()));
        fs::create_dir(&probe).and_then(|()| fs::remove_dir(&probe)).map_err(|error| {
            Error::Postgres(format!(
                "{} cannot be written to ({error}); choose another directory with --data",
                there.display()
            ))
        })
    }

    /// Whether a server runs on the data, as far as its own file tells.
    pub(super) fn is_served(&self) -> bool {
        let pid_file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let port = pid_file.lines().nth(3).and_then(|line| line.trim().parse::<u16>().ok());
        port.is_some_and(|port| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    /// Fails where another major version made the data.
    pub(super) fn check_version(&self, installation: &Installation) -> Result<(), Error> {
        match self.made_by_version() {
            Some(version) if version != installation.major().to_string() => Err(Error::Postgres(format!(
                "the data in {} were made by version {version} and this machine has version {}; \
                 start with --fresh to make new ones, or install version {version}",
                self.base.display(),
                installation.major()
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// Runs `initdb` where there are no data yet. Answers the password.
    pub(super) fn initialise(
        &self,
        installation: &Installation,
        progress: Progress,
    ) -> Result<String, Error> {
        let file = self.password();
        if self.made_by_version().is_some() {
            let password = fs::read_to_string(&file).map_err(Error::path(&file))?;
            return Ok(password.trim().to_owned());
        }
        progress.say(format_args!(
            "Making a data directory of PostgreSQL {} in {} (initdb)",
            installation.major(),
            self.base.display()
        ));
        // What an interrupted run left behind cannot be used.
        let _ = fs::remove_dir_all(self.data());
        let password = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        write_private(&file, &password)?;
        self.account.owns(&file)?;
        let mut command = Command::new(installation.program("initdb"));
        command.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&file).current_dir(&self.base).args([
            "--username",
            SUPERUSER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions",
        ]);
        if self.temporary {
            command.arg("--no-sync");
        }
        let said = self.account.applied_to(&mut command).output().map_err(Error::io("running initdb"))?;
        if said.status.success() {
            return Ok(password);
        }
        let reason = String::from_utf8_lossy(&said.stderr).lines().last().unwrap_or_default().to_owned();
        self.remove_if_temporary();
        Err(Error::Postgres(format!("initdb failed in {}: {reason}", self.base.display())))
    }

    pub(super) fn remove_if_temporary(&self) {
        if self.temporary {
            let _ = fs::remove_dir_all(&self.base);
        }
    }
}

/// `wanted`, or where the account cannot get there (root's own directories, say) a directory in the
/// temporary one whose name stands for it.
pub(super) fn reachable(account: Account, wanted: &Path) -> PathBuf {
    if account.reaches(wanted.parent().unwrap_or(wanted)) {
        return wanted.to_owned();
    }
    let hash = hex(&Sha256::digest(wanted.as_os_str().as_encoded_bytes())[..8]);
    std::env::temp_dir().join(format!("society360-of-{hash}"))
}

/// Bytes as they stand in names and passwords.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Removes the files of the server whose directory was to be `wanted`.
pub(super) fn remove(wanted: &Path) -> Result<(), Error> {
    let place = Place::find(wanted)?;
    if place.is_served() {
        return Err(in_use(&place.base));
    }
    match fs::remove_dir_all(&place.base) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::path(place.base)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What to say when another process serves the same data.
pub(super) fn in_use(base: &Path) -> Error {
    Error::Postgres(format!(
        "another `cargo dev` is using {}; stop it, or choose another directory with --data",
        base.display()
    ))
}

/// Makes the directory; one that is there must belong to the account or to root, since another
/// user of this machine could have put it into the temporary directory.
fn private_directory(base: &Path, account: Account) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(0o700).create(base) {
        Ok(()) => account.owns(base),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => check_owner(base, account),
        Err(error) => Err(Error::path(base)(error)),
    }
}

fn check_owner(base: &Path, account: Account) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(base).map_err(Error::path(base))?;
    if metadata.is_dir() && metadata.uid() == account.uid() {
        return Ok(());
    }
    Err(Error::Postgres(format!(
        "{} belongs to another account; remove it, or choose another directory with --data",
        base.display()
    )))
}

fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write;
    let _ = fs::remove_file(path);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::path(path))?;
    file.write_all(text.as_bytes()).map_err(Error::path(path))
}
