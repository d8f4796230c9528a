//! Why there is no server, or no database in it. Every text is for the developer at the terminal.

use std::{io, path::PathBuf};

/// Why there is no server, or no database in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL cannot be found, fetched, started or stopped.
    #[error("PostgreSQL: {0}")]
    Postgres(String),
    /// A statement failed.
    #[error("database: {0}")]
    Database(String),
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

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        // The driver's own text is "db error"; what the server said is in its source.
        match error.as_db_error() {
            Some(said) => Self::Database(said.to_string()),
            None => Self::Database(error.to_string()),
        }
    }
}
