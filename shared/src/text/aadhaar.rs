use std::ops::Range;

/// The digits of an Aadhaar number, its check digit included (UIDAI, "What is Aadhaar").
const DIGITS: usize = 12;

/// Whether `text` holds an Aadhaar number: twelve digits in groups of any size with any signs between them, letters
/// aside, of which the first is not 0 or 1 and the last one is the Verhoeff check digit.
///
/// One in ten numbers of that length has the check digit by chance, so those of another known shape are left alone: a
/// number after `+` or of ten digits is a phone's, a day with its time is that, and what goes on in the same way behind
/// the twelfth digit is a longer number. Three groups of four are an Aadhaar number wherever they stand.
pub fn contains_aadhaar(text: &str) -> bool {
    runs(text).iter().any(|run| run.holds_aadhaar(true))
}

/// As [`contains_aadhaar`], for a text that is the number of a document: nothing else has its place there.
pub(super) fn is_aadhaar_document(text: &str) -> bool {
    runs(text).iter().any(|run| run.holds_aadhaar(false))
}

/// Digits without another sign between them.
#[derive(Default)]
struct Group {
    digits: Vec<u8>,
    place: Range<usize>,
}

/// Groups of digits without a letter between them.
struct Run<'a> {
    text: &'a str,
    groups: Vec<Group>,
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = vec![Run { text, groups: Vec::new() }];
    let mut goes_on = false;
    for (place, c) in text.char_indices() {
        let value = digit(c);
        if value.is_none() && c.is_alphanumeric() {
            runs.push(Run { text, groups: Vec::new() });
        }
        if let (Some(value), Some(run)) = (value, runs.last_mut()) {
            if !goes_on {
                run.groups.push(Group { digits: Vec::new(), place: place..place });
            }
            if let Some(group) = run.groups.last_mut() {
                group.digits.push(value);
                group.place.end = place + c.len_utf8();
            }
        }
        goes_on = value.is_some();
    }
    runs
}

impl Run<'_> {
    fn holds_aadhaar(&self, anything_else: bool) -> bool {
        let window = |start: usize| {
            let mut digits = 0;
            let long_enough = self.groups.iter().skip(start).position(|group| {
                digits += group.digits.len();
                digits >= DIGITS
            });
            long_enough.filter(|_| digits == DIGITS).map(|more| start..start + more + 1)
        };
        (0..self.groups.len()).filter_map(window).any(|window| {
            let groups = self.groups.get(window.clone()).unwrap_or_default();
            let digits: Vec<u8> = groups.iter().flat_map(|group| group.digits.iter().copied()).collect();
            is_aadhaar(&digits) && !(anything_else && self.is_something_else(&window, groups, &digits))
        })
    }

    /// Whether these groups of twelve digits have the shape of another number.
    fn is_something_else(&self, window: &Range<usize>, groups: &[Group], digits: &[u8]) -> bool {
        let sizes: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
        let usual = sizes == [4, 4, 4];
        let inner: Vec<_> =
            (window.start..window.end.saturating_sub(1)).map(|group| self.between(group)).collect();
        let sides = [
            window.start.checked_sub(1).map(|beside| (beside, beside)),
            window.end.checked_sub(1).map(|last| (window.end, last)),
        ];
        let goes_on = sides.into_iter().flatten().any(|(beside, separator)| {
            let group = self.groups.get(beside);
            group.is_some_and(|group| !usual || group.digits.len() == 4)
                && inner.contains(&self.between(separator))
        });
        let after_plus = groups.first().is_some_and(|first| {
            self.text.get(..first.place.start).is_some_and(|before| before.ends_with(['+', '＋']))
        });
        goes_on || !usual && (after_plus || is_phone_beside(&sizes, digits) || is_moment(&sizes, digits))
    }

    /// What stands between a group and the next one.
    fn between(&self, group: usize) -> Option<&str> {
        let (this, next) = (self.groups.get(group)?, self.groups.get(group + 1)?);
        self.text.get(this.place.end..next.place.start)
    }
}

/// Whether it is an Indian mobile number, in one or two groups, and two digits more, such as `91` before it.
fn is_phone_beside(sizes: &[usize], digits: &[u8]) -> bool {
    let first = match sizes {
        [10, 2] | [5, 5, 2] => digits.first(),
        [2, 10] | [2, 5, 5] => digits.get(2),
        _ => None,
    };
    first.is_some_and(|first| *first >= 6)
}

/// Whether it is a day with an hour and a minute, as people write them.
fn is_moment(sizes: &[usize], digits: &[u8]) -> bool {
    let numbers: Vec<u64> = sizes
        .iter()
        .scan(digits.iter(), |digits, size| {
            Some(digits.by_ref().take(*size).fold(0, |number, digit| number * 10 + u64::from(*digit)))
        })
        .collect();
    let is_day = |month: u64, day: u64| (1..=12).contains(&month) && (1..=31).contains(&day);
    match (sizes, numbers.as_slice()) {
        ([4, 2, 2, 2, 2], [year, month, day, hour, minute]) => {
            (1900..2100).contains(year) && is_day(*month, *day) && *hour < 24 && *minute < 60
        }
        ([2, 2, 4, 2, 2], [day, month, year, hour, minute]) => {
            let is_day = is_day(*month, *day) || is_day(*day, *month);
            (1900..2100).contains(year) && is_day && *hour < 24 && *minute < 60
        }
        ([2, 2, 2, 2, 2, 2], [day, month, _, hour, minute, second]) => {
            is_day(*month, *day) && *hour < 24 && *minute < 60 && *second < 60
        }
        _ => false,
    }
}

fn is_aadhaar(digits: &[u8]) -> bool {
    digits.len() == DIGITS && digits.first().is_some_and(|first| *first >= 2) && verhoeff(digits) == 0
}

/// The value of an ASCII, full-width, Arabic or Indian digit (Unicode: the Indic blocks from Devanagari to
/// Malayalam follow each other every 0x80 and have their digits at the same offset).
pub(super) fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let value = match code {
        0x30..=0x39 => code - 0x30,
        0xFF10..=0xFF19 => code - 0xFF10,
        0x0660..=0x0669 => code - 0x0660,
        0x06F0..=0x06F9 => code - 0x06F0,
        // Santali and Manipuri.
        0x1C50..=0x1C59 => code - 0x1C50,
        0xABF0..=0xABF9 => code - 0xABF0,
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
            "۹۹۹۹ ۴۱۰۵ ۷۰۵۸",
            "flat 12, 9999.4105.7058",
            "flat 12 9999 4105 7058",
            "9999  4105  7058",
            "9999/4105/7058",
            "9999_4105_7058",
            "9999, 4105, 7058",
            "9999:4105\n7058",
            "9999\u{200b}4105\u{feff}7058",
            "9 9 9 9 4 1 0 5 7 0 5 8",
            "99 99 41 05 70 58",
            "+9999 4105 7058",
            "(9999) — [4105] — 7058!",
            "ID999941057058",
        ] {
            assert!(contains_aadhaar(text), "{text} was not recognised");
            assert!(is_aadhaar_document(text), "{text} was not recognised");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in
            ["", "999941057059", "1999941057058", "99994105705", "KA 01 AB 1234", "9999 4105 7058 1111"]
        {
            assert!(!contains_aadhaar(text), "{text} was taken for an Aadhaar number");
        }
    }

    /// All of these have the check digit by chance.
    #[test]
    fn what_has_the_check_digit_by_chance_is_left_alone() {
        for text in [
            "+999941057058",
            "call +91 98765 43210 or +91-98765-43216",
            "98765 43210, 96 persons",
            "9876543210/11, 9876543210/12, 9876543210/13, 9876543210/14, 9876543210/15, 9876543210/16, \
             9876543210/17, 9876543210/18, 9876543210/19, 9876543210/10",
            "201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219",
        ] {
            assert!(!contains_aadhaar(text), "{text} was taken for an Aadhaar number");
        }
        for minute in 10..20 {
            for text in [
                format!("2026-11-24 10:{minute}"),
                format!("24/11/2026, 10.{minute}"),
                format!("24.11.26 10:30:{minute}"),
            ] {
                assert!(!contains_aadhaar(&text), "{text} was taken for an Aadhaar number");
            }
        }
    }

    #[test]
    fn the_number_of_a_document_is_no_phone() {
        for text in ["+999941057058", "+ 99 9941057058"] {
            assert!(is_aadhaar_document(text), "{text} was not recognised");
        }
        assert!(!is_aadhaar_document("KA01 20110012345"));
    }
}
