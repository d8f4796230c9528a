//! What keeps a function from starting.

use crate::config::ConfigError;

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
