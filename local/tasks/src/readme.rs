//! The lines of the README that can be pasted into a shell, for `cargo dev` to print and a test to run.

const README: &str = include_str!("../../../README.md");
/// Where `cargo dev` is, as the README writes it.
const USUAL: &str = "http://127.0.0.1:3000";

/// The flow from the gate to the check-in, for a stack that is at `base_url`.
pub fn flow(base_url: &str) -> String {
    let lines = README.lines().skip_while(|line| !line.starts_with("    as() "));
    let block =
        lines.take_while(|line| line.starts_with("    ")).map(|line| format!("{}\n", line.trim_start()));
    block.collect::<String>().replace(USUAL, base_url)
}
