//! Bringing the functions of the schema up to the release: each is a file, and all of them are replaced in one
//! transaction, after the migrations (`docs/decisions/044`).

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::Failure;

/// Name and text of each function, as `migrations/functions` holds them.
const FUNCTIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/functions.rs"));

/// Files may come in any order: what one calls, a later one may hold.
const BEGIN: &str = "SET LOCAL check_function_bodies = off";
/// What this transaction has not written is a function of an earlier release: it stays for the release before, and is
/// dropped by a later one (`$1` the release). A deployment that was taken back has dropped nothing by then, so a week goes by
/// first. A database that serves no society yet has no release before.
const PART: &str = "
    WITH written AS (
        SELECT p.oid::regprocedure::text AS signature, p.xmin = pg_current_xact_id()::xid AS is_ours
          FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ), ours AS (
        DELETE FROM former_functions WHERE signature NOT IN (SELECT signature FROM written WHERE NOT is_ours)
    ), noted AS (
        INSERT INTO former_functions (signature, release) SELECT signature, $1 FROM written WHERE NOT is_ours
        ON CONFLICT DO NOTHING
    )
    SELECT w.signature FROM written w LEFT JOIN former_functions f USING (signature) WHERE NOT w.is_ours
       AND (f.release <> $1 AND f.noted_at < now() - interval '7 days' OR NOT EXISTS (SELECT FROM societies))";

/// Replaces all functions, and drops those that no release has had for a week.
///
/// # Errors
/// The database is down, or refuses a function; then all are as before.
pub async fn replace_functions(client: &mut Client) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(BEGIN).await?;
    for (name, text) in FUNCTIONS {
        let refused = |error| Failure::Function { name: (*name).to_owned(), error };
        transaction.batch_execute(text).await.map_err(refused)?;
    }
    for row in transaction.query(PART, &[&release()]).await? {
        let signature: String = row.get(0);
        let refused = |error| Failure::Function { name: signature.clone(), error };
        transaction.batch_execute(&format!("DROP FUNCTION {signature}")).await.map_err(refused)?;
    }
    Ok(transaction.commit().await?)
}

/// All functions of this release, by name.
pub fn functions() -> &'static [(&'static str, &'static str)] {
    FUNCTIONS
}

/// Names this release's functions by what they are.
fn release() -> String {
    let mut hash = Sha256::new();
    for (_, text) in FUNCTIONS {
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
