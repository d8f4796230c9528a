//! Calls to services outside AWS's SDKs, with rustls and the roots of webpki.

use axum::body::HttpBody as Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
pub use hyper_util::client::legacy::Error;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::StartError;

/// A client for requests with a body of this kind, which keeps connections open.
pub type HttpsClient<B> = Client<HttpsConnector<HttpConnector>, B>;

/// Builds a client. Plain HTTP is spoken where an address says so, as those of tests do.
///
/// # Errors
/// The TLS library refused its own defaults.
pub fn https_client<B: Body<Data: Send> + Send>() -> Result<HttpsClient<B>, StartError> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::aws_lc_rs::default_provider())
        .map_err(|_| StartError::Tls)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
