//! Calls to services that are not AWS: one HTTP client, over TLS where the address says so, every call
//! under a time limit and every answer of a bounded size.

use std::{error::Error, iter::successors, time::Duration};

use axum::body::Bytes;
use http::{HeaderMap, Request, StatusCode, header::RETRY_AFTER};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use crate::StartError;

/// The largest answer read, in bytes; all that we ask for are smaller.
const MAX_BYTES: usize = 256 * 1024;

/// A client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What came back.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Reply {
    /// The pause that the other side asks for, where it names seconds (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

impl Outbound {
    /// A client that trusts the authorities browsers trust.
    ///
    /// # Errors
    /// The TLS library refuses its own defaults.
    pub fn new() -> Result<Self, StartError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(|_| StartError::Tls)?
            .https_or_http()
            .enable_http1()
            .build();
        // With a timer connections that nobody uses end; without one they stay until their host is called again.
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector),
        })
    }

    /// Makes a call; the answer is there, whole, within `limit`.
    ///
    /// # Errors
    /// A short text for the log, which holds nothing of the call but perhaps the name of the host.
    pub async fn send(&self, request: Request<Full<Bytes>>, limit: Duration) -> Result<Reply, String> {
        let work = async {
            let response = self.client.request(request).await.map_err(|error| cause(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MAX_BYTES).collect().await.map_err(|error| cause(&*error))?;
            Ok(Reply { status: parts.status, headers: parts.headers, body: body.to_bytes() })
        };
        match tokio::time::timeout(limit, work).await {
            Ok(reply) => reply,
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

/// The innermost reason, such as "connection refused"; what is around it says only where that happened.
pub fn cause(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |error| (*error).source()).last().unwrap_or(error).to_string()
}
