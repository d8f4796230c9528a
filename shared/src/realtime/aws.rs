//! The AWS clients: the function's own credentials, one HTTP client for all, short time limits.
//!
//! The credentials are the ones Lambda put into the environment. They are read once: Lambda replaces
//! an environment before its credentials run out.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::{
    config::{
        BehaviorVersion, Region, SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use secrecy::ExposeSecret;

use crate::config::RealtimeConfig;

/// How long opening a connection to AWS may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one try of a call to DynamoDB may take.
const STORE_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a call to DynamoDB may take, all tries together.
const STORE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a post to one connection may take, all tries together; such a call can hang.
const POST_TIMEOUT: Duration = Duration::from_secs(1);
/// How long handing an event to Lambda may take, all tries together.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before the first repeat.
const BACKOFF: Duration = Duration::from_millis(25);

/// Clients of the table, of `@connections`, and of Lambda.
pub(super) struct Clients {
    pub(super) store: aws_sdk_dynamodb::Client,
    pub(super) gateway: aws_sdk_apigatewaymanagement::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
}

impl Clients {
    pub(super) fn new(config: &RealtimeConfig) -> Self {
        let http = http_client();
        Self {
            store: store(config, http.clone()),
            gateway: gateway(config, http.clone()),
            lambda: lambda(config, http),
        }
    }
}

/// One HTTP client; plain HTTP too, where an endpoint says so: the TLS connector decides by the scheme.
pub(crate) fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}

fn store(config: &RealtimeConfig, http: SharedHttpClient) -> aws_sdk_dynamodb::Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(STORE_ATTEMPT_TIMEOUT)
        .operation_timeout(STORE_TIMEOUT)
        .build();
    let mut builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(credentials(config))
        .http_client(http)
        .timeout_config(timeouts)
        // The time limits end what stalls, too.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(BACKOFF));
    builder.set_endpoint_url(config.dynamodb_endpoint.clone());
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

fn gateway(config: &RealtimeConfig, http: SharedHttpClient) -> aws_sdk_apigatewaymanagement::Client {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(POST_TIMEOUT).build();
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(credentials(config))
        .endpoint_url(&config.websocket_endpoint)
        .http_client(http)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // One repeat, for a kept connection that turns out to be dead.
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(BACKOFF))
        .build();
    aws_sdk_apigatewaymanagement::Client::from_conf(config)
}

fn lambda(config: &RealtimeConfig, http: SharedHttpClient) -> aws_sdk_lambda::Client {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    let mut builder = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(config.region.clone()))
        .credentials_provider(credentials(config))
        .http_client(http)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(BACKOFF));
    builder.set_endpoint_url(config.lambda_endpoint.clone());
    aws_sdk_lambda::Client::from_conf(builder.build())
}

pub(crate) fn credentials(config: &RealtimeConfig) -> Credentials {
    let token = config.session_token.as_ref().map(|token| token.expose_secret().to_owned());
    let secret = config.secret_access_key.expose_secret();
    Credentials::new(&config.access_key_id, secret, token, None, "environment")
}

/// Why a call failed, for the log: AWS's error code, else the kind of failure. Never a payload.
pub(crate) fn cause<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error.code() {
        Some(code) => code.to_owned(),
        None => match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            SdkError::DispatchFailure(_) => "not reachable".to_owned(),
            SdkError::ConstructionFailure(_) => "the call could not be built".to_owned(),
            SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
            SdkError::ServiceError(_) | _ => "refused without a code".to_owned(),
        },
    }
}
