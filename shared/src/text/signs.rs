//! Which signs may stand in a text that people read: all that can be seen, and of the others those that scripts need.

use super::aadhaar::digit;

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';

/// Whether a sign ends a line.
pub(super) fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `text` holds something that nobody sees, or that changes the order of what they see. Ends of lines and tabs
/// are for others to judge.
pub(super) fn hides_something(text: &str) -> bool {
    let mut previous = None;
    let mut signs = text.chars().peekable();
    while let Some(c) = signs.next() {
        let next = signs.peek().copied();
        let hidden = match c {
            JOINER | NON_JOINER => !joins(previous, c, next),
            '\u{FE0E}' | '\u{FE0F}' => !varies(previous, next),
            _ => c.is_control() && !ends_line(c) && c != '\t' || is_ignorable(c),
        };
        if hidden {
            return true;
        }
        previous = Some(c);
    }
    false
}

/// What is drawn as nothing (Unicode, DerivedCoreProperties: Default_Ignorable_Code_Point, which the signs that turn
/// the direction of writing are part of), and the empty Braille cell. Joiners are among them.
fn is_ignorable(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
        | 0x202A..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// Whether a joiner says how its neighbours are drawn: between letters of an Indian script, or behind the sign that
/// takes a consonant's vowel away (RFC 5892, A.1 and A.2; Malayalam ends words so); between Arabic letters, as Urdu has
/// it; and in pictures that are made of several.
fn joins(previous: Option<char>, joiner: char, next: Option<char>) -> bool {
    let Some(previous) = previous else { return false };
    let next_is = |kind: fn(char) -> bool| next.is_some_and(kind);
    is_indian(previous) && (takes_vowel(previous) || next_is(is_indian))
        || is_arabic(previous) && next_is(is_arabic)
        || joiner == JOINER && (is_picture(previous) || previous == '\u{FE0F}') && next_is(is_picture)
}

/// Whether a variation selector says how a picture is drawn, or the digit on a key.
fn varies(previous: Option<char>, next: Option<char>) -> bool {
    let is_key = |c: char| c.is_ascii_digit() || matches!(c, '#' | '*');
    previous.is_some_and(|c| is_picture(c) || is_key(c) && next == Some('\u{20E3}'))
}

/// A letter or a sign at one, of the scripts from Devanagari to Sinhala or of Manipuri.
fn is_indian(c: char) -> bool {
    matches!(u32::from(c), 0x900..=0xDFF | 0xA8E0..=0xA8FF | 0xAAE0..=0xAAF6 | 0xABC0..=0xABED)
        && digit(c).is_none()
        && !matches!(c, '\u{964}' | '\u{965}' | '\u{970}')
}

/// The virama of each of these scripts.
fn takes_vowel(c: char) -> bool {
    matches!(
        u32::from(c),
        0x94D | 0x9CD | 0xA4D | 0xACD | 0xB4D | 0xBCD | 0xC4D | 0xCCD | 0xD4D | 0xDCA | 0xAAF6 | 0xABED
    )
}

fn is_arabic(c: char) -> bool {
    matches!(u32::from(c), 0x620..=0x6FF | 0x750..=0x77F | 0x8A0..=0x8FF) && c.is_alphabetic()
}

/// The blocks that Unicode's pictures are in (emoji-data: Extended_Pictographic, and the tones of skin).
fn is_picture(c: char) -> bool {
    matches!(u32::from(c),
        0xA9 | 0xAE | 0x203C | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21FF | 0x2300..=0x27BF | 0x2900..=0x297F
        | 0x2B00..=0x2BFF | 0x3030 | 0x303D | 0x3297 | 0x3299 | 0x1F000..=0x1FAFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scripts_and_pictures_need_is_not_hidden() {
        for text in [
            "Asha Menon",
            "José\u{301}",
            "आशा मेनन",
            // A half letter, and two letters side by side that would join.
            "क्\u{200D}ष",
            "क्\u{200C}ष",
            // Marathi, Bengali, Kannada, and Malayalam at the end of a word.
            "दर्\u{200D}या",
            "র\u{200D}\u{9CD}যাব",
            "ರ\u{200D}\u{CCD}ಕ",
            "രാജന്\u{200D}",
            "രാജന്\u{200D} K",
            "خوش\u{200C}نما",
            "👩\u{200D}👧 and ❤\u{FE0F}\u{200D}🔥",
            "👍🏽 1\u{FE0F}\u{20E3} ✈\u{FE0F}",
        ] {
            assert!(!hides_something(text), "{text:?} was refused");
        }
    }

    #[test]
    fn what_nobody_sees_is_found() {
        let mut texts: Vec<String> =
            "\0\u{7}\u{1b}\u{7f}\u{9f}\u{ad}\u{200b}\u{200e}\u{200f}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\
            \u{feff}\u{61c}\u{3164}\u{2800}\u{e0041}\u{200c}\u{200d}\u{fe0f}\u{fe01}"
                .chars()
                .map(|c| format!("As{c}ha"))
                .collect();
        texts.extend(
            [
                "\u{200D}क",
                "क\u{200D}",
                "९\u{200D}९",
                "क\u{200C}\u{200C}ष",
                "👩\u{200D}",
                "❤\u{FE0F}\u{FE0F}",
                "a\u{200D}क",
                "1\u{FE0F}2",
            ]
            .map(str::to_owned),
        );
        for text in texts {
            assert!(hides_something(&text), "{text:?} was accepted");
        }
    }
}
