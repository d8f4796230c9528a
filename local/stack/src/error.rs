//! Why the local stack cannot start or do what it was told. Every text is for the developer at the terminal.

use std::io;

/// Why the local stack cannot start or do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no PostgreSQL server, or no database in it.
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    /// A statement, a migration or the seed failed.
    #[error("database: {0}")]
    Database(String),
    /// There is no database where one was named or looked for.
    #[error("{0}")]
    NoDatabase(String),
    /// `template.yaml` cannot be understood, or names what the local stack does not have.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// The in-process DynamoDB refused.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// Another program listens on the port that was asked for.
    #[error("port {0} is taken by another program; choose one with --port, or 0 for any free one")]
    PortTaken(u16),
    /// A local stack listens on the port that was asked for.
    #[error(
        "`cargo dev` is running on port {0} already; use that one or stop it, or start another one with --port 0 \
         and a directory of its own, --data DIR"
    )]
    StackRuns(u16),
    /// A fault makes no sense.
    #[error("{0}")]
    Fault(String),
    /// A function could not be called.
    #[error("Lambda: {0}")]
    Lambda(String),
    /// The token issuer could not make a key or sign.
    #[error("token issuer: {0}")]
    Issuer(String),
    /// A file or a socket failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Says what was being done when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { what: what.into(), source }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        postgres::Error::from(error).into()
    }
}
