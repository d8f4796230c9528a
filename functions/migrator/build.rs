//! Has the crate built again when a migration is added, since the macro that embeds them only notices changed files.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
