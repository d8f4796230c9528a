//! Who runs the server: ourselves, or as root an unprivileged account of this machine.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use crate::Error;

/// Accounts that may stand in for root, the most fitting first.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// Who runs the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The account of this process.
    Ours { uid: u32 },
    /// Another one, since this process is root.
    StandIn { uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account.
    pub(super) fn choose() -> Result<Self, Error> {
        let uid = effective_uid()?;
        if uid != 0 {
            return Ok(Self::Ours { uid });
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(Error::path("/etc/passwd"))?;
        STAND_INS.iter().find_map(|name| find(&passwd, name)).ok_or_else(|| {
            Error::Postgres(
                "it refuses to run as root, and there is neither an account `postgres` nor `nobody`; \
                 run this as another user"
                    .to_owned(),
            )
        })
    }

    /// Has a command run as this account.
    pub(super) fn applied_to(self, command: &mut Command) -> &mut Command {
        match self {
            Self::Ours { .. } => command,
            Self::StandIn { uid, gid } => command.uid(uid).gid(gid),
        }
    }

    /// Gives a file or directory to this account.
    pub(super) fn owns(self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Ours { .. } => Ok(()),
            Self::StandIn { uid, gid } => chown(path, Some(uid), Some(gid)).map_err(Error::path(path)),
        }
    }

    /// Whether this account gets as far as `directory`, and into it.
    pub(super) fn reaches(self, directory: &Path) -> bool {
        let Self::StandIn { uid, gid } = self else { return true };
        directory.ancestors().filter_map(|path| fs::metadata(path).ok()).all(|metadata| {
            let bit = match (metadata.uid() == uid, metadata.gid() == gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            metadata.mode() & bit != 0
        })
    }

    /// The number of the account.
    pub(super) fn uid(self) -> u32 {
        match self {
            Self::Ours { uid } | Self::StandIn { uid, .. } => uid,
        }
    }
}

/// The maker of a directory owns it: that needs neither `unsafe` nor `/proc`.
fn effective_uid() -> Result<u32, Error> {
    let probe = std::env::temp_dir().join(format!("society360-{}", uuid::Uuid::new_v4().simple()));
    fs::create_dir(&probe).map_err(Error::path(&probe))?;
    let metadata = fs::metadata(&probe).map_err(Error::path(&probe));
    fs::remove_dir(&probe).map_err(Error::path(&probe))?;
    Ok(metadata?.uid())
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    let mut fields =
        passwd.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?;
    let (uid, gid) = (fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?);
    (uid != 0).then_some(Account::StandIn { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_read_from_the_passwd_file() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib:/bin/sh\nroot2:x:0:0:::\n";
        assert_eq!(find(passwd, "postgres"), Some(Account::StandIn { uid: 101, gid: 104 }));
        assert_eq!(find(passwd, "root2"), None, "another name of root is no stand-in");
        assert_eq!(find(passwd, "nobody"), None);
    }
}
