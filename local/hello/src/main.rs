//! A function that says hello, with the libraries of those that push events, and their stores opened before the
//! first invocation as AWS advises. It is never deployed: `cargo dev emulate` compares starts with its.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, spawn_graceful_shutdown_handler};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio_postgres_rustls::MakeRustlsConnect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let database = std::env::var("DATABASE_URL")?;
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let (postgres, connection) = tokio_postgres::connect(&database, MakeRustlsConnect::new(tls)).await?;
    tokio::spawn(connection);

    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    let http = http.build_https();
    let dynamodb = dynamodb(http.clone())?;
    let gateway = gateway(http.clone())?;
    let lambda = lambda(http)?;
    let table = std::env::var("CONNECTIONS_TABLE")?;
    // What they answer does not matter: the ways to them are open.
    let _ = dynamodb.describe_table().table_name(table).send().await;
    let _ = gateway.get_connection().connection_id("none").send().await;

    spawn_graceful_shutdown_handler(|| std::future::ready(())).await;
    let hello = |_: LambdaEvent<Value>| async {
        let _all = (&postgres, &dynamodb, &gateway, &lambda);
        Ok::<_, Error>(json!({"statusCode": 200, "body": "hello"}))
    };
    run(service_fn(hello)).await
}

fn dynamodb(http: SharedHttpClient) -> Result<aws_sdk_dynamodb::Client, Error> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region()?)
        .credentials_provider(credentials()?)
        .endpoint_url(std::env::var("AWS_ENDPOINT_URL_DYNAMODB")?)
        .http_client(http);
    Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
}

fn gateway(http: SharedHttpClient) -> Result<aws_sdk_apigatewaymanagement::Client, Error> {
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region()?)
        .credentials_provider(credentials()?)
        .endpoint_url(std::env::var("WEBSOCKET_API_ENDPOINT")?)
        .http_client(http);
    Ok(aws_sdk_apigatewaymanagement::Client::from_conf(config.build()))
}

fn lambda(http: SharedHttpClient) -> Result<aws_sdk_lambda::Client, Error> {
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region()?)
        .credentials_provider(credentials()?)
        .endpoint_url(std::env::var("AWS_ENDPOINT_URL_LAMBDA")?)
        .http_client(http);
    Ok(aws_sdk_lambda::Client::from_conf(config.build()))
}

fn region() -> Result<Region, Error> {
    Ok(Region::new(std::env::var("AWS_REGION")?))
}

fn credentials() -> Result<Credentials, Error> {
    let (key, secret) = (std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(key, secret, None, None, "environment"))
}
