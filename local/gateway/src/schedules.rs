//! Runs the template's schedules as EventBridge does: each invokes its function asynchronously, for
//! the first time when its period has passed.
//!
//! Rates are understood, `cron(…)` and `at(…)` are not: such a template is refused. An event that
//! Lambda refuses is dropped, where EventBridge would repeat it: the next one comes soon.

use std::time::Duration;

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{
    task::JoinHandle,
    time::{Instant, interval_at},
};
use uuid::Uuid;

use template::{Error, Template};

use crate::{ACCOUNT, Lambda};

/// Rounds of one schedule that may be under way. Where a minute passes in less, they would pile up.
const ROUNDS_AT_ONCE: usize = 4;

/// Whether schedules run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// None does.
    Never,
    /// Each with its own period.
    AsWritten,
    /// All with this period.
    Every(Duration),
}

/// A schedule that can be run.
#[derive(Debug)]
pub struct Scheduled {
    function: String,
    period: Duration,
    /// The name of the rule in AWS.
    rule: String,
    input: Option<String>,
}

/// All schedules of a template.
pub fn read(template: &Template) -> Result<Vec<Scheduled>, Error> {
    let mut all = Vec::new();
    for function in &template.functions {
        for schedule in &function.schedules {
            let rule = format!("{}{}", function.logical_id, schedule.name);
            let wrong = |problem: String| Error(format!("the schedule {rule}: {problem}"));
            let period = read_rate(&schedule.expression).ok_or_else(|| {
                wrong(format!("`{}` is no rate such as rate(5 minutes)", schedule.expression))
            })?;
            if let Some(input) = &schedule.input {
                serde_json::from_str::<serde::de::IgnoredAny>(input)
                    .map_err(|error| wrong(format!("Input is no JSON: {error}")))?;
            }
            let (function, input) = (function.name.clone(), schedule.input.clone());
            all.push(Scheduled { function, period, rule, input });
        }
    }
    Ok(all)
}

/// Runs schedules until the runtime ends.
pub fn start(lambda: &Lambda, schedules: Vec<Scheduled>, running: Running) {
    for schedule in schedules {
        let period = match running {
            Running::Never => return,
            Running::AsWritten => schedule.period,
            Running::Every(period) => period,
        };
        tokio::spawn(run(lambda.clone(), schedule, period));
    }
}

async fn run(lambda: Lambda, schedule: Scheduled, period: Duration) {
    let mut ticks = interval_at(Instant::now() + period, period);
    let mut under_way: Vec<JoinHandle<()>> = Vec::new();
    loop {
        ticks.tick().await;
        under_way.retain(|round| !round.is_finished());
        if under_way.len() >= ROUNDS_AT_ONCE {
            continue;
        }
        match lambda.send(&schedule.function, schedule.event(lambda.region())) {
            Ok(rounds) => under_way.extend(rounds),
            Err(reason) => {
                tracing::warn!(function = schedule.function, ?reason, "a scheduled event was refused");
            }
        }
    }
}

impl Scheduled {
    fn event(&self, region: &str) -> String {
        let usual = || event(&self.rule, OffsetDateTime::now_utc(), region).to_string();
        self.input.clone().unwrap_or_else(usual)
    }
}

/// What EventBridge sends where a rule has no input (EventBridge, "Scheduled Event").
pub fn event(rule: &str, time: OffsetDateTime, region: &str) -> Value {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "region": region,
        "resources": [format!("arn:aws:events:{region}:{ACCOUNT}:rule/{rule}")],
        "detail": {},
    })
}

/// The period of `rate(1 minute)`, `rate(5 hours)` and their like; as on AWS only 1 is singular.
fn read_rate(expression: &str) -> Option<Duration> {
    let rate = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = rate.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match (number, unit) {
        (1, "minute") | (2.., "minutes") => 60,
        (1, "hour") | (2.., "hours") => 60 * 60,
        (1, "day") | (2.., "days") => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_aws_reads_them() {
        for (expression, seconds) in [
            ("rate(1 minute)", 60),
            ("rate(5 minutes)", 300),
            ("rate(12 hours)", 43_200),
            ("rate(1 day)", 86_400),
        ] {
            assert_eq!(read_rate(expression), Some(Duration::from_secs(seconds)), "{expression}");
        }
        for expression in [
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(0 minutes)",
            "rate(5 seconds)",
            "cron(0 12 * * ? *)",
            "",
        ] {
            assert_eq!(read_rate(expression), None, "{expression}");
        }
    }

    #[test]
    fn the_event_is_that_of_eventbridge() {
        let mut said = event(
            "JanitorFunctionEveryMinute",
            OffsetDateTime::UNIX_EPOCH + Duration::from_millis(1500),
            "ap-south-1",
        );
        assert!(said["id"].take().is_string());
        let expected = json!({
            "version": "0",
            "id": null,
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": "1970-01-01T00:00:01Z",
            "region": "ap-south-1",
            "resources": ["arn:aws:events:ap-south-1:000000000000:rule/JanitorFunctionEveryMinute"],
            "detail": {},
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn what_cannot_be_run_is_named() {
        let template = |schedule: &str| {
            let text = format!(
                "Resources: {{OneFunction: {{Type: AWS::Serverless::Function, Metadata: {{BuildProperties: {{Binary: one}}}}, Properties: {{Events: {{Every: {{Type: Schedule, Properties: {{{schedule}}}}}}}}}}}}}"
            );
            Template::parse(&text).unwrap()
        };
        for (schedule, named) in [
            ("Schedule: cron(0 12 * * ? *)", "cron(0 12 * * ? *)"),
            ("Schedule: rate(1 minute), Input: no", "Input"),
        ] {
            let said = read(&template(schedule)).unwrap_err().to_string();
            assert!(said.contains("OneFunctionEvery") && said.contains(named), "{said}");
        }
    }
}
