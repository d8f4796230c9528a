//! Links by which a resident without the app answers. A link is bound to one visitor, one flat, one resident and
//! one deadline by a MAC, and its token stands behind `#`, which no browser sends to a server and no
//! proxy writes into a log (RFC 3986, section 3.5).

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::config::LinkConfig;

/// Visitor, flat, resident, and the deadline in seconds since 1970.
const CLAIMS: usize = 16 + 16 + 16 + 8;
/// Half of the digest, the least that RFC 2104 (section 5) allows; each octet is a letter more in an SMS.
const TAG: usize = 16;
/// What is signed is signed for this purpose alone.
const PURPOSE: &[u8] = b"society360 decision 1";

/// Signs and verifies links.
#[derive(Clone)]
pub struct DecisionLinks {
    key: hmac::Key,
}

/// What a link says, once it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionClaims {
    /// The visitor to be answered.
    pub visitor_id: Uuid,
    /// The flat that they visit.
    pub flat_id: Uuid,
    /// Who answers.
    pub user_id: Uuid,
    /// Until when, in seconds since 1970.
    pub deadline: i64,
}

impl DecisionLinks {
    /// Links with this key.
    pub fn new(config: &LinkConfig) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, config.key.expose_secret().as_bytes()) }
    }

    /// A link that says this.
    pub(super) fn link(&self, base_url: &str, claims: &DecisionClaims) -> String {
        format!("{base_url}/v1/decide#{}", self.token(claims))
    }

    /// The token of a link that says this.
    pub fn token(&self, claims: &DecisionClaims) -> String {
        let mut bytes = Vec::with_capacity(CLAIMS + TAG);
        bytes.extend(claims.visitor_id.as_bytes());
        bytes.extend(claims.flat_id.as_bytes());
        bytes.extend(claims.user_id.as_bytes());
        bytes.extend(claims.deadline.to_be_bytes());
        let tag = self.tag(&bytes);
        bytes.extend(tag.as_ref().iter().take(TAG));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token says, where it is one of ours; whether it is too late is for the database to say.
    pub fn verify(&self, token: &str) -> Option<DecisionClaims> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (claims, tag) = bytes.split_at_checked(CLAIMS)?;
        let expected = self.tag(claims);
        let expected = expected.as_ref().get(..TAG)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(expected, tag).ok()?;
        let id = |start: usize| Uuid::from_slice(claims.get(start..start + 16)?).ok();
        Some(DecisionClaims {
            visitor_id: id(0)?,
            flat_id: id(16)?,
            user_id: id(32)?,
            deadline: i64::from_be_bytes(claims.get(48..)?.try_into().ok()?),
        })
    }

    fn tag(&self, claims: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(PURPOSE);
        context.update(claims);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(key: &str) -> DecisionLinks {
        DecisionLinks::new(&LinkConfig { key: key.to_owned().into() })
    }

    fn claims() -> DecisionClaims {
        let id = Uuid::from_u128;
        DecisionClaims { visitor_id: id(1), flat_id: id(2), user_id: id(3), deadline: 1_700_000_000 }
    }

    #[test]
    fn a_link_says_what_it_was_made_for() {
        let links = links("k");
        let link = links.link("https://api", &claims());
        let token = link.strip_prefix("https://api/v1/decide#").unwrap();
        assert_eq!(links.verify(token), Some(claims()));
    }

    #[test]
    fn a_link_of_another_key_or_with_any_other_bit_is_refused() {
        let token = links("k").token(&claims());
        assert_eq!(links("other").verify(&token), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(links("k").verify(&URL_SAFE_NO_PAD.encode(forged)), None, "bit {bit}");
        }
        for wrong in ["", "a", &token[1..], &format!("{token}AAAA")] {
            assert_eq!(links("k").verify(wrong), None, "{wrong}");
        }
    }
}
