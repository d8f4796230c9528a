//! Logs: one JSON object a line on standard output, which Lambda hands to CloudWatch.
//!
//! Phone numbers, names, tokens and ids of visitors never appear; a path is logged as its route.

use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
};

use crate::{config::Env, metrics};

/// Crates that log at `LOG_LEVEL`: this one and the functions, which a test below compares with `functions/`.
/// Libraries never log below a warning: their details quote payloads.
const OURS: [&str; 17] = [
    "admin",
    "auth",
    "devices",
    "dispatcher",
    "emergencies",
    "guards",
    "health",
    "janitor",
    "migrator",
    "notifications",
    "onboarding",
    "profile",
    "realtime",
    "residents",
    "shared",
    "visitors",
    "visits",
];

/// Starts the log of a function: lines at `LOG_LEVEL`, and metrics at any level. A second call changes
/// nothing.
pub fn start(env: &mut Env) {
    start_to(env, std::io::stdout);
}

/// As [`start`], with the lines going somewhere else. A line is written at once, by one call.
pub fn start_to<W>(env: &mut Env, writer: W)
where
    W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static,
{
    let numbers = tracing_subscriber::fmt::layer()
        .event_format(Bare)
        .with_writer(writer.clone())
        .with_filter(Targets::new().with_target(metrics::TARGET, LevelFilter::INFO));
    install(tracing_subscriber::registry().with(lines(env, writer)).with(numbers));
}

/// Starts the log of a process that nobody takes metrics from: lines at `LOG_LEVEL`, of the library `noisy` only errors.
pub fn start_without_metrics(env: &mut Env, noisy: &str) {
    let quiet = Targets::new().with_default(LevelFilter::TRACE).with_target(noisy, LevelFilter::ERROR);
    install(tracing_subscriber::registry().with(lines(env, std::io::stdout).and_then(quiet)));
}

fn install(subscriber: impl Subscriber + Send + Sync) {
    // Another one is there already where several functions share a process.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn lines<S, W>(env: &mut Env, writer: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = env.parsed("LOG_LEVEL", LevelFilter::INFO);
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(heard(level).with_target(metrics::TARGET, LevelFilter::OFF))
}

/// Who is heard at which level. A target counts with all that begins like it, which no library here does.
fn heard(level: LevelFilter) -> Targets {
    let others = Targets::new().with_default(level.min(LevelFilter::WARN));
    OURS.iter().fold(others, |targets, name| targets.with_target(*name, level))
}

/// A metric's line is what CloudWatch reads, and nothing around it.
struct Bare;

impl<S, N> FormatEvent<S, N> for Bare
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use tracing::Level;

    use super::*;

    /// The functions of the workspace, which are the folders in `functions/`.
    fn functions() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
        let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let crates = folders.filter(|entry| entry.path().join("Cargo.toml").exists());
        crates.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn every_function_is_heard() {
        let mut ours = functions();
        assert!(ours.contains("visitors"), "{ours:?}");
        ours.insert("shared".to_owned());
        assert_eq!(ours, OURS.map(str::to_owned).into());
        for name in ours {
            let module = format!("{name}::some_use_case");
            assert!(heard(LevelFilter::INFO).would_enable(&module, &Level::INFO), "{name}");
            assert!(!heard(LevelFilter::WARN).would_enable(&module, &Level::INFO), "{name}");
        }
    }

    #[test]
    fn no_library_is_taken_for_a_function() {
        let lock = include_str!("../../Cargo.lock");
        let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        let libraries: Vec<_> =
            names.map(|name| name.replace('-', "_")).filter(|name| !OURS.contains(&&**name)).collect();
        assert!(libraries.contains(&"hyper".to_owned()), "{libraries:?}");
        for name in libraries {
            assert!(!heard(LevelFilter::TRACE).would_enable(&name, &Level::INFO), "{name}");
        }
    }
}
