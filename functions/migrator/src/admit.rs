//! Letting the functions in: a user of the database who owns nothing, with the password that they are given, and
//! with the rights that migrations give to the role `society360_functions` (`docs/grants.md`).

use postgres_protocol::password::scram_sha_256;
use shared::db::Connector;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::{Failure, migrate::RETRY_AFTER};

/// Makes the user $1 or gives them the password $2, of which only a verifier is sent, so that no log shows it. A role
/// that is held already is not granted again, since another owner may have granted it.
const MAKE: &str = "
    SELECT format(CASE WHEN r.oid IS NULL THEN 'CREATE ROLE %1$I LOGIN PASSWORD %2$L' ELSE 'ALTER ROLE %1$I LOGIN PASSWORD %2$L' END, $1::text, $2::text)
        || CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid AND m.roleid = 'society360_functions'::regrole)
                THEN '' ELSE format('; GRANT society360_functions TO %I', $1::text) END
      FROM (SELECT $1::text AS name) wanted LEFT JOIN pg_roles r ON r.rolname = wanted.name";
/// What the user $1 lacks of these settings, as statements. The server ends a statement a moment before its caller gives it
/// up (`shared/src/db.rs`), so that nothing goes on for which somebody was told 503, and a row that somebody holds keeps
/// few waiting. A statement is planned once for all values, which its text allows, and compiled never, which costs more than
/// it runs (docs/decisions/047-reads-stay-flat.md). A page is nearly always in memory, so it costs little beside
/// rows: then a plan that is kept takes the index also where the table was small when it was made (docs/decisions/057-what-a-statement-sets-up.md).
/// As settings of the user they hold through RDS Proxy, where `SET` would bind a connection to its client.
const LIMIT: &str = "
    SELECT string_agg(format('ALTER ROLE %I SET %I = %L', $1::text, name, value), '; ')
      FROM (VALUES ('statement_timeout', '4500ms'), ('lock_timeout', '1400ms'), ('idle_in_transaction_session_timeout', '5s'),
                   ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off'),
                   ('seq_page_cost', '0.2'), ('random_page_cost', '0.2')) AS l (name, value)
     WHERE NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
                        WHERE r.rolname = $1 AND s.setdatabase = 0 AND format('%s=%s', name, value) = ANY (s.setconfig))";
/// Whether this user has the functions' rights, and whether the owner's besides.
const RIGHTS: &str = "
    SELECT pg_has_role('society360_functions', 'USAGE'), pg_has_role(c.relowner, 'MEMBER')
      FROM pg_class c WHERE c.oid = to_regclass('public.audit_logs')";
/// A database of its own: nobody but its owner makes anything in it that lasts or does not.
const KEEP: &str = "DO $$ BEGIN
        IF has_database_privilege('public', current_database(), 'TEMPORARY') THEN
            EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        END IF;
        IF NOT has_database_privilege('society360_functions', current_database(), 'CONNECT') THEN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO society360_functions', current_database());
        END IF;
    END $$";

/// Lets the functions in, and makes sure that they are. Nothing is written where they are let in already, so it may be
/// done at each deployment; after a change of the password it takes effect for new connections.
///
/// # Errors
/// They are not let in until `until`, or may do more than their work.
pub async fn admit(owner: &Client, functions: &Connector, until: Instant) -> Result<(), Failure> {
    keep_to_grants(owner).await?;
    let admitted = matches!(is_admitted(functions).await?, Ok(true));
    if let Some((user, password)) = functions.credentials() {
        if !admitted {
            let make = owner.query_one(MAKE, &[&user, &scram_sha_256(password)]).await;
            let make: String = make.map_err(Failure::NotAdmitted)?.get(0);
            owner.batch_execute(&make).await.map_err(Failure::NotAdmitted)?;
        }
        let limit: Option<String> =
            owner.query_one(LIMIT, &[&user]).await.map_err(Failure::NotAdmitted)?.get(0);
        if let Some(limit) = limit {
            owner.batch_execute(&limit).await.map_err(Failure::NotAdmitted)?;
        }
    }
    if admitted {
        return Ok(());
    }
    // RDS Proxy may have kept what it was told of that user before.
    loop {
        match is_admitted(functions).await? {
            Ok(true) => return Ok(()),
            Ok(false) | Err(_) if Instant::now() + RETRY_AFTER < until => sleep(RETRY_AFTER).await,
            Ok(false) => return Err(Failure::OutOfTime),
            Err(error) => return Err(Failure::NotAdmitted(error)),
        }
    }
}

/// Takes from everybody but its owner what a database allows all who sign in: tables of a session's own. A copy of a
/// database allows it again.
///
/// # Errors
/// The database is down.
pub async fn keep_to_grants(owner: &Client) -> Result<(), tokio_postgres::Error> {
    owner.batch_execute(KEEP).await
}

/// Whether the functions can sign in and do their work; the outer error says that they could do more.
async fn is_admitted(functions: &Connector) -> Result<Result<bool, tokio_postgres::Error>, Failure> {
    let (client, serving) = match functions.connect().await {
        Ok(connected) => connected,
        Err(error) => return Ok(Err(error)),
    };
    let asking = async move { client.query_one(RIGHTS, &[]).await };
    match tokio::join!(asking, serving).0 {
        Ok(rights) if rights.get(1) => Err(Failure::TooMuch),
        Ok(rights) => Ok(Ok(rights.get(0))),
        Err(error) => Ok(Err(error)),
    }
}
