use std::sync::Arc;

use crate::{
    auth::{Limits, Verifier},
    config::{AppConfig, ConfigError},
    db::Db,
};

/// Why a function could not start. All of these are mistakes of configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Variables are missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The connection string cannot be read. It holds a password, so it is not repeated.
    #[error("configuration: DATABASE_URL is not a PostgreSQL connection string")]
    DatabaseUrl,
    /// The file of certificate authorities cannot be read.
    #[error("configuration: PGSSLROOTCERT is not a readable PEM file")]
    RootCertificates,
    /// The service account's file, or the key in it, cannot be read. It is a secret, so it is not repeated.
    #[error("configuration: FCM_SERVICE_ACCOUNT is not the JSON file of a service account")]
    ServiceAccount,
    /// The TLS library refused its own defaults.
    #[error("TLS could not be set up")]
    Tls,
}

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
