//! Asks cargo about this checkout.

use std::process::Command;

use stack::checkout;

/// What a command of cargo's says of this checkout. It has the true clock: under a false one its compiler may hang.
pub fn cargo(words: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let ran = cargo.args(words).current_dir(checkout()).env_remove("LD_PRELOAD").output().unwrap();
    assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}
