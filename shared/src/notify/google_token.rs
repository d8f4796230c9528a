//! Access tokens of Google: a service account signs who it is and what it wants (RFC 7523), and is handed a
//! token for an hour (Google Identity: "Using OAuth 2.0 for server to server applications").

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Request, header::CONTENT_TYPE};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::SEND_TIMEOUT;
use crate::{StartError, outbound::Outbound};

/// What is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long an assertion is good for, in seconds; Google allows an hour.
const ASSERTION_LIFETIME: u64 = 600;
/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(60);

/// The file that Google makes for a service account, as far as it is needed.
#[derive(Deserialize)]
struct ServiceAccount {
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: String,
    token_uri: String,
}

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
    key: EncodingKey,
    outbound: Outbound,
    held: Mutex<Option<Held>>,
}

impl GoogleTokens {
    pub(super) fn new(service_account: &SecretString, outbound: Outbound) -> Result<Self, StartError> {
        let account: ServiceAccount =
            serde_json::from_str(service_account.expose_secret()).map_err(|_| StartError::ServiceAccount)?;
        let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes())
            .map_err(|_| StartError::ServiceAccount)?;
        Ok(Self { account, key, outbound, held: Mutex::new(None) })
    }

    /// The Firebase project of the account.
    pub(super) fn project(&self) -> &str {
        &self.account.project_id
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
        let request = Request::post(&self.account.token_uri)
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
            iss: &self.account.client_email,
            scope: SCOPE,
            aud: &self.account.token_uri,
            iat,
            exp: iat + ASSERTION_LIFETIME,
        };
        let header =
            Header { kid: Some(self.account.private_key_id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| "the key cannot sign".to_owned())
    }
}
