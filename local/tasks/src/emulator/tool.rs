//! Where the emulator comes from: the wheel of `aws-sam-cli`, which `.ci/tools` installs.

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::Error;

/// Installs the wheel where it is not there yet, and answers the emulator in it for this machine.
pub(super) async fn fetch(checkout: &Path) -> Result<PathBuf, Error> {
    let output = Command::new(checkout.join(".ci").join("tools")).kill_on_drop(true).output();
    let output = output.await.map_err(Error::io("running .ci/tools"))?;
    if !output.status.success() {
        return Err(Error::Failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let lib = checkout.join(String::from_utf8_lossy(&output.stdout).trim()).join("lib");
    let architecture = if ARCH == "aarch64" { "arm64" } else { ARCH };
    let name = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}");
    let pythons = fs::read_dir(&lib).map_err(Error::path(&lib))?;
    let found = pythons.flatten().map(|python| python.path().join(&name)).find(|path| path.is_file());
    found.ok_or_else(|| Error::Failed(format!("aws-sam-cli has no {name}")))
}
