//! `cargo run -p deploy`: answers for a deployment, without building what is deployed.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use deploy::{Error, Question};

/// What a change affects, and the template that builds and publishes that alone
#[derive(Parser)]
#[command(bin_name = "cargo run -p deploy --")]
struct Arguments {
    #[command(subcommand)]
    question: Question,
}

fn main() -> ExitCode {
    match answer(&Arguments::parse().question) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(question: &Question) -> Result<(), Error> {
    let answer = question.answer(&checkout())?;
    // Whoever reads may have seen enough.
    let _ = writeln!(std::io::stdout(), "{answer}");
    Ok(())
}

/// The checkout this was built from, or the current directory where that is gone.
fn checkout() -> PathBuf {
    let checkout =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).filter(|checkout| checkout.is_dir());
    checkout.unwrap_or(Path::new(".")).to_owned()
}
