//! `cargo dev grant`: the first super admin, of this machine's database or of a deployed one.

pub use migrator::Person;
use migrator::{Granted, grant_super_admin};
use stack::reach;

use crate::Error;

/// A run of the command.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who becomes one.
    pub person: Person,
    /// Where `cargo dev` listens, whose database it is unless another is named.
    pub port: u16,
    /// A connection string.
    pub database: Option<String>,
}

impl Grant {
    /// Makes them a super admin, once.
    pub async fn run(self, mut say: impl FnMut(&str)) -> Result<(), Error> {
        let db = reach(self.port, self.database.as_deref()).await?;
        let granted = grant_super_admin(&db, &self.person).await;
        match granted.map_err(|failure| Error::Failed(failure.to_string()))? {
            Granted::Granted => say("They are a super admin from their next call on."),
            Granted::Held => say("They are a super admin already."),
        }
        Ok(())
    }
}
