/// The digits of an Aadhaar number, its check digit included (UIDAI, "What is Aadhaar").
const DIGITS: usize = 12;

/// Whether `text` holds a 12-digit Aadhaar number: it does not start with 0 or 1, its last digit is the
/// Verhoeff check digit, and single blanks, dots or hyphens may group it. A number after `+` is a phone's.
pub fn contains_aadhaar(text: &str) -> bool {
    let mut digits: Vec<u8> = Vec::with_capacity(DIGITS);
    let mut is_phone = false;
    let mut previous = None;
    for c in text.chars().chain(['\n', '\n']) {
        match digit(c) {
            Some(value) => {
                if digits.is_empty() {
                    is_phone = previous == Some('+');
                }
                digits.push(value);
            }
            None if is_separator(c) && previous.is_some_and(|p| digit(p).is_some()) => {}
            None => {
                if !is_phone && is_aadhaar(&digits) {
                    return true;
                }
                digits.clear();
            }
        }
        previous = Some(c);
    }
    false
}

/// What people put between groups of digits.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '\u{2010}'..='\u{2015}')
}

fn is_aadhaar(digits: &[u8]) -> bool {
    digits.len() == DIGITS && digits.first().is_some_and(|first| *first >= 2) && verhoeff(digits) == 0
}

/// The value of an ASCII, full-width or Indian digit (Unicode: the Indic blocks from Devanagari to
/// Malayalam follow each other every 0x80 and have their digits at the same offset).
fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let value = match code {
        0x30..=0x39 => code - 0x30,
        0xFF10..=0xFF19 => code - 0xFF10,
        0x0966..=0x0D6F => (code - 0x0966) % 0x80,
        _ => return None,
    };
    u8::try_from(value).ok().filter(|value| *value < 10)
}

/// Verhoeff's check sum: 0 for a number that ends in its check digit (J. Verhoeff, "Error Detecting
/// Decimal Codes", 1969: multiplication in the dihedral group D5, permutation of period 8).
fn verhoeff(digits: &[u8]) -> u8 {
    digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| dihedral(sum, permuted(*digit, place % 8)))
}

/// The product of two elements of D5: 0 to 4 are rotations, 5 to 9 reflections.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// The digit after `times` applications of the permutation (0 1 5 8 9 4 2 7)(3 6).
fn permuted(digit: u8, times: usize) -> u8 {
    const NEXT: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    (0..times).fold(digit, |digit, _| NEXT.get(usize::from(digit)).copied().unwrap_or(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_matches_the_published_example() {
        assert_eq!(verhoeff(&[2, 3, 6, 3]), 0);
        assert_ne!(verhoeff(&[3, 2, 6, 3]), 0);
    }

    #[test]
    fn aadhaar_numbers_are_found_however_they_are_written() {
        // The number UIDAI prints on its specimen letters.
        for text in [
            "999941057058",
            "9999 4105 7058",
            "id 9999-4105-7058, seen",
            "९९९९४१०५७०५८",
            "９９９９４１０５７０５８",
            "flat 12, 9999.4105.7058",
        ] {
            assert!(contains_aadhaar(text), "{text} was not recognised");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in ["", "999941057059", "+999941057058", "1999941057058", "99994105705", "KA 01 AB 1234"] {
            assert!(!contains_aadhaar(text), "{text} was taken for an Aadhaar number");
        }
    }
}
