//! Telling CloudFormation how its request ended (CloudFormation template reference, "Custom resource
//! response objects"): one PUT to an address that it gave us.

use std::time::Duration;

use http::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Failure, Migrator};

/// What the schema is called; another name would have CloudFormation delete the one before.
const RESOURCE: &str = "schema";
/// How long the PUT may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Characters of a reason; CloudFormation takes answers of 4,096 bytes.
const REASON: usize = 800;

/// Who waits for an answer, and for which.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Caller {
    /// Anybody who knows it can answer in our place.
    #[serde(rename = "ResponseURL")]
    response_url: SecretString,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    /// Missing in the first request.
    physical_resource_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
}

/// Why CloudFormation does not know how it ended. The address is not repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error("the answer could not be written: {0}")]
    Answer(#[from] serde_json::Error),
    #[error("the address of the answer cannot be read")]
    Address(#[from] http::Error),
    #[error("the answer was not taken: {0}")]
    Connection(String),
    #[error("the answer was refused with status {0}")]
    Status(http::StatusCode),
}

impl Migrator {
    /// Tells a caller that it is done, or why not.
    pub(crate) async fn tell(&self, caller: &Caller, failure: Option<&Failure>) -> Result<(), Untold> {
        let answer = Answer {
            status: if failure.is_some() { "FAILED" } else { "SUCCESS" },
            reason: failure.map(|failure| failure.to_string().chars().take(REASON).collect()),
            physical_resource_id: caller.physical_resource_id.as_deref().unwrap_or(RESOURCE),
            stack_id: &caller.stack_id,
            request_id: &caller.request_id,
            logical_resource_id: &caller.logical_resource_id,
        };
        // Without Content-Type: the address is signed for none.
        let put =
            Request::put(caller.response_url.expose_secret()).body(serde_json::to_vec(&answer)?.into())?;
        let reply = self.outbound.send(put, TIMEOUT).await.map_err(Untold::Connection)?;
        if reply.status.is_success() { Ok(()) } else { Err(Untold::Status(reply.status)) }
    }
}
