//! Why there is no answer.

use std::io;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template cannot be understood.
    #[error(transparent)]
    Template(#[from] template::Error),
    /// git or cargo failed.
    #[error("{0}")]
    Command(String),
    /// A program or a file failed.
    #[error("{what}: {source}")]
    Io {
        /// What it was.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Says what it was.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Io { what: what.into(), source }
    }
}
