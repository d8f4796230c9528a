//! `cargo dev audit`: verifies the chains of the audit, or writes one as lines, with the statements that the API uses.

use admin::{Anchor, Finding, Line, Page};
use stack::reach;
use time::OffsetDateTime;
use tokio_postgres::{
    Client,
    types::{Json, Type},
};
use uuid::Uuid;

use crate::Error;

/// Rows of one statement.
const ROWS: i64 = 2_000;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Every chain, or one, is verified.
    Verify {
        /// What was noted of that one.
        anchor: Option<Anchor>,
    },
    /// One chain is written.
    Export,
}

/// A run of the command.
#[derive(Debug, PartialEq, Eq)]
pub struct Audit {
    /// What is to be done.
    pub task: Task,
    /// The one chain: a society's id, or that of one of the sixteen chains of users.
    pub chain: Option<Uuid>,
    /// Where `cargo dev` listens, whose database it is unless another is named.
    pub port: u16,
    /// A connection string.
    pub database: Option<String>,
}

impl Audit {
    /// Does it, and fails where something is not as it was written.
    pub async fn run(self, say: fn(&str)) -> Result<(), Error> {
        let db = reach(self.port, self.database.as_deref()).await?;
        let Task::Verify { anchor } = self.task else {
            if let Some(chain) = self.chain {
                export(&db, chain, say).await?;
            }
            return Ok(());
        };
        let chains = match self.chain {
            Some(chain) => vec![chain],
            None => db.query("SELECT audit_chains()", &[]).await?.iter().map(|row| row.get(0)).collect(),
        };
        let mut wrong = 0;
        for chain in chains {
            wrong += verify(&db, chain, anchor, say).await?;
        }
        if wrong > 0 { Err(Error::Wrong(wrong)) } else { Ok(()) }
    }
}

fn name(chain: Uuid) -> String {
    match chain.as_u128() {
        users @ 0..16 => format!("users {users:x}"),
        _ => format!("society {chain}"),
    }
}

/// Verifies a chain to its end; answers how much is wrong.
async fn verify(db: &Client, chain: Uuid, anchor: Option<Anchor>, say: fn(&str)) -> Result<usize, Error> {
    let (mut next, mut checked, mut wrong) = (None, 0, 0);
    loop {
        let page = page(db, chain, next, anchor).await?;
        checked += page.checked;
        wrong += page.problems.len();
        for problem in &page.problems {
            say(&format!("{}: {}", name(chain), sentence(problem)));
        }
        next = page.next();
        if next.is_none() {
            if wrong == 0 && page.seq > 0 {
                say(&format!("{}: {checked} rows, nothing wrong, {}:{}", name(chain), page.seq, page.hash));
            }
            if page.anchor.as_deref() == Some("forgotten") {
                say(&format!("{}: the row of the anchor is kept no longer", name(chain)));
            }
            return Ok(wrong);
        }
    }
}

async fn page(
    db: &Client,
    chain: Uuid,
    next: Option<admin::Position>,
    anchor: Option<Anchor>,
) -> Result<Page, Error> {
    let after = next.map_or(0, |next| next.seq);
    let (hash, seen): (Option<Vec<u8>>, Option<OffsetDateTime>) =
        (next.map(|next| next.hash.to_vec()), next.map(|next| next.seen));
    let (anchor_seq, anchor_hash) = (anchor.map(|a| a.seq), anchor.map(|a| a.hash.to_vec()));
    let row = db
        .query_typed(
            "SELECT verify_audit($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&chain, Type::UUID),
                (&after, Type::INT8),
                (&hash, Type::BYTEA),
                (&seen, Type::TIMESTAMPTZ),
                (&ROWS, Type::INT8),
                (&anchor_seq, Type::INT8),
                (&anchor_hash, Type::BYTEA),
            ],
        )
        .await?;
    let row = row.first().ok_or_else(|| Error::Database("a chain was not verified".to_owned()))?;
    let Json(page) = row.try_get(0)?;
    Ok(page)
}

fn sentence(problem: &Finding) -> String {
    let id = problem.audit_id.map(|id| format!(" (audit row {id})")).unwrap_or_default();
    match (problem.kind.as_str(), problem.seq, problem.to_seq) {
        ("changed", Some(seq), _) => format!("row {seq} was changed{id}"),
        ("replaced", Some(seq), _) => format!("row {seq} was replaced: its hash is another than was noted"),
        ("removed", Some(seq), Some(to)) if to > seq => format!("rows {seq} to {to} were removed"),
        ("removed", Some(seq), _) => format!("row {seq} was removed{id}"),
        _ => format!("a row was inserted past the chain{id}"),
    }
}

async fn export(db: &Client, chain: Uuid, say: fn(&str)) -> Result<(), Error> {
    let mut after = 0_i64;
    loop {
        let page = "SELECT seq, content, encode(hash, 'hex') FROM audit_page($1, $2, $3)";
        let rows =
            db.query_typed(page, &[(&chain, Type::UUID), (&after, Type::INT8), (&ROWS, Type::INT8)]).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get(0)?;
        let line = |row: &tokio_postgres::Row| {
            let (content, hash) = (row.try_get(1), row.try_get(2));
            // A row that is gone leaves a gap.
            let content: Option<String> = content?;
            Ok::<_, tokio_postgres::Error>(content.zip(hash?).map(|(content, hash)| Line { content, hash }))
        };
        let lines: Vec<_> = rows.iter().map(line).collect::<Result<_, _>>()?;
        let lines: Vec<Line> = lines.into_iter().flatten().collect();
        if !lines.is_empty() {
            say(admin::lines(&lines).trim_end());
        }
    }
}
