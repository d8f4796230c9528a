//! Issues ID tokens like Firebase Auth does, and serves the keys they are checked with.
//!
//! Only the keys' address differs from Firebase: the functions verify these tokens with the same
//! code and the same claims. Tokens that must be refused are in [`forge`].

pub mod forge;
mod key;

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Error;
use key::{SigningKey, base64url};

/// Seconds a token of Firebase is valid.
const LIFETIME: i64 = 3600;
/// Whom custom tokens are for.
const CUSTOM_AUDIENCE: &str =
    "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit";
/// What the claims of a custom token may not name (Firebase: "Create custom tokens").
const RESERVED: [&str; 15] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "cnf",
    "c_hash",
    "exp",
    "firebase",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
];

/// Whom a token is for, and for how long.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The Firebase uid.
    pub uid: String,
    /// A phone number in E.164, as after sign-in by SMS.
    pub phone: Option<String>,
    /// An e-mail address, as after sign-in by password.
    pub email: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// Seconds until the token expires; negative for one that has expired. An hour where not set.
    pub ttl: Option<i64>,
}

impl Identity {
    /// Somebody of whom nothing is known but the uid.
    pub fn of(uid: &str) -> Self {
        Self { uid: uid.to_owned(), ..Self::default() }
    }

    /// With a phone number.
    pub fn phone(mut self, phone: &str) -> Self {
        self.phone = Some(phone.to_owned());
        self
    }

    /// With an e-mail address.
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// With a display name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Expiring in so many seconds.
    pub fn ttl(mut self, seconds: i64) -> Self {
        self.ttl = Some(seconds);
        self
    }
}

/// The issuer of one stack.
#[derive(Debug)]
pub struct Issuer {
    project: String,
    /// The newest signs.
    keys: Mutex<Vec<SigningKey>>,
    /// Who signed in by a custom token, by their refresh tokens.
    signed_in: Mutex<HashMap<String, Session>>,
}

/// A sign-in by a custom token.
#[derive(Clone, Debug)]
struct Session {
    uid: String,
    own: Map<String, Value>,
    /// Seconds since 1970.
    at: i64,
}

/// What a custom token is exchanged for.
pub(crate) struct Exchanged {
    pub(crate) id_token: String,
    pub(crate) refresh_token: String,
    pub(crate) uid: String,
    pub(crate) is_new: bool,
}

impl Issuer {
    /// An issuer for this Firebase project.
    pub fn new(project: &str) -> Result<Self, Error> {
        // Making a key takes a tenth of a second; stacks of one process begin with the same one.
        static FIRST: OnceLock<SigningKey> = OnceLock::new();
        let first = match FIRST.get() {
            Some(key) => key.clone(),
            None => FIRST
                .get_or_init({
                    let key = SigningKey::generate()?;
                    || key
                })
                .clone(),
        };
        Ok(Self { project: project.to_owned(), keys: Mutex::new(vec![first]), signed_in: Mutex::default() })
    }

    /// A token for `identity`.
    pub fn token(&self, identity: &Identity) -> Result<String, Error> {
        self.sign(&self.claims(identity))
    }

    /// The claims a token for `identity` has.
    pub fn claims(&self, identity: &Identity) -> Map<String, Value> {
        claims(&self.project, identity, now())
    }

    /// A token with exactly these claims, signed with the current key.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, Error> {
        let key = self.key()?;
        key.sign(key.id(), claims)
    }

    /// The keys as a JWK set.
    pub fn jwks(&self) -> Value {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        json!({"keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>()})
    }

    /// Makes a new key, which signs from now on. The old ones are still served, as Google does for a while.
    pub fn rotate(&self) -> Result<(), Error> {
        let key = SigningKey::generate()?;
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        Ok(())
    }

    /// Stops serving all keys but the current one.
    pub fn forget_old_keys(&self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let old = keys.len().saturating_sub(1);
        keys.drain(..old);
    }

    /// The Firebase project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The current key, for a program that signs in the issuer's stead: its id, and the private half in PEM.
    pub(crate) fn private_key(&self) -> Result<(String, String), Error> {
        let key = self.key()?;
        Ok((key.id().to_owned(), key.private_pem()?))
    }

    /// The claims of a token that one of the keys has signed.
    pub(crate) fn verified(&self, token: &str) -> Option<Value> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find_map(|key| key.verified(token))
    }

    /// What Firebase answers a custom token with that the service account `account` signed, with a key of `signer`.
    pub(crate) fn exchange(
        &self,
        signer: &Self,
        account: &str,
        token: &str,
    ) -> Result<Exchanged, &'static str> {
        let claims = signer.verified(token).ok_or("INVALID_CUSTOM_TOKEN")?;
        if claims["iss"] != account || claims["sub"] != account {
            return Err("CREDENTIAL_MISMATCH");
        }
        let (now, issued) = (now(), claims["iat"].as_i64().unwrap_or(i64::MAX));
        let expires = claims["exp"].as_i64().unwrap_or_default();
        let lasts = issued <= now && now < expires && expires - issued <= LIFETIME;
        let uid = claims["uid"].as_str().filter(|uid| (1..=128).contains(&uid.chars().count()));
        let own = claims.get("claims").cloned().unwrap_or_else(|| json!({}));
        let own = own.as_object().filter(|own| own.keys().all(|name| !RESERVED.contains(&name.as_str())));
        let (Some(uid), Some(own), true) = (uid, own, lasts && claims["aud"] == CUSTOM_AUDIENCE) else {
            return Err("INVALID_CUSTOM_TOKEN");
        };
        let mut signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = signed_in.values().all(|session| session.uid != uid);
        let session = Session { uid: uid.to_owned(), own: own.clone(), at: now };
        let refresh_token = Uuid::new_v4().simple().to_string();
        signed_in.insert(refresh_token.clone(), session.clone());
        self.id_token_of(session, refresh_token, is_new)
    }

    /// Another ID token of a sign-in by a custom token.
    pub(crate) fn refresh(&self, refresh_token: &str) -> Result<Exchanged, &'static str> {
        let signed_in = self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        let session = signed_in.get(refresh_token).cloned().ok_or("INVALID_REFRESH_TOKEN")?;
        self.id_token_of(session, refresh_token.to_owned(), false)
    }

    fn id_token_of(
        &self,
        session: Session,
        refresh_token: String,
        is_new: bool,
    ) -> Result<Exchanged, &'static str> {
        let mut claims = self.claims(&Identity::of(&session.uid));
        claims.insert("auth_time".to_owned(), json!(session.at));
        // What the custom token says beside the user stands in the ID token itself.
        claims.extend(session.own);
        let id_token = self.sign(&claims).map_err(|_| "INTERNAL")?;
        Ok(Exchanged { id_token, refresh_token, uid: session.uid, is_new })
    }

    fn key(&self) -> Result<SigningKey, Error> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.last().cloned().ok_or_else(|| Error::Issuer("it has no key".to_owned()))
    }
}

/// Firebase documentation, "Verify ID tokens", and tokens of the Auth service.
fn claims(project: &str, identity: &Identity, now: i64) -> Map<String, Value> {
    let expires = now + identity.ttl.unwrap_or(LIFETIME);
    // One that has expired was issued before it did.
    let issued = if expires > now { now } else { expires - LIFETIME };
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", json!(format!("https://securetoken.google.com/{project}")));
    put("aud", json!(project));
    put("sub", json!(identity.uid));
    put("user_id", json!(identity.uid));
    put("iat", json!(issued));
    put("auth_time", json!(issued));
    put("exp", json!(expires));
    let mut identities = Map::new();
    let mut provider = "custom";
    if let Some(email) = &identity.email {
        put("email", json!(email));
        put("email_verified", json!(true));
        identities.insert("email".to_owned(), json!([email]));
        provider = "password";
    }
    if let Some(phone) = &identity.phone {
        put("phone_number", json!(phone));
        identities.insert("phone".to_owned(), json!([phone]));
        provider = "phone";
    }
    if let Some(name) = &identity.name {
        put("name", json!(name));
    }
    put("firebase", json!({"identities": identities, "sign_in_provider": provider}));
    claims
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn new_key_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Header and claims as they are signed (RFC 7515, section 5.1).
fn signing_input(header: &Value, claims: &Map<String, Value>) -> String {
    let claims = Value::Object(claims.clone()).to_string();
    format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_token_was_issued_before_it_expired() {
        let claims = claims("gate", &Identity::of("u").ttl(-60), 10_000);
        assert_eq!(claims["exp"], 9_940);
        assert!(claims["iat"].as_i64() < claims["exp"].as_i64());
        assert_eq!(claims["auth_time"], claims["iat"]);
    }

    #[test]
    fn rotation_keeps_the_old_key_until_it_is_forgotten() {
        let issuer = Issuer::new("gate").unwrap();
        issuer.rotate().unwrap();
        assert_eq!(issuer.jwks()["keys"].as_array().unwrap().len(), 2);
        issuer.forget_old_keys();
        assert_eq!(issuer.jwks()["keys"].as_array().unwrap().len(), 1);
        issuer.token(&Identity::of("u")).unwrap();
    }
}
