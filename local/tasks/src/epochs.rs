//! `cargo dev renew-epochs`: what a restore ends with, where the migrator could not notice it.

use stack::reach;
use uuid::Uuid;

use crate::Error;

/// A run of the command.
#[derive(Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Where `cargo dev` listens, whose database it is unless another is named.
    pub port: u16,
    /// A connection string of the owner's.
    pub database: Option<String>,
}

impl Renewal {
    /// Gives all rooms another epoch, so that no position from before is believed.
    pub async fn run(self, say: fn(&str)) -> Result<(), Error> {
        let db = reach(self.port, self.database.as_deref()).await?;
        let epoch: Uuid = db.query_one("SELECT renew_epochs()", &[]).await?.try_get(0)?;
        say(&format!(
            "Every room has the epoch {epoch} now: clients that come back are sent what is open, and read their lists."
        ));
        Ok(())
    }
}
