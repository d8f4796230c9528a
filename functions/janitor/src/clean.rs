//! What is done each hour: months are made ahead, and what is kept too long goes. Each task is worth doing
//! where another fails, none takes all the time, and each run of each leaves a row in `retention_runs`.

use std::time::Duration;

use shared::{
    StoreError,
    metrics::{self, Metric},
    statement,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::Janitor;

/// How long a task begins new batches; what is left is done in the next round. All tasks together stay
/// within the function's time.
const PATIENCE: Duration = Duration::from_secs(25);
/// What goes when it is old enough: the SQL function that decides and does it, whose name is the task's, as `clean.sql`
/// knows it; the metric; and the rows that one statement deals with. A visitor has rows in several tables, a key holds a whole
/// answer.
const OLD: [(&str, &str, i32); 16] = [
    ("forget_months", "MonthsForgotten", 1),
    ("forget_chain", "ChainForgotten", 5_000),
    ("strip_visitors", "VisitorsStripped", 500),
    ("strip_requests", "RequestsStripped", 500),
    ("strip_emergencies", "EmergenciesStripped", 2_000),
    ("forget_keys", "KeysForgotten", 2_000),
    ("forget_events", "EventsForgotten", 5_000),
    ("forget_steps", "StepsForgotten", 5_000),
    ("forget_logs", "LogsForgotten", 5_000),
    ("forget_sign_ins", "SignInsForgotten", 5_000),
    ("forget_rates", "RatesForgotten", 5_000),
    ("forget_guesses", "GuessesForgotten", 5_000),
    ("forget_gate_codes", "GateCodesForgotten", 5_000),
    ("forget_claims", "ClaimsForgotten", 5_000),
    ("forget_imports", "ImportsForgotten", 5),
    ("forget_runs", "RunsForgotten", 5_000),
];

/// What a task has done.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Rows it removed, changed or made, also where it failed afterwards.
    pub(crate) rows: i64,
    /// Why it did not do all of it.
    pub(crate) problem: Option<StoreError>,
}

impl Janitor {
    /// Runs each task once. Any number may be at it.
    ///
    /// # Errors
    /// The first of those that stopped a task. All of them are logged and recorded.
    pub(crate) async fn clean(&self) -> Result<(), StoreError> {
        let mut tasks = vec![self.run("make_partitions", "PartitionsMade", self.make_partitions()).await];
        tasks.push(self.run("anchor_audit", "AuditsAnchored", self.anchor_audit()).await);
        for (task, metric, batch) in OLD {
            tasks.push(self.run(task, metric, self.in_batches(task, batch)).await);
        }
        let failed = tasks.iter().filter(|done| done.is_err()).count();
        metrics::put(&[Metric::count("TasksFailed", i64::try_from(failed).unwrap_or(i64::MAX))]);
        tasks.into_iter().collect()
    }

    /// Runs a task between the two halves of its record.
    async fn run(
        &self,
        task: &'static str,
        metric: &'static str,
        work: impl Future<Output = Work>,
    ) -> Result<(), StoreError> {
        let started = self.db.read_one(statement!("start_run.sql", task)).await;
        let id: Uuid = started?.ok_or_else(|| StoreError::Defect("a run has no id".into()))?;
        let Work { rows, problem } = work.await;
        metrics::put(&[Metric::count(metric, rows)]);
        if let Some(error) = &problem {
            tracing::error!(task, ?error, "a task was not finished");
        }
        let cause = problem.as_ref().map(StoreError::cause);
        let recorded = self.db.execute(statement!("finish_run.sql", run = id, rows, problem = cause)).await;
        problem.map_or(Ok(()), Err).and(recorded.map(drop))
    }

    /// Calls the task's SQL function with a number of rows until it answers fewer than that.
    async fn in_batches(&self, task: &str, batch: i32) -> Work {
        let end = Instant::now() + PATIENCE;
        let mut work = Work::default();
        loop {
            match self.db.read_one::<i64>(statement!("clean.sql", task, rows = batch)).await {
                Ok(rows) => {
                    let rows = rows.unwrap_or_default();
                    work.rows += rows;
                    if rows < i64::from(batch) || Instant::now() >= end {
                        return work;
                    }
                }
                Err(error) => return Work { problem: Some(error), ..work },
            }
        }
    }
}
