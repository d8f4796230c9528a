//! Why a task was not done. Every text is for the developer at the terminal.

use std::{io, path::PathBuf};

/// Why a task was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stack did not start, or not do what it was told.
    #[error(transparent)]
    Stack(#[from] stack::Error),
    /// A statement failed, or answered what cannot be.
    #[error("database: {0}")]
    Database(String),
    /// An examination found what has to be put right.
    #[error("{}", wrong(*.0))]
    Wrong(usize),
    /// A function was not called, or answered what it should not.
    #[error("Lambda: {0}")]
    Lambda(String),
    /// Something else, such as a program of the developer's, failed.
    #[error("{0}")]
    Failed(String),
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

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        Self::Stack(error.into())
    }
}

impl From<template::Error> for Error {
    fn from(error: template::Error) -> Self {
        Self::Stack(error.into())
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        // As the stack says it.
        Self::Stack(error.into())
    }
}
