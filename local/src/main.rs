//! `cargo dev`: the whole system on this machine, until Ctrl-C.

mod arguments;
mod welcome;

use std::{fs, path::Path, process::ExitCode};

use local::{Error, Progress, Project, Stack, postgres};
use shared::{config::Env, telemetry};
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Compared, HELP, Measured, Patient, audit, bench, renewal, trace};

/// Variables of the caller's that are handed on to the functions.
const HANDED_ON: [&str; 3] = ["LOG_LEVEL", "RATE_LIMIT_MAX_REQUESTS", "RATE_LIMIT_WINDOW_MS"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    let command = std::env::args().nth(1);
    if let Some(command @ ("measure" | "crowd" | "explain" | "emulate" | "rings" | "stuck")) =
        command.as_deref()
    {
        return local::measure::write_table(command, local::checkout(), Progress::aloud()).await;
    }
    if command.as_deref() == Some("bench") {
        return match bench(std::env::args_os().skip(2))? {
            Measured::Requests(bench) => bench.run(local::checkout(), Progress::aloud()).await,
            Measured::Growth(most) => local::bench::growth(most, local::checkout(), Progress::aloud()).await,
            Measured::Environments => local::bench::environments(local::checkout(), Progress::aloud()).await,
            Measured::Soak(minutes) => {
                local::bench::soak(minutes, local::checkout(), Progress::aloud()).await
            }
            Measured::Budget => local::measure::write_budget(local::checkout(), Progress::aloud()).await,
        };
    }
    if command.as_deref() == Some("openapi") {
        return local::openapi::write(local::checkout());
    }
    if command.as_deref() == Some("events") {
        return local::events::write(local::checkout());
    }
    if command.as_deref() == Some("doctor") {
        return match Patient::read(std::env::args_os().skip(2))? {
            Patient::Machine(machine) => machine.examine(welcome::say).await,
            Patient::Deployed(deployed) => deployed.examine(welcome::say).await,
        };
    }
    if command.as_deref() == Some("audit") {
        return audit(std::env::args_os().skip(2))?.run(welcome::say).await;
    }
    if command.as_deref() == Some("trace") {
        return trace(std::env::args_os().skip(2))?.run(welcome::say).await;
    }
    if command.as_deref() == Some("renew-epochs") {
        return renewal(std::env::args_os().skip(2))?.run(welcome::say).await;
    }
    if command.as_deref() == Some("affected") {
        let compared = Compared::read(std::env::args_os().skip(2))?;
        let affected = local::affected::since(local::checkout(), &compared.base)?;
        welcome::say(&serde_json::json!(affected).to_string());
        return Ok(());
    }
    if command.as_deref() == Some("release") {
        let compared = Compared::read(std::env::args_os().skip(2))?;
        let Some(deployed) = &compared.deployed else {
            return Err(Error::Arguments("release needs --deployed FILE".to_owned()));
        };
        let affected = local::affected::since(local::checkout(), &compared.base)?;
        let (template, deployed) = (read(&local::checkout().join("template.yaml"))?, read(deployed)?);
        welcome::say(&local::release::keep(&template, &deployed, &affected, &compared.base)?);
        return Ok(());
    }
    let Some(arguments) = Arguments::read(std::env::args_os().skip(1))? else {
        welcome::say(HELP);
        return Ok(());
    };
    let env = Env::process();
    let level = env.optional("LOG_LEVEL").unwrap_or_else(|| "warn".to_owned());
    // A condition that does not hold is a warning to the emulator, and an everyday answer to us.
    telemetry::start_without_metrics(
        &mut Env::from_map([("LOG_LEVEL".to_owned(), level)].into()),
        "dynoxide",
    );

    let directory = arguments.postgres_data();
    if arguments.fresh {
        postgres::remove_data(&directory)?;
    }
    if let Some(path) = &arguments.ready_file {
        let _ = fs::remove_file(path);
    }
    let mut builder = Stack::builder()
        .progress(Progress::aloud())
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
    let mut terminate = signal(SignalKind::terminate()).map_err(handler)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(handler)?;
    let stack = builder.start().await?;
    if arguments.invoke.is_some() {
        write_whole(&arguments.functions_file(), &stack.variables_file())?;
    }
    welcome::say(&welcome::text(&stack, &arguments));
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

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Io { what: path.display().to_string(), source })
}

/// A program that waits for the file never sees a part of it.
fn write_whole(path: &Path, text: &str) -> Result<(), Error> {
    let named = |source| Error::Io { what: path.display().to_string(), source };
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&beside, text).map_err(named)?;
    fs::rename(&beside, path).map_err(named)
}

fn handler(source: std::io::Error) -> Error {
    Error::Io { what: "waiting for signals".to_owned(), source }
}
