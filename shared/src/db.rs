//! PostgreSQL for Lambda: one connection for each environment, TLS with rustls, checked on use.
//!
//! A connection is checked by looking whether it has been closed, never by a statement and never by
//! a timer, since neither runs while an environment is frozen. The first statement of a request is
//! repeated once on a new connection where the old one turns out to be dead.
//!
//! Each statement is prepared once for a connection and then bound and executed, so that the server keeps its plan: a
//! round trip more at its first use, none later. What is prepared is the protocol's own, which poolers in transaction
//! mode know how to carry (pgbouncer since 1.21, RDS Proxy).
//!
//! A statement that would have to wait behind others in a busy room is refused for now, with nothing done. It is tried
//! again after a pause, in which no transaction is open.

use std::{pin::pin, sync::Arc, time::Duration};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::TryStreamExt;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
pub use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, Config, Row, Socket, error::SqlState, tls::MakeTlsConnect, types::FromSql};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use crate::{
    StartError, StoreError,
    config::DatabaseConfig,
    misread::misfit,
    statement::{Change, Statement, Unique, Value},
    store::DATABASE,
};

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one statement may take before its connection is given up.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// What the database refuses for now (the SQL function `refuse_for_now`). Of class 53, so that a release which does not know
/// it answers 503.
const REFUSED_FOR_NOW: &str = "53R01";
/// How long such a statement is tried again. With the 1.2 s that one of them waits for rooms it is less than 3 s.
const TRYING: Duration = Duration::from_millis(1500);

/// Makes a type with `as_str(&self)` a parameter of type `text`.
#[macro_export]
macro_rules! text_param {
    ($name:ident $(<$n:ident: $bound:ident>)?) => {
        impl $(<$n: $bound>)? $crate::db::ToSql for $name $(<$n>)? {
            fn to_sql(
                &self,
                ty: &$crate::db::Type,
                out: &mut $crate::db::BytesMut,
            ) -> Result<$crate::db::IsNull, Box<dyn std::error::Error + Sync + Send>> {
                self.as_str().to_sql(ty, out)
            }

            fn accepts(ty: &$crate::db::Type) -> bool {
                <&str as $crate::db::ToSql>::accepts(ty)
            }

            $crate::db::to_sql_checked!();
        }
    };
}

/// What serves a client as long as it is polled.
pub type Connection =
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Opens connections to the database that belong to no pool and know no time limits.
#[derive(Clone)]
pub struct Connector {
    postgres: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    /// Reads where the database is; no connection is opened yet.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn new(config: &DatabaseConfig) -> Result<Self, StartError> {
        let mut postgres: Config = config.url.expose_secret().parse().map_err(|_| StartError::DatabaseUrl)?;
        postgres.connect_timeout(CONNECT_TIMEOUT);
        Ok(Self { postgres, tls: MakeRustlsConnect::new(tls(config)?) })
    }

    /// Who signs in, and with which password; none where the configuration names none.
    pub fn credentials(&self) -> Option<(&str, &[u8])> {
        Some((self.postgres.get_user()?, self.postgres.get_password()?))
    }

    /// Where the database is, without a name or a password: each host with the database's name.
    pub fn place(&self) -> String {
        let hosts: Vec<_> = self.postgres.get_hosts().iter().map(|host| format!("{host:?}")).collect();
        format!(
            "{} {:?} {}",
            hosts.join(","),
            self.postgres.get_ports(),
            self.postgres.get_dbname().unwrap_or_default()
        )
    }

    /// Opens a connection: its client, and what serves that.
    ///
    /// # Errors
    /// The database is down or refuses the connection.
    pub async fn connect(&self) -> Result<(Client, Connection), tokio_postgres::Error> {
        self.postgres.connect(self.tls.clone()).await
    }
}

/// The database of one environment.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
}

impl Db {
    /// Prepares the pool; no connection is opened yet.
    pub fn new(config: &DatabaseConfig) -> Result<Self, StartError> {
        let Connector { postgres, tls } = Connector::new(config)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(postgres, tls, recycling))
            .max_size(1)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(STATEMENT_TIMEOUT),
                create: Some(CONNECT_TIMEOUT),
                recycle: Some(CONNECT_TIMEOUT),
            })
            .build()
            .map_err(|_| StartError::DatabaseUrl)?;
        Ok(Self { pool })
    }

    /// Opens the connection ahead of the first request; a failure is left to that request.
    pub async fn warm(&self) {
        if let Err(error) = self.pool.get().await {
            tracing::warn!(%error, "the database is not reachable yet");
        }
    }

    /// Rows of one `jsonb` column each, read as `T`.
    pub async fn read<T: DeserializeOwned>(&self, statement: Statement<'_>) -> Result<Vec<T>, StoreError> {
        self.query(statement).await?.iter().map(from_json).collect()
    }

    /// At most one row of one `jsonb` column, read as `T`.
    pub async fn read_one<T: DeserializeOwned>(
        &self,
        statement: Statement<'_>,
    ) -> Result<Option<T>, StoreError> {
        self.query(statement).await?.first().map(from_json).transpose()
    }

    /// As [`Db::read_one`], for the first statement of a request, which may safely be sent twice.
    pub async fn read_first<T: DeserializeOwned>(
        &self,
        statement: Statement<'_>,
    ) -> Result<Option<T>, StoreError> {
        let again = |error: &_| is_unprepared(error) || connection_is_lost(error);
        self.run(statement, again).await?.0.first().map(from_json).transpose()
    }

    /// As [`Db::read_one`], for a change and the values of all of its parameters, whose field another row may have the value
    /// of already: then that field.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        Change { sql, unique, .. }: Change<'_>,
        values: &[Value<'_>],
    ) -> Result<Result<Option<T>, Unique>, StoreError> {
        match (self.run(Statement { sql, values }, is_unprepared).await, unique) {
            (Ok((rows, _)), _) => rows.first().map(from_json).transpose().map(Ok),
            (Err(Stopped::Refused(error)), Some(unique)) if breaks(&error, unique) => Ok(Err(unique)),
            (Err(stopped), _) => Err(stopped.into()),
        }
    }

    /// Runs a statement and tells how many rows it changed.
    pub async fn execute(&self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(self.run(statement, is_unprepared).await?.1)
    }

    async fn query(&self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(statement, is_unprepared).await?.0)
    }

    /// Runs a statement under its time limit, again where it was refused for now, and once more on a new connection after
    /// an error after which that is safe; answers its rows and how many it changed.
    async fn run(
        &self,
        statement: Statement<'_>,
        again: fn(&tokio_postgres::Error) -> bool,
    ) -> Result<(Vec<Row>, u64), Stopped> {
        let (mut repeated, mut refused, began) = (false, 0, Instant::now());
        loop {
            let connection = self.pool.get().await.map_err(Stopped::Unconnected)?;
            match tokio::time::timeout(STATEMENT_TIMEOUT, run_on(&connection, statement)).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) if is_refused_for_now(&error) && began.elapsed() < TRYING => {
                    drop(connection);
                    sleep(pause(refused)).await;
                    refused += 1;
                    continue;
                }
                Ok(Err(error)) if !repeated && again(&error) => drop(Object::take(connection)),
                Ok(Err(error)) => return Err(Stopped::Refused(error)),
                Err(_) => {
                    // Its statement may still be running.
                    drop(Object::take(connection));
                    return Err(Stopped::TooSlow);
                }
            }
            repeated = true;
        }
    }
}

/// Why a statement was not run to its end.
enum Stopped {
    /// There is no connection.
    Unconnected(PoolError),
    /// The server says so, or the connection was lost.
    Refused(tokio_postgres::Error),
    /// It took too long.
    TooSlow,
}

/// Prepares a statement where the connection has not done so before, and runs it.
async fn run_on(
    connection: &Object,
    Statement { sql, values, .. }: Statement<'_>,
) -> Result<(Vec<Row>, u64), tokio_postgres::Error> {
    let prepared = connection.prepare_cached(sql).await?;
    let mut stream = pin!(connection.query_raw(&prepared, values.iter().copied()).await?);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    let changed = stream.rows_affected().unwrap_or_default();
    Ok((rows, changed))
}

fn from_json<T: DeserializeOwned>(row: &Row) -> Result<T, StoreError> {
    // The error itself may quote the row.
    let misread = |why: &str| {
        StoreError::Defect(format!("database row: it is no {}: {why}", std::any::type_name::<T>()))
    };
    let JsonText(text) = row.try_get(0).map_err(|_| misread("it is null, or no JSON"))?;
    serde_json::from_slice(text).map_err(|error| misread(&misfit(text, &error)))
}

/// JSON as the server sends it.
struct JsonText<'a>(&'a [u8]);

impl<'a> FromSql<'a> for JsonText<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        match raw {
            // Behind the version of its format.
            [1, text @ ..] if *ty == Type::JSONB => Ok(Self(text)),
            _ if *ty == Type::JSONB => Err("jsonb of another version".into()),
            text => Ok(Self(text)),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB)
    }
}

/// Whether another row has the value of this field already.
fn breaks(error: &tokio_postgres::Error, unique: Unique) -> bool {
    error.as_db_error().and_then(|error| error.constraint()) == Some(unique.constraint)
}

/// A lost connection, a server that is going down or too busy may be there again soon; anything else is a defect.
impl From<Stopped> for StoreError {
    fn from(stopped: Stopped) -> Self {
        let error = match stopped {
            Stopped::Unconnected(error) => return Self::Unavailable(format!("{DATABASE}{error}")),
            Stopped::TooSlow => return Self::Unavailable(format!("{DATABASE}a statement took too long")),
            Stopped::Refused(error) => error,
        };
        // The detail of a database error may quote a row, so only its code and message are kept.
        let cause = match error.as_db_error() {
            // A statement that needs a right which no migration has given.
            Some(db) if *db.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
                format!("{DATABASE}{} {}, see docs/grants.md", db.code().code(), db.message())
            }
            Some(db) => format!("{DATABASE}{} {}", db.code().code(), db.message()),
            None => format!("{DATABASE}{error}"),
        };
        let retry_helps = connection_is_lost(&error) || error.code().is_some_and(is_transient);
        if retry_helps { Self::Unavailable(cause) } else { Self::Defect(cause) }
    }
}

/// The server behind a pooler does not know the statement, or its result has changed: it was not run (PostgreSQL
/// manual, appendix A).
fn is_unprepared(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::FEATURE_NOT_SUPPORTED
    })
}

fn is_refused_for_now(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == REFUSED_FOR_NOW)
}

/// How long to wait after so many refusals: 10 to 40 ms, up to twice that later, so that those who were refused at once
/// do not come back at once.
fn pause(refused: u32) -> Duration {
    let least = 10 + 2 * refused.min(5);
    let random = u64::from(Uuid::new_v4().as_u128() as u16);
    Duration::from_millis(u64::from(least) + random % u64::from(3 * least))
}

fn connection_is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error.as_db_error().is_none() && std::error::Error::source(error).is_some_and(is_io)
        || error
            .code()
            .is_some_and(|code| *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::CRASH_SHUTDOWN)
}

fn is_io(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<std::io::Error>()
}

/// Classes of SQLSTATE that pass by themselves: 08 connection, 40 rollback, 53 resources, 57 operator
/// intervention, 55P03 lock not available (PostgreSQL manual, appendix A), and 23505: of two statements
/// that both were right one came first, and a repeat sees what it left.
fn is_transient(state: &SqlState) -> bool {
    let code = state.code();
    ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)) || code == "55P03" || code == "23505"
}

fn tls(config: &DatabaseConfig) -> Result<ClientConfig, StartError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = &config.root_certificates {
        use rustls::pki_types::pem::PemObject;
        let certificates = CertificateDer::pem_file_iter(path).map_err(|_| StartError::RootCertificates)?;
        for certificate in certificates {
            let certificate = certificate.map_err(|_| StartError::RootCertificates)?;
            roots.add(certificate).map_err(|_| StartError::RootCertificates)?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| StartError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_short_and_grow() {
        for (refused, least, most) in [(0, 10, 40), (5, 20, 80), (1000, 20, 80)] {
            let pauses: Vec<_> = (0..200).map(|_| pause(refused)).collect();
            let bounds = Duration::from_millis(least)..Duration::from_millis(most);
            assert!(pauses.iter().all(|pause| bounds.contains(pause)), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }
}
