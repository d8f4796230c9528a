//! Functions behind another Invoke endpoint: `cargo lambda watch`, `sam local start-lambda`.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;

use super::{Outcome, Refused};

/// A client of an Invoke endpoint.
#[derive(Clone)]
pub(super) struct Remote {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Remote {
    /// A client of the endpoint at `base`, such as `http://localhost:9000`.
    pub(super) fn new(base: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build_http();
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    pub(super) async fn invoke(
        &self,
        function: &str,
        event: String,
        limit: Duration,
    ) -> Result<Outcome, Refused> {
        // The endpoint may have to build the function first.
        let patience = limit + Duration::from_secs(300);
        let asked = timeout(patience, self.ask(function, event)).await;
        asked.unwrap_or_else(|_| Err("it did not answer".to_owned())).map_err(Refused::Unreachable)
    }

    async fn ask(&self, function: &str, event: String) -> Result<Outcome, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/2015-03-31/functions/{function}/invocations", self.base))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(event)))
            .map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let failed = response.headers().contains_key("x-amz-function-error");
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        match (status.is_success(), failed) {
            (true, false) => Ok(Outcome::Answered(text)),
            // `cargo lambda watch` answers 500 for a function's error, with the error as the body.
            (true, true) | (false, true) => Ok(Outcome::Failed(text)),
            (false, false) if text.contains("errorType") => Ok(Outcome::Failed(text)),
            (false, false) => Err(format!("{status}: {text}")),
        }
    }
}
