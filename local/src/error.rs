//! Why the local stack cannot start or do what it was told. Every text is for the developer at the terminal.

use std::{io, path::PathBuf};

/// Why the local stack cannot start or do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line cannot be understood.
    #[error("{0}")]
    Arguments(String),
    /// PostgreSQL cannot be found, fetched, started or stopped.
    #[error("PostgreSQL: {0}")]
    Postgres(String),
    /// A statement, a migration or the seed failed.
    #[error("database: {0}")]
    Database(String),
    /// `template.yaml` cannot be understood, or names what the local stack does not have.
    #[error("template.yaml: {0}")]
    Template(String),
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
    /// The doctor found what has to be put right.
    #[error("{}", wrong(*.0))]
    Wrong(usize),
    /// A fault makes no sense.
    #[error("{0}")]
    Fault(String),
    /// A function could not be called.
    #[error("Lambda: {0}")]
    Lambda(String),
    /// The token issuer could not make a key or sign.
    #[error("token issuer: {0}")]
    Issuer(String),
    /// A program of the developer's, such as git, failed.
    #[error("{0}")]
    Command(String),
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

    /// Names the file that the system refused.
    pub(crate) fn path(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what: path.display().to_string(), source }
    }
}

fn wrong(findings: usize) -> String {
    match findings {
        1 => "one thing is wrong".to_owned(),
        many => format!("{many} things are wrong"),
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        // The driver's own text is "db error"; what the server said is in its source.
        match error.as_db_error() {
            Some(said) => Self::Database(said.to_string()),
            None => Self::Database(error.to_string()),
        }
    }
}
