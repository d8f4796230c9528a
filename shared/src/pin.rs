//! PINs of guards: which ones are taken, and how they are kept.
//!
//! A PIN has a million values at most, so what keeps it is the counts in the database; its hash is slow for somebody who
//! gets hold of a backup (docs/decisions/076-guards-sign-in-with-a-pin.md, with what it costs).

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use aws_lc_rs::rand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi,
};

/// Digits of a PIN.
const DIGITS: usize = 6;
/// Memory of a hash in KiB, and how often it is gone through. Above 32 MiB glibc gives the memory back after each: of the
/// 19 MiB that OWASP names too, it kept 157.
const MEMORY: u32 = 46 * 1024;
const PASSES: u32 = 1;

/// What a PIN is compared with of which nobody knows whose it would be; it takes as long as any other.
const NOBODYS: &str =
    "$argon2id$v=19$m=47104,t=1,p=1$bm9ib2R5J3Mgc2FsdCAxNg$XLnCAgTnds/vj9I8aOssVclrQKcPuW7coMGgHSLZJ98";

/// Six digits that a guard typed.
#[derive(Clone)]
pub struct Pin(SecretString);

crate::schema!(Pin, "Pin", openapi::text("^[0-9]{6}$").description(Some("Six digits.")));

/// A PIN never reaches a log.
impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(…)")
    }
}

impl FromField for Pin {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        let fits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        let problem = || Problem::new(ProblemCode::WrongFormat, "must be six digits");
        fits.then(|| Self(text.into())).ok_or_else(problem)
    }
}

impl Pin {
    /// A PIN that nobody can foresee and that is not trivial; `None` where the system has no randomness to give.
    pub fn random() -> Option<Self> {
        loop {
            let mut bytes = [0; 4];
            rand::fill(&mut bytes).ok()?;
            let number = u32::from_be_bytes(bytes);
            // Past the last whole million some PINs would come more often than others.
            if number >= u32::MAX / 1_000_000 * 1_000_000 {
                continue;
            }
            let pin = format!("{:06}", number % 1_000_000);
            if !is_trivial(pin.as_bytes()) {
                return Some(Self(pin.into()));
            }
        }
    }

    /// The digits, for the one who is told them.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The hash under which it is kept, in the PHC format. It takes time: not on the thread that serves others.
    ///
    /// # Errors
    /// The system has no randomness or no memory to give.
    pub fn hash(&self) -> Result<String, String> {
        let mut salt = [0; 16];
        rand::fill(&mut salt).map_err(|_| "no randomness".to_owned())?;
        let hash = hasher().hash_password_with_salt(self.expose().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|error| format!("PIN: {error}"))
    }

    /// Whether this is the PIN with that hash. Without one it takes as long, and is not.
    pub fn verifies(&self, hash: Option<&str>) -> bool {
        let (hash, is_somebodys) = match hash {
            Some(hash) => (hash, true),
            None => (NOBODYS, false),
        };
        let parsed = PasswordHash::new(hash).ok();
        let fits =
            parsed.is_some_and(|hash| hasher().verify_password(self.expose().as_bytes(), &hash).is_ok());
        fits && is_somebodys
    }

    /// As [`Pin::hash`], on a thread of its own.
    ///
    /// # Errors
    /// The same.
    pub async fn hash_apart(&self) -> Result<String, String> {
        let pin = self.clone();
        spawn_blocking(move || pin.hash()).await.map_err(|error| format!("PIN: {error}"))?
    }

    /// As [`Pin::verifies`], on a thread of its own.
    ///
    /// # Errors
    /// That thread has failed.
    pub async fn verifies_apart(&self, hash: Option<String>) -> Result<bool, String> {
        let pin = self.clone();
        spawn_blocking(move || pin.verifies(hash.as_deref())).await.map_err(|error| format!("PIN: {error}"))
    }

    /// What is wrong with it as a new PIN of the guard with this code and number.
    ///
    /// # Errors
    /// It is trivial, or it is the former one.
    pub fn check_as_new(
        &self,
        former: &Self,
        code: Option<&str>,
        phone: Option<&str>,
    ) -> Result<(), Problem> {
        let pin = self.expose();
        let refused = |problem| Err(Problem::new(ProblemCode::OutOfRange, problem).of("new_pin"));
        if is_trivial(pin.as_bytes()) {
            return refused("must not be one digit, a pair or three digits repeated, or digits in a row");
        }
        if pin == former.expose() {
            return refused("must be another one than before");
        }
        let ends = |text: Option<&str>| text.is_some_and(|text| text.ends_with(pin));
        if ends(code) || ends(phone) {
            return refused("must not be the end of the guard's code or phone number");
        }
        Ok(())
    }
}

/// Whether a PIN is one of those that people try first: 111111, 121212, 123123, and digits in a row, up or down, also
/// over the zero.
fn is_trivial(pin: &[u8]) -> bool {
    let repeats = |length: usize| pin.iter().zip(pin.iter().skip(length)).all(|(one, other)| one == other);
    let steps =
        |by: u8| pin.windows(2).all(|pair| matches!(pair, [a, b] if (a - b'0' + by) % 10 == b - b'0'));
    repeats(1) || repeats(2) || repeats(3) || steps(1) || steps(9)
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(digits: &str) -> Pin {
        Pin::from_field(&digits.into()).unwrap()
    }

    #[test]
    fn trivial_pins_are_refused_and_others_are_not() {
        let refused =
            |new: &str| pin(new).check_as_new(&pin("904817"), Some("G271828"), Some("+919876314159"));
        for trivial in [
            "000000", "111111", "121212", "909090", "123123", "123456", "012345", "567890", "890123",
            "987654", "210987", "543210", "904817", "271828", "314159",
        ] {
            assert!(refused(trivial).is_err(), "{trivial} was accepted");
        }
        for good in ["123457", "112233", "121213", "135790", "604817", "246802"] {
            assert!(refused(good).is_ok(), "{good} was refused");
        }
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        for wrong in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", " 12345", "-12345"] {
            assert!(Pin::from_field(&wrong.into()).is_err(), "{wrong} was accepted");
        }
        assert!(Pin::from_field(&123_456.into()).is_err());
    }

    #[test]
    fn a_pin_is_known_by_its_hash_alone() {
        let hash = pin("904817").hash().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        assert_ne!(hash, pin("904817").hash().unwrap(), "the salt is the same");
        assert!(pin("904817").verifies(Some(&hash)));
        assert!(!pin("904818").verifies(Some(&hash)));
        assert!(!pin("904817").verifies(Some("$argon2id$")));
        assert!(!pin("904817").verifies(None));
        let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(NOBODYS), parameters(&hash));
        assert!(PasswordHash::new(NOBODYS).is_ok());
    }

    #[test]
    fn random_pins_are_not_trivial() {
        for _ in 0..2000 {
            assert!(!is_trivial(Pin::random().unwrap().expose().as_bytes()));
        }
    }

    /// `cargo test --release -p shared pin::tests::what_a_hash_costs -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn what_a_hash_costs() {
        for (memory, passes) in [(7, 5), (12, 3), (19, 2), (32, 2), (46, 1), (64, 1), (64, 3)] {
            let params = Params::new(memory * 1024, passes, 1, None).unwrap();
            let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut times: Vec<_> = (0..21)
                .map(|_| {
                    let start = std::time::Instant::now();
                    argon.hash_password_with_salt(b"904817", &[7; 16]).unwrap();
                    start.elapsed()
                })
                .collect();
            times.sort();
            eprintln!("{memory} MiB, {passes} passes: {:?}, at most {:?}", times[10], times[20]);
        }
    }
}
