//! Why the schema is not up to date.

use std::{error::Error, fmt, iter::successors};

use refinery::error::Kind;
use tokio_postgres::error::DbError;

/// Why the schema is not up to date. Operators read it, so no row is quoted.
#[derive(Debug)]
pub enum Failure {
    /// The database is down, or no session could be begun.
    Database(tokio_postgres::Error),
    /// A migration failed, and nothing of it is left; or an applied one was edited afterwards.
    Migration(refinery::Error),
    /// A function of the schema was refused, and all are as before.
    Function {
        /// Its file, or where it is to go its signature.
        name: String,
        /// What the server said.
        error: tokio_postgres::Error,
    },
    /// A migration was never applied, although later ones were.
    Overtaken(String),
    /// The user of the functions' credentials cannot do their work.
    NotAdmitted(tokio_postgres::Error),
    /// That user may do more than their work.
    TooMuch,
    /// Nobody has signed in as the one who was to become a super admin.
    Unknown,
    /// What was given as their number is none.
    NoPhone,
    /// The time of the invocation is used up.
    OutOfTime,
}

impl Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "database: {}", said(error)),
            Self::Migration(error) => match error.kind() {
                // Its own text repeats all that the server said.
                Kind::Connection(what, cause) => write!(f, "{what}: {}", said(cause.as_ref())),
                Kind::InvalidName
                | Kind::InvalidVersion
                | Kind::RepeatedVersion(_)
                | Kind::DivergentVersion(..)
                | Kind::MissingVersion(_)
                | Kind::InvalidMigrationPath(..)
                | Kind::ConfigError(_)
                | Kind::InvalidMigrationFile(..) => write!(f, "{error}"),
            },
            Self::Function { name, error } => write!(f, "the function {name}: {}", said(error)),
            Self::Overtaken(migration) => {
                write!(f, "{migration} was never applied, although later ones were: give it a new number")
            }
            Self::NotAdmitted(error) => write!(f, "the functions' user is not admitted: {}", said(error)),
            Self::TooMuch => f.write_str(
                "the functions' user may do all that the owner may: DATABASE_URL has to name another one",
            ),
            Self::Unknown => f.write_str(
                "nobody has ever signed in so: have them sign in once with an app, and grant the role then",
            ),
            Self::NoPhone => {
                f.write_str("that is no phone number: write it with its country, as + and digits")
            }
            Self::OutOfTime => f.write_str("it was not done in time"),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<refinery::Error> for Failure {
    fn from(error: refinery::Error) -> Self {
        Self::Migration(error)
    }
}

/// Code and message of what the server said; else the error itself. Details quote rows, and so do the
/// messages of data exceptions, which are class 22 (PostgreSQL manual, appendix A).
fn said(error: &(dyn Error + 'static)) -> String {
    let mut causes = successors(Some(error), |error| (*error).source());
    match causes.find_map(|cause| cause.downcast_ref::<DbError>()) {
        Some(db) if db.code().code().starts_with("22") => db.code().code().to_owned(),
        Some(db) => format!("{} {}", db.code().code(), db.message()),
        None => error.to_string(),
    }
}
