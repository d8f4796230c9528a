use std::sync::Arc;

use super::{Limits, Verifier};
use crate::{StartError, config::AppConfig, db::Db};

/// What every HTTP function has: the database, the verifier of tokens, the limits.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) limits: Arc<Limits>,
}

impl App {
    /// Opens the connection and fetches the keys together, so that the first request finds both.
    /// A store that is down now is left to that request.
    pub async fn start(config: AppConfig) -> Result<Self, StartError> {
        let db = Db::new(&config.database)?;
        let verifier = Verifier::new(config.firebase)?;
        tokio::join!(db.warm(), verifier.warm());
        Ok(Self { db, verifier: Arc::new(verifier), limits: Arc::new(Limits::new(config.rate_limit)) })
    }
}
