//! Saying daily in the log how far each audit has come, where no one who may write to the database can change it.

use serde::Deserialize;
use serde_json::json;
use shared::{metrics, sql};
use uuid::Uuid;

use crate::{Janitor, clean::Work};

/// Chains that one statement reads, and lines at once.
const BATCH: i64 = 500;

#[derive(Deserialize)]
struct Head {
    chain: Uuid,
    seq: i64,
    hash: String,
}

impl Janitor {
    /// Says each chain that has grown since yesterday. What is said and not noted is said again.
    pub(crate) async fn anchor_audit(&self) -> Work {
        let mut work = Work::default();
        loop {
            let due = sql!(
                "SELECT jsonb_build_object('chain', chain, 'seq', seq, 'hash', encode(hash, 'hex'))
                   FROM due_audit_anchors(:rows)",
                rows = BATCH
            );
            let heads: Vec<Head> = match self.db.read(due).await {
                Ok(heads) => heads,
                Err(error) => return Work { problem: Some(error), ..work },
            };
            for Head { chain, seq, hash } in &heads {
                metrics::keep(
                    &json!({ "audit_anchor": { "chain": chain, "anchor": format!("{seq}:{hash}") } }),
                );
            }
            let chains: Vec<Uuid> = heads.iter().map(|head| head.chain).collect();
            let seqs: Vec<i64> = heads.iter().map(|head| head.seq).collect();
            let note = sql!("SELECT note_audit_anchors(:chains, :seqs)", chains, seqs);
            if let Err(error) = self.db.execute(note).await {
                return Work { problem: Some(error), ..work };
            }
            let said = i64::try_from(heads.len()).unwrap_or(i64::MAX);
            work.rows += said;
            // The noted are not due again, so this ends.
            if said < BATCH {
                return work;
            }
        }
    }
}
