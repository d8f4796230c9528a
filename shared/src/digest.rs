//! SHA-256 by the library of TLS, which uses what the processor has for it.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 digest of these bytes.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.iter_mut().zip(digest(&SHA256, bytes.as_ref()).as_ref()).for_each(|(to, from)| *to = *from);
    sum
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn it_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let sum = sha256("abc").map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
