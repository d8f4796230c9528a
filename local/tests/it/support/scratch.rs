//! A directory under `target/` that goes with the test.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use postgres::reachable;

/// A directory that goes with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        let below = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(below).unwrap();
        // The account that stands in for root has to get into it.
        let path = reachable(&below.join(format!("it-{}", uuid::Uuid::new_v4().simple()))).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
