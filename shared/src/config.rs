//! Typed configuration. Everything a function reads from its environment is named in this file.
//!
//! | Variable | Default | Meaning |
//! |---|---|---|
//! | `DATABASE_URL` | from `PG*` | `postgres://user:password@host:port/database?sslmode=require` |
//! | `PGHOST`, `PGPORT` (5432), `PGDATABASE`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE` (`require`) | | used when there is no `DATABASE_URL` |
//! | `PGSSLROOTCERT` | none | PEM file with further certificate authorities, such as the one of a database reached without RDS Proxy |
//! | `FIREBASE_PROJECT_ID` | required | the project whose ID tokens are accepted |
//! | `FIREBASE_JWKS_URL` | Google's | where the signing keys are fetched |
//! | `RATE_LIMIT_WINDOW_MS` | 900000 | length of a rate limit window in milliseconds |
//! | `RATE_LIMIT_MAX_REQUESTS` | 100 | requests of one IP in a window |
//! | `LOG_LEVEL` | `info` | `error`, `warn`, `info`, `debug` or `trace` |
//! | `CONNECTIONS_TABLE` | required where events are pushed | DynamoDB table of connections and rooms |
//! | `WEBSOCKET_API_ENDPOINT` | required where events are pushed | base URL of `@connections`, with the stage |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda | the function's own role |
//! | `DISPATCHER_FUNCTION` | required where events are written or connections opened | the function that pushes what did not go through |
//! | `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_LAMBDA` | AWS | other endpoints |
//!
//! A variable that is set but empty counts as missing. All missing and malformed ones are reported at once.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use secrecy::SecretString;

/// Google's keys for Firebase ID tokens, as a JWK set (Firebase: "Verify ID tokens using a third-party JWT library").
const GOOGLE_JWKS_URL: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// The environment a function starts in, and the problems found while reading it.
#[derive(Default)]
pub struct Env {
    values: HashMap<String, String>,
    missing: Vec<&'static str>,
    malformed: Vec<String>,
}

impl Env {
    /// The environment of this process.
    pub fn process() -> Self {
        Self::from_map(std::env::vars().collect())
    }

    /// An environment given as a map, so that several functions can live in one process.
    pub fn from_map(values: HashMap<String, String>) -> Self {
        Self { values, ..Self::default() }
    }

    /// The value of `name`, where it is set and not empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// The value of `name`; where it is missing that is noted, and [`Env::finish`] fails.
    pub fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.missing.push(name);
            String::new()
        })
    }

    /// The value of `name` parsed, or `default` where it is missing; a malformed one is noted.
    pub fn parsed<T: FromStr>(&mut self, name: &'static str, default: T) -> T
    where
        T::Err: fmt::Display,
    {
        match self.optional(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(problem)) => {
                self.malformed.push(format!("{name}: {problem}"));
                default
            }
        }
    }

    /// Fails with everything that was missing or malformed.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.missing.is_empty() && self.malformed.is_empty() {
            return Ok(());
        }
        Err(ConfigError { missing: self.missing, malformed: self.malformed })
    }
}

/// What is wrong with the environment: every missing variable, and every one that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("configuration: missing {missing:?}, malformed {malformed:?}")]
pub struct ConfigError {
    missing: Vec<&'static str>,
    malformed: Vec<String>,
}

/// What every HTTP function reads.
pub struct AppConfig {
    /// Where PostgreSQL is.
    pub database: DatabaseConfig,
    /// Whose ID tokens are accepted.
    pub firebase: FirebaseConfig,
    /// How many requests one IP may make.
    pub rate_limit: RateLimitConfig,
}

impl AppConfig {
    /// Reads the three parts.
    pub fn read(env: &mut Env) -> Self {
        Self {
            database: DatabaseConfig::read(env),
            firebase: FirebaseConfig::read(env),
            rate_limit: RateLimitConfig::read(env),
        }
    }
}

/// Where PostgreSQL is and how far its certificate is trusted.
pub struct DatabaseConfig {
    /// A connection string, its password included.
    pub url: SecretString,
    /// A PEM file with further certificate authorities.
    pub root_certificates: Option<String>,
}

impl DatabaseConfig {
    /// Reads `DATABASE_URL`, else the `PG*` variables.
    pub fn read(env: &mut Env) -> Self {
        let root_certificates = env.optional("PGSSLROOTCERT");
        if let Some(url) = env.optional("DATABASE_URL") {
            return Self { url: url.into(), root_certificates };
        }
        if env.optional("PGHOST").is_none() {
            env.missing.push("DATABASE_URL (or PGHOST, PGDATABASE, PGUSER, PGPASSWORD)");
            return Self { url: SecretString::default(), root_certificates };
        }
        let parts = [
            ("host", env.required("PGHOST")),
            ("port", env.parsed("PGPORT", 5432_u16).to_string()),
            ("dbname", env.required("PGDATABASE")),
            ("user", env.required("PGUSER")),
            ("password", env.required("PGPASSWORD")),
            ("sslmode", env.parsed("PGSSLMODE", "require".to_owned())),
        ];
        let url: Vec<String> = parts.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
        Self { url: url.join(" ").into(), root_certificates }
    }
}

/// A value of a key/value connection string (PostgreSQL manual, "Connection Strings").
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Whose ID tokens are accepted, and where their keys are.
pub struct FirebaseConfig {
    /// The Firebase project: audience and issuer of the tokens.
    pub project_id: String,
    /// Where the JWK set is fetched.
    pub jwks_url: String,
}

impl FirebaseConfig {
    /// Reads `FIREBASE_PROJECT_ID` and `FIREBASE_JWKS_URL`.
    pub fn read(env: &mut Env) -> Self {
        Self {
            project_id: env.required("FIREBASE_PROJECT_ID"),
            jwks_url: env.parsed("FIREBASE_JWKS_URL", GOOGLE_JWKS_URL.to_owned()),
        }
    }
}

/// How many requests one IP may make in a window.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitConfig {
    /// Length of a window.
    pub window: Duration,
    /// Requests allowed in it.
    pub max_requests: i32,
}

impl RateLimitConfig {
    /// Reads `RATE_LIMIT_WINDOW_MS` and `RATE_LIMIT_MAX_REQUESTS`.
    pub fn read(env: &mut Env) -> Self {
        let window = env.parsed("RATE_LIMIT_WINDOW_MS", 900_000_u64);
        let max_requests = env.parsed("RATE_LIMIT_MAX_REQUESTS", 100_i32);
        if window == 0 || max_requests < 1 {
            env.malformed
                .push("RATE_LIMIT_WINDOW_MS and RATE_LIMIT_MAX_REQUESTS must be positive".to_owned());
        }
        Self { window: Duration::from_millis(window.max(1)), max_requests }
    }
}

/// Where connections are kept and where events are pushed.
pub struct RealtimeConfig {
    /// The DynamoDB table of connections and rooms.
    pub table: String,
    /// Base URL of `@connections`.
    pub websocket_endpoint: String,
    /// AWS region of both.
    pub region: String,
    /// The role's access key.
    pub access_key_id: String,
    /// The role's secret key.
    pub secret_access_key: SecretString,
    /// The role's session token.
    pub session_token: Option<SecretString>,
    /// DynamoDB somewhere else than in AWS.
    pub dynamodb_endpoint: Option<String>,
    /// Lambda somewhere else than in AWS.
    pub lambda_endpoint: Option<String>,
}

impl RealtimeConfig {
    /// Reads the table, the endpoint and the credentials that Lambda sets.
    pub fn read(env: &mut Env) -> Self {
        Self {
            table: env.required("CONNECTIONS_TABLE"),
            websocket_endpoint: env.required("WEBSOCKET_API_ENDPOINT"),
            region: env.required("AWS_REGION"),
            access_key_id: env.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: env.required("AWS_SECRET_ACCESS_KEY").into(),
            session_token: env.optional("AWS_SESSION_TOKEN").map(SecretString::from),
            dynamodb_endpoint: env.optional("AWS_ENDPOINT_URL_DYNAMODB"),
            lambda_endpoint: env.optional("AWS_ENDPOINT_URL_LAMBDA"),
        }
    }
}

/// What a function that writes events or opens connections reads: realtime, and whom it calls for
/// what it cannot finish itself.
pub struct CallingConfig {
    /// Where connections are kept and where events are pushed.
    pub realtime: RealtimeConfig,
    /// Name of the dispatcher's function.
    pub dispatcher: String,
}

impl CallingConfig {
    /// Reads both.
    pub fn read(env: &mut Env) -> Self {
        Self { realtime: RealtimeConfig::read(env), dispatcher: env.required("DISPATCHER_FUNCTION") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::from_map(pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    #[test]
    fn all_missing_and_malformed_variables_are_named_at_once() {
        let mut env = env(&[("RATE_LIMIT_MAX_REQUESTS", "many"), ("FIREBASE_PROJECT_ID", "")]);
        AppConfig::read(&mut env);
        RealtimeConfig::read(&mut env);
        let said = env.finish().unwrap_err().to_string();
        for name in ["DATABASE_URL", "FIREBASE_PROJECT_ID", "RATE_LIMIT_MAX_REQUESTS", "CONNECTIONS_TABLE"] {
            assert!(said.contains(name), "{name} is not named in: {said}");
        }
    }

    #[test]
    fn the_pg_variables_make_a_connection_string() {
        use secrecy::ExposeSecret;
        let mut env = env(&[
            ("PGHOST", "db"),
            ("PGDATABASE", "gate"),
            ("PGUSER", "app"),
            ("PGPASSWORD", r"it's \ odd"),
        ]);
        let database = DatabaseConfig::read(&mut env);
        let parsed: tokio_postgres::Config = database.url.expose_secret().parse().unwrap();
        assert_eq!(parsed.get_password(), Some(br"it's \ odd".as_slice()));
        assert_eq!(parsed.get_ssl_mode(), tokio_postgres::config::SslMode::Require);
        assert!(env.finish().is_ok());
    }
}
