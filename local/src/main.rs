//! `cargo dev`: the whole system on this machine, until Ctrl-C, and what else is done with it.

mod arguments;
mod welcome;

use std::{error::Error, fs, path::Path, process::ExitCode};

use clap::Parser;
use shared::{config::Env, telemetry};
use stack::{Progress, Project, Stack, checkout};
use tasks::{audit::Audit, bench, events, measure, openapi};
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Command, Line, Measured, Patient};
use welcome::say;

/// Variables of the caller's that are handed on to the functions.
const HANDED_ON: [&str; 3] = ["LOG_LEVEL", "RATE_LIMIT_MAX_REQUESTS", "RATE_LIMIT_WINDOW_MS"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Line { command, arguments } = Line::parse();
    let done = match command {
        Some(command) => obey(command).await,
        None => run(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(command: Command) -> Result<(), Box<dyn Error>> {
    let aloud = Progress::aloud();
    let table = async |name| measure::write_table(name, checkout(), aloud).await;
    match command {
        Command::Measure => table("measure").await?,
        Command::Emulate => table("emulate").await?,
        Command::Explain => table("explain").await?,
        Command::Crowd => table("crowd").await?,
        Command::Rings => table("rings").await?,
        Command::Stuck => table("stuck").await?,
        Command::Bench(benches) => match benches.into() {
            Measured::Requests(bench) => bench.run(checkout(), aloud).await?,
            Measured::Growth(most) => bench::growth(most, checkout(), aloud).await?,
            Measured::Environments => bench::environments(checkout(), aloud).await?,
            Measured::Soak(minutes) => bench::soak(minutes, checkout(), aloud).await?,
            Measured::Budget => measure::write_budget(checkout(), aloud).await?,
        },
        Command::Openapi => openapi::write(checkout())?,
        Command::Events => events::write(checkout())?,
        Command::Doctor(doctor) => match doctor.into() {
            Patient::Machine(machine) => machine.examine(say).await?,
            Patient::Deployed(deployed) => deployed.examine(say).await?,
        },
        Command::Audit(task) => Audit::from(task).run(say).await?,
        Command::Trace { visitor, place } => place.trace(visitor).run(say).await?,
        Command::Grant(grant) => grant.at().run(say).await?,
        Command::RenewEpochs { place } => place.renewal().run(say).await?,
        Command::Question(question) => say(&question.answer(checkout())?),
    }
    Ok(())
}

/// Starts the system and waits for the signal that ends it.
async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let env = Env::process();
    let level = env.optional("LOG_LEVEL").unwrap_or_else(|| "warn".to_owned());
    // A condition that does not hold is a warning to the emulator, and an everyday answer to us.
    telemetry::start_without_metrics(
        &mut Env::from_map([("LOG_LEVEL".to_owned(), level)].into()),
        "dynoxide",
    );

    let directory = arguments.data.postgres();
    if arguments.fresh {
        postgres::remove_data(&directory)?;
    }
    if let Some(path) = &arguments.ready_file {
        let _ = fs::remove_file(path);
    }
    let mut builder = Stack::builder()
        .progress(Progress::aloud())
        .pages(openapi::pages)
        .with_schedules()
        .port(arguments.port)
        .data(directory)
        .seed(arguments.seed);
    for name in HANDED_ON {
        if let Some(value) = env.optional(name) {
            builder = builder.variable(name, value);
        }
    }
    if let Some(project) = &arguments.firebase_project {
        builder = builder.project(Project::Firebase(project.clone()));
    }
    if let Some(endpoint) = &arguments.invoke {
        builder = builder.invoke(endpoint);
    }
    let handler = |kind| signal(kind).map_err(|error| format!("waiting for signals: {error}"));
    let (mut terminate, mut interrupt) =
        (handler(SignalKind::terminate())?, handler(SignalKind::interrupt())?);
    let stack = builder.start().await?;
    if arguments.invoke.is_some() {
        write_whole(&arguments.functions_file(), &stack.variables_file())?;
    }
    say(&welcome::text(&stack, arguments));
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &stack.info().to_string())?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(stack);
    Ok(())
}

/// A program that waits for the file never sees a part of it.
fn write_whole(path: &Path, text: &str) -> Result<(), String> {
    let named = |error| format!("{}: {error}", path.display());
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&beside, text).map_err(named)?;
    fs::rename(&beside, path).map_err(named)
}
