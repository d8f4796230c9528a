//! Logs: one JSON object a line on standard output, which Lambda hands to CloudWatch.
//!
//! Phone numbers, names, tokens and ids of visitors never appear; a path is logged as its route.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt};

use crate::config::Env;

/// Crates that log at `LOG_LEVEL`. Libraries never log below a warning: their details quote payloads.
const OURS: [&str; 2] = ["shared", "realtime"];

/// Starts the log of this process at `LOG_LEVEL`. A second call changes nothing.
pub fn start(env: &mut Env) {
    let level = env.parsed("LOG_LEVEL", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_filter(
            OURS.iter().fold(Targets::new().with_default(level.min(LevelFilter::WARN)), |targets, name| {
                targets.with_target(*name, level)
            }),
        );
    // Another subscriber is there already where several functions share a process.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
}
