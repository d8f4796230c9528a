//! Embeds the functions of the schema, one for each file, and has the crate built again when a migration is added, since
//! the macro that embeds those only notices changed files.

#![expect(clippy::expect_used, reason = "a build that cannot go on ends")]

use std::{env, fs, path::Path};

const FUNCTIONS: &str = "../../migrations/functions";

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
    let directory = fs::canonicalize(FUNCTIONS).expect("migrations/functions is there");
    let entries = fs::read_dir(&directory).expect("migrations/functions can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file can be read").path()).collect();
    paths.sort();
    let mut list = String::from("&[\n");
    for path in paths.iter().filter(|path| path.extension().is_some_and(|kind| kind == "sql")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        list.push_str(&format!("    ({name:?}, include_str!({path:?})),\n"));
    }
    list.push(']');
    let output = env::var("OUT_DIR").expect("cargo says where output goes");
    fs::write(Path::new(&output).join("functions.rs"), list).expect("the list can be written");
}
