//! Metrics: lines of CloudWatch's embedded metric format, which become metrics where the log is read
//! (CloudWatch: "Embedded metric format"). They carry numbers alone. Other lines that have to be there at any
//! `LOG_LEVEL` go the same way.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// The namespace of all our metrics.
const NAMESPACE: &str = "Society360";
/// The target under which [`crate::telemetry`] finds them.
pub(crate) const TARGET: &str = "metrics";

/// A measured number.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    name: &'static str,
    unit: &'static str,
    value: f64,
}

impl Metric {
    /// So many of something.
    pub fn count(name: &'static str, value: i64) -> Self {
        Self { name, unit: "Count", value: value as f64 }
    }

    /// A length of time in seconds.
    pub fn seconds(name: &'static str, value: f64) -> Self {
        Self { name, unit: "Seconds", value }
    }
}

/// Writes metrics into the log.
pub fn put(metrics: &[Metric]) {
    tracing::info!(target: TARGET, "{}", line(metrics, None));
}

/// Writes metrics of one value of a dimension, which is one of a few short codes.
pub fn put_by(dimension: &str, value: &str, metrics: &[Metric]) {
    tracing::info!(target: TARGET, "{}", line(metrics, Some((dimension, value))));
}

/// Writes a line that is read long after, at any `LOG_LEVEL`. It holds ids and numbers alone.
pub fn keep(line: &Value) {
    tracing::info!(target: TARGET, "{line}");
}

fn line(metrics: &[Metric], by: Option<(&str, &str)>) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let names: Vec<_> =
        metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit})).collect();
    let dimensions: Vec<_> = by.iter().map(|(dimension, _)| *dimension).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": names});
    let mut line = Map::new();
    let milliseconds = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    line.insert("_aws".to_owned(), json!({"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}));
    line.extend(by.map(|(dimension, value)| (dimension.to_owned(), json!(value))));
    line.extend(metrics.iter().map(|metric| (metric.name.to_owned(), json!(metric.value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_each_metric_and_holds_its_value() {
        let line = line(&[Metric::count("DeadLetters", 2), Metric::seconds("OutboxAge", 0.5)], None);
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"],
            json!([{"Namespace": "Society360", "Dimensions": [[]],
                    "Metrics": [{"Name": "DeadLetters", "Unit": "Count"}, {"Name": "OutboxAge", "Unit": "Seconds"}]}])
        );
        assert_eq!((&line["DeadLetters"], &line["OutboxAge"]), (&json!(2.0), &json!(0.5)));
        assert!(line["_aws"]["Timestamp"].as_u64().is_some_and(|time| time > 1_700_000_000_000));
    }
}
