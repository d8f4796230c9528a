//! Access tokens of Google: a service account signs who it is and what it wants (RFC 7523), and is handed a
//! token for an hour (Google Identity: "Using OAuth 2.0 for server to server applications").

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Request, header::CONTENT_TYPE};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::SEND_TIMEOUT;
use crate::{StartError, outbound::Outbound, service_account::ServiceAccount};

/// What is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long an assertion is good for, in seconds; Google allows an hour.
const ASSERTION_LIFETIME: u64 = 600;
/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u64,
}

struct Held {
    token: SecretString,
    until: Instant,
}

/// The tokens of one service account; one is held as long as it lasts.
pub(super) struct GoogleTokens {
    account: ServiceAccount,
    outbound: Outbound,
    held: Mutex<Option<Held>>,
}

impl GoogleTokens {
    pub(super) fn new(service_account: &SecretString, outbound: Outbound) -> Result<Self, StartError> {
        let account = ServiceAccount::read(service_account)?;
        Ok(Self { account, outbound, held: Mutex::new(None) })
    }

    /// The Firebase project of the account.
    pub(super) fn project(&self) -> &str {
        self.account.project()
    }

    /// A token that is good now. Callers at one time wait for one call.
    pub(super) async fn get(&self) -> Result<SecretString, String> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Instant::now() + MARGIN < held.until) {
            return Ok(held.token.clone());
        }
        let granted = self.ask().await?;
        let until = Instant::now() + Duration::from_secs(granted.expires_in);
        *held = Some(Held { token: granted.access_token.clone(), until });
        Ok(granted.access_token)
    }

    /// Forgets the token that was refused.
    pub(super) async fn forget(&self) {
        *self.held.lock().await = None;
    }

    async fn ask(&self) -> Result<Granted, String> {
        let assertion = self.assertion()?;
        let form =
            format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let request = Request::post(self.account.token_uri())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into())
            .map_err(|_| "token_uri is malformed".to_owned())?;
        let reply = self.outbound.send(request, SEND_TIMEOUT).await?;
        if !reply.status.is_success() {
            return Err(format!("status {}", reply.status.as_u16()));
        }
        serde_json::from_slice(&reply.body).map_err(|_| "the answer is not understood".to_owned())
    }

    fn assertion(&self) -> Result<String, String> {
        let iat = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Assertion {
            iss: self.account.email(),
            scope: SCOPE,
            aud: self.account.token_uri(),
            iat,
            exp: iat + ASSERTION_LIFETIME,
        };
        self.account.sign(&claims)
    }
}
