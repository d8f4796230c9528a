//! Tokens that every function must refuse, each wrong in one respect only.

use aws_lc_rs::hmac;
use serde_json::json;

use super::{Identity, Issuer, base64url, claims, key::SigningKey, new_key_id, now, signing_input};
use crate::Error;

/// One of a different Firebase project, signed with our key.
pub fn wrong_project(issuer: &Issuer, identity: &Identity) -> Result<String, Error> {
    issuer.sign(&claims("another-project", identity, now()))
}

/// One that is not signed, as the Firebase emulator makes them.
pub fn unsigned(issuer: &Issuer, identity: &Identity) -> String {
    format!("{}.", signing_input(&json!({"alg": "none", "typ": "JWT"}), &issuer.claims(identity)))
}

/// One signed with a shared secret, which is our public key.
pub fn hs256(issuer: &Issuer, identity: &Identity) -> Result<String, Error> {
    let key = issuer.key()?;
    let header = json!({"alg": "HS256", "kid": key.id(), "typ": "JWT"});
    let input = signing_input(&header, &issuer.claims(identity));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, key.public());
    Ok(format!("{input}.{}", base64url(hmac::sign(&secret, input.as_bytes()).as_ref())))
}

/// One that names our key and was signed with another.
pub fn wrong_key(issuer: &Issuer, identity: &Identity) -> Result<String, Error> {
    SigningKey::generate()?.sign(issuer.key()?.id(), &issuer.claims(identity))
}

/// One signed with a key that is not served, and says so.
pub fn unknown_key(issuer: &Issuer, identity: &Identity) -> Result<String, Error> {
    SigningKey::generate()?.sign(&new_key_id(), &issuer.claims(identity))
}

/// A good one with a claim changed after it was signed.
pub fn tampered(issuer: &Issuer, identity: &Identity) -> Result<String, Error> {
    let (mine, other) = (issuer.token(identity)?, issuer.token(&Identity::of("somebody-else"))?);
    let (parts, others) = (mine.split('.').collect::<Vec<_>>(), other.split('.').collect::<Vec<_>>());
    Ok([parts[0], others[1], parts[2]].join("."))
}
