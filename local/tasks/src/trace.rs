//! `cargo dev trace`: what became of a visitor, in order and in plain words, for people on call. It reads what the
//! database keeps; the ids of the requests find the rest in the logs.

use std::collections::BTreeMap;

use stack::reach;
use time::{OffsetDateTime, UtcOffset, macros::format_description};
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

use crate::Error;

/// Rows of one kind at most, such as messages.
const MOST: i64 = 500;
/// Nothing is changed, and nothing waited for.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '15s'; SET LOCAL lock_timeout = '1s'";
/// Where the visitor stands.
const STANDS: &str = "
    SELECT format('Visitor %s for flat %s of %s, %s: %s%s', v.id, p.flat_number, p.block_name, p.society_name,
                  v.status, ', decided by the ' || v.decided_by)
      FROM visitors v JOIN places p ON p.flat_id = v.flat_id WHERE v.id = $1";

/// A run of the command.
#[derive(Debug, PartialEq, Eq)]
pub struct Trace {
    /// The visitor.
    pub visitor: Uuid,
    /// Where `cargo dev` listens, whose database it is unless another is named.
    pub port: u16,
    /// A connection string.
    pub database: Option<String>,
}

impl Trace {
    /// Prints the story.
    pub async fn run(self, mut say: impl FnMut(&str)) -> Result<(), Error> {
        let db = reach(self.port, self.database.as_deref()).await?;
        db.batch_execute(BEGIN).await?;
        let stands = db.query_typed(STANDS, &[(&self.visitor, Type::UUID)]).await?;
        let Some(stands) = stands.first() else {
            return Err(Error::Database("there is no such visitor".to_owned()));
        };
        say(stands.try_get(0)?);
        let story = include_str!("trace.sql");
        let rows = db.query_typed(story, &[(&self.visitor, Type::UUID), (&MOST, Type::INT8)]).await?;
        let lines: Vec<Line> = rows.iter().map(Line::read).collect::<Result<_, _>>()?;
        db.batch_execute("ROLLBACK").await?;
        let mut before: Option<OffsetDateTime> = None;
        for line in &lines {
            let day = line.at.date();
            if before.is_none_or(|before| before.date() != day) {
                say(&format!("\n{day}, UTC"));
            }
            say(&line.after(before));
            before = Some(line.at);
        }
        let requests = requests(&lines);
        if !requests.is_empty() {
            say("\nRequests, and the trace of each");
            for (request, trace) in &requests {
                say(&format!("  {request}  {}", trace.unwrap_or("-")));
            }
            let quoted: Vec<_> = requests.keys().map(|request| format!("\"{request}\"")).collect();
            let ids = quoted.join(", ");
            say(&format!(
                "\nTheir lines in CloudWatch Logs Insights, all groups of the stack:\n  \
                 fields @timestamp, @log, @message | filter request_id in [{ids}] | sort @timestamp"
            ));
        }
        Ok(())
    }
}

/// Something that happened.
struct Line {
    at: OffsetDateTime,
    text: String,
    request: Option<String>,
    trace: Option<String>,
}

impl Line {
    fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let at: OffsetDateTime = row.try_get(0)?;
        Ok(Self {
            at: at.to_offset(UtcOffset::UTC),
            text: row.try_get(1)?,
            request: row.try_get(2)?,
            trace: row.try_get(3)?,
        })
    }

    /// Its time, how much later that is than what stands before it, and what it is.
    fn after(&self, before: Option<OffsetDateTime>) -> String {
        let time = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
        let time = self.at.time().format(&time).unwrap_or_default();
        let later = before.filter(|before| *before != self.at).map(|before| {
            let passed = (self.at - before).whole_microseconds();
            if passed < 10_000_000 {
                format!("+{} ms", passed.div_euclid(1000))
            } else {
                format!("+{} s", passed / 1_000_000)
            }
        });
        let request = self.request.as_ref().map(|request| format!("  [{request}]"));
        format!("{time} {:>10}  {}{}", later.unwrap_or_default(), self.text, request.unwrap_or_default())
    }
}

/// Each request of the story once, with its trace.
fn requests(lines: &[Line]) -> BTreeMap<&str, Option<&str>> {
    let mut requests = BTreeMap::new();
    for line in lines {
        let Some(request) = line.request.as_deref() else { continue };
        let trace = requests.entry(request).or_insert(None);
        *trace = trace.or(line.trace.as_deref());
    }
    requests
}
