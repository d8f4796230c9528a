//! Typed configuration. Everything a function reads from its environment is named in this file.
//!
//! | Variable | Default | Meaning |
//! |---|---|---|
//! | `DATABASE_URL` | from `PG*` | `postgres://user:password@host:port/database?sslmode=require` |
//! | `OWNER_DATABASE_URL` | required by the migrator | the same for the owner of the tables; no other function has it |
//! | `PGHOST`, `PGPORT` (5432), `PGDATABASE`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE` (`require`) | | used when there is no `DATABASE_URL` |
//! | `PGSSLROOTCERT` | none | PEM file with further certificate authorities, such as the one of a database reached without RDS Proxy |
//! | `FIREBASE_PROJECT_ID` | required | the project whose ID tokens are accepted |
//! | `FIREBASE_JWKS_URL` | Google's | where the signing keys are fetched |
//! | `RATE_LIMIT_WINDOW_MS` | 900000 | length of a rate limit window in milliseconds |
//! | `RATE_LIMIT_MAX_REQUESTS` | 100 | requests of one address without a valid token in a window; the other limits are multiples of it (`auth::limits`) |
//! | `LOG_LEVEL` | `info` | `error`, `warn`, `info`, `debug` or `trace` |
//! | `CONNECTIONS_TABLE` | required where events are pushed | DynamoDB table of connections and rooms |
//! | `WEBSOCKET_API_ENDPOINT` | required where events are pushed | base URL of `@connections`, with the stage |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | set by Lambda | the function's own role |
//! | `PING_INTERVAL_MS` | 300000 | milliseconds within which Socket.IO's clients are told to expect a ping; it comes a fifth earlier |
//! | `PING_TIMEOUT_MS` | 120000 | milliseconds that it may be late before either side gives the other up |
//! | `DISPATCHER_FUNCTION` | required where events are written or connections opened | the function that pushes what did not go through |
//! | `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL_SNS` | AWS | other endpoints |
//! | `FCM_SERVICE_ACCOUNT` | none: no push, no sign-in by PIN | the JSON file of a Firebase service account |
//! | `FCM_ENDPOINT` | Google's | where push messages go |
//! | `SMS_SENDER_ID`, `SMS_ENTITY_ID` | none: no SMS | header and principal entity, as registered (DLT) |
//! | `SMS_MAX_PRICE` | 0.10 | dollars that one SMS may cost; SNS sends none that costs more |
//! | `WHATSAPP_PHONE_NUMBER_ID`, `WHATSAPP_TOKEN` | none: no WhatsApp | the sending number and its access token |
//! | `WHATSAPP_ENDPOINT` | Meta's | where WhatsApp messages go |
//! | `DECISION_LINK_KEY` | required where links are made or read | signs the links by which residents answer; 32 characters or more |
//! | `PUBLIC_BASE_URL` | none: no links | base URL of the HTTP API, as a phone reaches it |
//!
//! A variable that is set but empty counts as missing. All missing and malformed ones are reported at once.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use secrecy::SecretString;

/// Google's keys for Firebase ID tokens, as a JWK set (Firebase: "Verify ID tokens using a third-party JWT library").
const GOOGLE_JWKS_URL: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Firebase Cloud Messaging (Firebase: "FCM HTTP v1 API").
const FCM_ENDPOINT: &str = "https://fcm.googleapis.com";
/// Dollars that one SMS may cost: more than any within India does, and less than those to the dear ranges.
const SMS_MAX_PRICE: f64 = 0.10;
/// Meta's Graph API, with its version (WhatsApp Cloud API: "Messages").
const WHATSAPP_ENDPOINT: &str = "https://graph.facebook.com/v23.0";
/// The least characters of a key: those of 128 bits in hexadecimal.
const SHORTEST_KEY: usize = 32;

/// The least milliseconds between two pings, which no schedule can keep.
const SHORTEST_PING_INTERVAL: u32 = 100;

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
    /// How many requests are served in a window.
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
    /// Reads `OWNER_DATABASE_URL`, by which the migrator signs in as the owner of the tables; no other function has it.
    pub fn read_owner(env: &mut Env) -> Self {
        let root_certificates = env.optional("PGSSLROOTCERT");
        Self { url: env.required("OWNER_DATABASE_URL").into(), root_certificates }
    }

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

/// How many requests are served in a window.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitConfig {
    /// Length of a window.
    pub window: Duration,
    /// Requests without a valid token that one address may make in it; what other limits are multiples of.
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

/// When connections are pinged whose protocol has the server do it.
#[derive(Clone, Copy, Debug)]
pub struct PingConfig {
    /// Milliseconds within which clients are told to expect a ping.
    pub interval_ms: u32,
    /// Milliseconds that it may be late.
    pub timeout_ms: u32,
}

impl PingConfig {
    /// Reads `PING_INTERVAL_MS` and `PING_TIMEOUT_MS`.
    pub fn read(env: &mut Env) -> Self {
        let interval_ms = env.parsed("PING_INTERVAL_MS", 300_000_u32);
        let timeout_ms = env.parsed("PING_TIMEOUT_MS", 120_000_u32);
        // Both together are one timer of the clients, whose numbers have 31 bits.
        let sum = interval_ms.checked_add(timeout_ms).filter(|sum| i32::try_from(*sum).is_ok());
        if interval_ms < SHORTEST_PING_INTERVAL || sum.is_none() {
            env.malformed.push(format!(
                "PING_INTERVAL_MS: {SHORTEST_PING_INTERVAL} or more, and below 2^31 with PING_TIMEOUT_MS"
            ));
        }
        Self { interval_ms, timeout_ms }
    }

    /// From one ping to the next: a fifth less than clients are told, since the schedule is not to the second and
    /// some clients (python-engineio 4.15) bear no ping that is later than the interval.
    pub fn every(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval_ms) * 4 / 5)
    }

    /// How long either side waits for the other before it gives it up.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval_ms) + u64::from(self.timeout_ms))
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

/// How people are reached whose app is closed. A service that is not configured carries nothing.
pub struct NotifyConfig {
    /// Push messages.
    pub push: Option<PushConfig>,
    /// SMS.
    pub sms: Option<SmsConfig>,
    /// WhatsApp.
    pub whatsapp: Option<WhatsappConfig>,
    /// What signs the links in messages.
    pub links: LinkConfig,
    /// Base URL of the HTTP API; without it there are no links.
    pub base_url: Option<String>,
}

/// Firebase Cloud Messaging.
pub struct PushConfig {
    /// The JSON file of a service account, its private key included.
    pub service_account: SecretString,
    /// Base URL of the service.
    pub endpoint: String,
}

/// SMS through Amazon SNS, by the function's own role.
pub struct SmsConfig {
    /// The registered header that a phone shows as the sender.
    pub sender_id: String,
    /// The registered company.
    pub entity_id: String,
    /// Dollars that one message may cost.
    pub max_price: f64,
    /// SNS somewhere else than in AWS.
    pub endpoint: Option<String>,
}

/// WhatsApp through Meta's Cloud API.
pub struct WhatsappConfig {
    /// The number that sends.
    pub phone_number_id: String,
    /// The access token of its business.
    pub token: SecretString,
    /// Base URL of the service, with its version.
    pub endpoint: String,
}

/// The links by which residents answer.
pub struct LinkConfig {
    /// What signs them.
    pub key: SecretString,
}

impl NotifyConfig {
    /// Reads whatever services are configured, and the links.
    pub fn read(env: &mut Env) -> Self {
        let fcm_endpoint = env.parsed("FCM_ENDPOINT", FCM_ENDPOINT.to_owned());
        let push = read_service_account(env)
            .map(|service_account| PushConfig { service_account, endpoint: fcm_endpoint });
        let max_price = env.parsed("SMS_MAX_PRICE", SMS_MAX_PRICE);
        let sms = env.optional("SMS_SENDER_ID").map(|sender_id| SmsConfig {
            sender_id,
            entity_id: env.required("SMS_ENTITY_ID"),
            max_price,
            endpoint: env.optional("AWS_ENDPOINT_URL_SNS"),
        });
        let whatsapp = env.optional("WHATSAPP_PHONE_NUMBER_ID").map(|phone_number_id| WhatsappConfig {
            phone_number_id,
            token: env.required("WHATSAPP_TOKEN").into(),
            endpoint: env.parsed("WHATSAPP_ENDPOINT", WHATSAPP_ENDPOINT.to_owned()),
        });
        if sms.as_ref().is_some_and(|sms| !is_sender_id(&sms.sender_id)) {
            env.malformed.push("SMS_SENDER_ID: 3 to 11 letters and digits".to_owned());
        }
        if !(max_price > 0.0 && max_price <= 10.0) {
            env.malformed.push("SMS_MAX_PRICE: more than 0 and at most 10".to_owned());
        }
        if whatsapp.as_ref().is_some_and(|it| !it.phone_number_id.bytes().all(|byte| byte.is_ascii_digit())) {
            env.malformed.push("WHATSAPP_PHONE_NUMBER_ID: digits".to_owned());
        }
        let base_url = env.optional("PUBLIC_BASE_URL");
        if base_url.as_ref().is_some_and(|url| !url.starts_with("http")) {
            env.malformed.push("PUBLIC_BASE_URL: not an http address".to_owned());
        }
        Self { push, sms, whatsapp, links: LinkConfig::read(env), base_url }
    }
}

/// Reads `FCM_SERVICE_ACCOUNT`: the JSON file of a service account, its private key included.
pub fn read_service_account(env: &mut Env) -> Option<SecretString> {
    env.optional("FCM_SERVICE_ACCOUNT").map(SecretString::from)
}

impl LinkConfig {
    /// Reads `DECISION_LINK_KEY`.
    pub fn read(env: &mut Env) -> Self {
        let key = env.required("DECISION_LINK_KEY");
        if !key.is_empty() && key.len() < SHORTEST_KEY {
            env.malformed.push(format!("DECISION_LINK_KEY: shorter than {SHORTEST_KEY} characters"));
        }
        Self { key: key.into() }
    }
}

/// A sender's name as SNS takes it (SNS: "Sender IDs").
fn is_sender_id(text: &str) -> bool {
    (3..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
