//! RSA keys that sign tokens with RS256, and their public halves as JWK.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};

use super::{new_key_id, signing_input};
use crate::Error;

/// A key pair and its id.
#[derive(Clone, Debug)]
pub(super) struct SigningKey {
    id: String,
    pair: Arc<RsaKeyPair>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl SigningKey {
    /// A new key of 2048 bits.
    pub(super) fn generate() -> Result<Self, Error> {
        let failed = |what: &str| Error::Issuer(what.to_owned());
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| failed("no key could be made"))?;
        let (modulus, exponent) =
            components(pair.public_key().as_ref()).ok_or_else(|| failed("its key cannot be read"))?;
        Ok(Self { id: new_key_id(), pair: Arc::new(pair), modulus, exponent })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The public key in DER.
    pub(super) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The private half as PKCS #8 in PEM (RFC 7468, section 10).
    pub(super) fn private_pem(&self) -> Result<String, Error> {
        let der: Pkcs8V1Der<'_> =
            self.pair.as_der().map_err(|_| Error::Issuer("its key cannot be written".to_owned()))?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
    }

    /// The claims of a token that this key has signed.
    pub(super) fn verified(&self, token: &str) -> Option<Value> {
        let (input, signature) = token.rsplit_once('.')?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.public());
        public.verify(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let (_, claims) = input.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    /// The public half (RFC 7518, section 6.3).
    pub(super) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.id,
            "n": base64url(&self.modulus),
            "e": base64url(&self.exponent),
        })
    }

    /// A token with these claims that says it was signed with the key `id`.
    pub(super) fn sign(&self, id: &str, claims: &Map<String, Value>) -> Result<String, Error> {
        let input = signing_input(&json!({"alg": "RS256", "kid": id, "typ": "JWT"}), claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .map_err(|_| Error::Issuer("its key cannot sign".to_owned()))?;
        Ok(format!("{input}.{}", base64url(&signature)))
    }
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Modulus and exponent of an `RSAPublicKey`: a sequence of two integers (RFC 8017, appendix A.1.1).
fn components(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    const SEQUENCE: u8 = 0x30;
    let (content, _) = element(der, SEQUENCE)?;
    let (modulus, rest) = integer(content)?;
    let (exponent, _) = integer(rest)?;
    Some((modulus, exponent))
}

/// An integer without the zero byte that keeps it positive.
fn integer(der: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    const INTEGER: u8 = 0x02;
    let (content, rest) = element(der, INTEGER)?;
    let start = content.iter().position(|byte| *byte != 0)?;
    Some((content[start..].to_vec(), rest))
}

/// The content of the first element, which must be of this kind, and what follows it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    (found == kind).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modulus_and_exponent_are_read_from_der() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(key.modulus.len(), 256);
        assert_eq!(key.exponent, [1, 0, 1]);
    }
}
