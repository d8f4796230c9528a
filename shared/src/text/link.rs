//! Whether a phone would make a link of a text: in a message it stands under our registered name.

/// Whether `text` holds the address of a site, a mailbox or a purse, with a scheme or without one.
///
/// Phones know a domain by its top level, so `Dr.Rao` is a name and `Pay.in` is a link. One letter before the dot is an
/// initial (`A.K.Dev`), unless a path follows (`t.me/gate`).
pub(super) fn holds_link(text: &str) -> bool {
    let signs: Vec<char> = text.to_lowercase().chars().map(as_dot).collect();
    let text: String = signs.iter().collect();
    text.contains("://")
        || text.contains("www.")
        || (0..signs.len()).any(|place| leads_somewhere(&signs, place))
}

/// A dot as domains may have it (RFC 3490, section 3.1).
fn as_dot(c: char) -> char {
    if matches!(c, '\u{3002}' | '\u{FF0E}' | '\u{FF61}') { '.' } else { c }
}

/// Whether the dot or at sign at `place` stands between the parts of an address.
fn leads_somewhere(signs: &[char], place: usize) -> bool {
    let is_part = |c: &&char| c.is_alphanumeric() || **c == '-' || **c == '_';
    let (before, after) = signs.split_at(place);
    let Some((sign, after)) = after.split_first() else { return false };
    let label = before.iter().rev().take_while(is_part).count();
    let last: String = after.iter().take_while(is_part).collect();
    let length = last.chars().count();
    if label == 0 || length == 0 {
        return false;
    }
    let mut rest = after.iter().skip(length);
    let has_path = rest.next() == Some(&'/') && rest.next().is_some_and(|c| c.is_alphanumeric());
    match sign {
        '@' => true,
        '.' if is_address_of_numbers(signs, place - label) => true,
        '.' => (label > 1 || has_path) && tld::exist(&last) || label > 1 && length > 1 && has_path,
        _ => false,
    }
}

/// Whether four numbers with dots between them begin at `place`: a phone opens these, too.
fn is_address_of_numbers(signs: &[char], place: usize) -> bool {
    let numbers: String = signs.iter().skip(place).take_while(|c| c.is_ascii_digit() || **c == '.').collect();
    let numbers: Vec<&str> = numbers.trim_end_matches('.').split('.').collect();
    numbers.len() == 4 && numbers.iter().all(|number| number.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_any_case_and_without_a_scheme() {
        for text in [
            "Your KYC is blocked, pay at http://pay.example",
            "HTTPS://PAY.EXAMPLE",
            "upi://pay?pa=gate@bank",
            "www.pay",
            "pay.com",
            "Pay.In now",
            "(bit.ly/3x)",
            "t.me/gate",
            "wa.me/919876543210",
            "pay.unheard/kyc",
            "pay。com",
            "sub.pay.co.in!",
            "10.20.30.40",
            "gate@okbank",
            "asha@example.com",
        ] {
            assert!(holds_link(text), "{text} was accepted");
        }
    }

    #[test]
    fn names_are_no_links() {
        for text in [
            "Kiran Rao",
            "Dr.Rao",
            "Dr. A.P.J. Abdul Kalam",
            "A.K.Dev",
            "S.Om",
            "Mohd.Arif",
            "Smt.Lakshmi",
            "Md. Imran",
            "Ravi @ Swiggy",
            "Rao/Sen",
            "Rao . Com",
            "राम.श्याम",
            "1.5",
            "Mr. Sen, Jr.",
            "...",
            "@",
            "Asha.",
            ".com",
        ] {
            assert!(!holds_link(text), "{text} was taken for a link");
        }
    }
}
