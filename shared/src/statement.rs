//! SQL whose parameters have names: `:flat_id` in the text, `flat_id = input.flat_id` beside it.
//!
//! The macros read the text while the code is compiled. A parameter that is missing, that the text does not have, or that
//! is misspelt does not compile; what the server gets has numbers in the place of names. Types are the server's: it says
//! which one each parameter has when it prepares the statement, and a value of another one is refused.

use tokio_postgres::types::ToSql;

/// A value that a parameter may have.
pub type Value<'a> = &'a (dyn ToSql + Sync);

/// A field whose value no other row may have, and what the caller is told where one has it.
#[derive(Clone, Copy, Debug)]
pub struct Unique {
    /// The constraint that says so.
    pub constraint: &'static str,
    /// The field.
    pub field: &'static str,
    /// The sentence.
    pub sentence: &'static str,
}

impl Change<'_> {
    /// The same, of which the caller is told that another row has the value already.
    pub fn with_unique(self, unique: Unique) -> Self {
        Self { unique: Some(unique), ..self }
    }
}

/// A statement and the values of its parameters, in the order of their numbers.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    #[doc(hidden)]
    pub sql: &'static str,
    #[doc(hidden)]
    pub values: &'a [Value<'a>],
}

/// A writing statement, whose first six parameters come from [`crate::write`]: `:caller`, `:method`, `:path`, `:key`,
/// `:payload`, `:request`.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    #[doc(hidden)]
    pub sql: &'static str,
    #[doc(hidden)]
    pub values: &'a [Value<'a>],
    #[doc(hidden)]
    pub unique: Option<Unique>,
}

/// A statement in a file beside the code, as `statement!("get.sql", caller = caller.user_id(), visitor)`: the
/// value of a parameter that has none here is the variable of its name. What does not compile is a value that is missing,
/// one that the text has no parameter for, and a parameter without a name:
///
/// ```compile_fail,E0080
/// shared::sql!("SELECT :flat, :caller", caller = 7);
/// ```
/// ```compile_fail,E0080
/// shared::sql!("SELECT :flat", flat = 7, caller = 7);
/// ```
/// ```compile_fail,E0080
/// shared::sql!("SELECT :flat", flatt = 7);
/// ```
/// ```compile_fail,E0080
/// shared::sql!("SELECT $1");
/// ```
#[macro_export]
macro_rules! statement {
    ($file:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::sql!(include_str!($file) $(, $name $(= $value)?)*)
    };
}

/// As [`statement!`](crate::statement), for one that stands in the code.
#[macro_export]
macro_rules! sql {
    ($sql:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::statement::Statement {
            sql: $crate::numbered!($sql, $($name),*),
            values: &[$($crate::value!($name $(= $value)?)),*],
        }
    };
}

/// A writing statement in a file beside the code, as `change!("step.sql", emergency = id, next)`.
#[macro_export]
macro_rules! change {
    ($file:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::statement::Change {
            sql: $crate::numbered!(
                include_str!($file),
                // In the order of `Writer::write`.
                caller, method, path, key, payload, request $(, $name)*
            ),
            values: &[$($crate::value!($name $(= $value)?)),*],
            unique: None,
        }
    };
}

/// The value of a parameter, by default a variable of its name.
#[doc(hidden)]
#[macro_export]
macro_rules! value {
    ($name:ident) => {
        $crate::value!($name = $name)
    };
    ($name:ident = $value:expr) => {
        &$value as $crate::statement::Value<'_>
    };
}

/// The text with numbers in the place of these names, which are those that it has.
#[doc(hidden)]
#[macro_export]
macro_rules! numbered {
    ($sql:expr, $($name:ident),*) => {
        const {
            const SQL: &str = $sql;
            const NAMES: &[&str] = &[$(stringify!($name)),*];
            const LENGTH: usize = $crate::statement::length(SQL, NAMES);
            const BYTES: [u8; LENGTH] = $crate::statement::number(SQL, NAMES);
            match ::core::str::from_utf8(&BYTES) {
                Ok(sql) => sql,
                Err(_) => panic!("the statement is no UTF-8"),
            }
        }
    };
}

/// How long the text is with numbers in the place of names.
///
/// # Panics
/// The names are not exactly those of its parameters.
#[doc(hidden)]
pub const fn length(sql: &str, names: &[&str]) -> usize {
    let sql = sql.as_bytes();
    let mut used = [false; MOST];
    let (mut length, mut at) = (sql.len(), 0);
    while let Some((start, end)) = next_parameter(sql, at) {
        let number = number_of(sql, start, end, names);
        used[number - 1] = true;
        length = length - (end - start) + if number < 10 { 2 } else { 3 };
        at = end;
    }
    let mut number = 0;
    while number < names.len() {
        if !used[number] {
            let name = names[number].as_bytes();
            fail("the statement has no such parameter, or it is given twice: ", name, 0, name.len());
        }
        number += 1;
    }
    length
}

/// The text with numbers in the place of names: `$1` for the first of `names`.
///
/// # Panics
/// The names are not exactly those of its parameters, or `N` is not the [`length`].
#[doc(hidden)]
pub const fn number<const N: usize>(sql: &str, names: &[&str]) -> [u8; N] {
    let sql = sql.as_bytes();
    let mut numbered = [0; N];
    let (mut from, mut to) = (0, 0);
    loop {
        let next = next_parameter(sql, from);
        let until = if let Some((start, _)) = next { start } else { sql.len() };
        while from < until {
            numbered[to] = sql[from];
            (from, to) = (from + 1, to + 1);
        }
        let Some((start, end)) = next else { return numbered };
        let number = number_of(sql, start, end, names);
        numbered[to] = b'$';
        to += 1;
        if number >= 10 {
            numbered[to] = b'0' + (number / 10) as u8;
            to += 1;
        }
        numbered[to] = b'0' + (number % 10) as u8;
        (from, to) = (end, to + 1);
    }
}

/// The text with numbers in the place of names, and the names in the order of the numbers: for a caller with a text and no
/// values, as a test.
///
/// # Panics
/// A parameter has no name.
pub fn named(sql: &str) -> (String, Vec<&str>) {
    let (mut numbered, mut names, mut at) = (String::new(), Vec::new(), 0);
    while let Some((start, end)) = next_parameter(sql.as_bytes(), at) {
        let name = &sql[start + 1..end];
        let number = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        numbered.push_str(&sql[at..start]);
        numbered.push_str(&format!("${}", number + 1));
        at = end;
    }
    numbered.push_str(&sql[at..]);
    (numbered, names)
}

/// Parameters that a statement may have.
const MOST: usize = 99;

/// The number of the parameter from `start` to `end`, whose first byte is the colon.
const fn number_of(sql: &[u8], start: usize, end: usize, names: &[&str]) -> usize {
    let mut number = 0;
    while number < names.len() {
        if number == MOST {
            panic!("the statement has more than 99 parameters");
        }
        let name = names[number].as_bytes();
        if name.len() == end - start - 1 {
            let mut at = 0;
            while at < name.len() && name[at] == sql[start + 1 + at] {
                at += 1;
            }
            if at == name.len() {
                return number + 1;
            }
        }
        number += 1;
    }
    fail("no value is given for ", sql, start, end)
}

/// Where the first parameter at or after `at` starts and ends. Names are looked for where SQL has code: not in strings,
/// quoted names and comments. A colon behind another one is a cast; behind a word or a bracket, the middle of a slice.
const fn next_parameter(sql: &[u8], mut at: usize) -> Option<(usize, usize)> {
    while at < sql.len() {
        let (byte, next) = (sql[at], byte_at(sql, at + 1));
        at = match byte {
            b'\'' => after_quoted(sql, at, false),
            b'"' => after_quoted(sql, at, false),
            b'-' if next == b'-' => after_line(sql, at),
            b'/' if next == b'*' => after_comment(sql, at),
            b'$' if next.is_ascii_digit() => panic!("a parameter has a number in the place of a name"),
            b'$' => after_dollars(sql, at),
            b':' if next == b':' => at + 2,
            b':' if is_name(next) && !next.is_ascii_digit() && !is_operand(sql, at) => {
                let mut end = at + 1;
                while is_name(byte_at(sql, end)) {
                    end += 1;
                }
                return Some((at, end));
            }
            _ if is_word(byte) => {
                let end = after_word(sql, at);
                let escapes = end == at + 1 && matches!(byte, b'e' | b'E') && byte_at(sql, end) == b'\'';
                if escapes { after_quoted(sql, end, true) } else { end }
            }
            _ => at + 1,
        };
    }
    None
}

/// The byte there, or 0 at the end.
const fn byte_at(sql: &[u8], at: usize) -> u8 {
    if at < sql.len() { sql[at] } else { 0 }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether the colon there stands behind what a slice may begin with.
const fn is_operand(sql: &[u8], colon: usize) -> bool {
    colon > 0 && (is_word(sql[colon - 1]) || matches!(sql[colon - 1], b')' | b']' | b'"'))
}

const fn after_word(sql: &[u8], mut at: usize) -> usize {
    while is_word(byte_at(sql, at)) || byte_at(sql, at) == b'$' {
        at += 1;
    }
    at
}

/// Behind the string or quoted name that begins there; a quote that is doubled ends it and begins the next.
const fn after_quoted(sql: &[u8], start: usize, escapes: bool) -> usize {
    let mut at = start + 1;
    while at < sql.len() && sql[at] != sql[start] {
        at += if escapes && sql[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

const fn after_line(sql: &[u8], mut at: usize) -> usize {
    while at < sql.len() && sql[at] != b'\n' {
        at += 1;
    }
    at
}

/// Behind the comment that begins there, which may hold others.
const fn after_comment(sql: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < sql.len() {
        match (sql[at], byte_at(sql, at + 1)) {
            (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
            (b'*', b'/') if depth == 1 => return at + 2,
            (b'*', b'/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// Behind the string between `$tag$` that begins there, or behind a dollar that begins none.
const fn after_dollars(sql: &[u8], start: usize) -> usize {
    let mut tag = start + 1;
    while is_word(byte_at(sql, tag)) {
        tag += 1;
    }
    if byte_at(sql, tag) != b'$' {
        return start + 1;
    }
    let length = tag + 1 - start;
    let mut at = tag + 1;
    while at + length <= sql.len() {
        let mut same = 0;
        while same < length && sql[at + same] == sql[start + same] {
            same += 1;
        }
        if same == length {
            return at + length;
        }
        at += 1;
    }
    sql.len()
}

/// Ends the compilation with a reason and a name.
const fn fail(why: &str, name: &[u8], start: usize, end: usize) -> ! {
    let (why, mut message, mut length) = (why.as_bytes(), [b' '; 160], 0);
    while length < why.len() {
        message[length] = why[length];
        length += 1;
    }
    let mut at = start;
    while at < end && length < message.len() {
        message[length] = name[at];
        (at, length) = (at + 1, length + 1);
    }
    match str::from_utf8(message.split_at(length).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("the statement's parameters are not those that are given"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers_in_the_order_in_which_they_are_given() {
        let statement = sql!("SELECT :name, :flat_id, :name", flat_id = 7, name = "Asha");
        assert_eq!((statement.sql, statement.values.len()), ("SELECT $2, $1, $2", 2));
        let many = "SELECT :a,:b,:c,:d,:e,:f,:g,:h,:i,:j,:k";
        assert_eq!(named(many).0, "SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11");
        assert_eq!(
            sql!(
                "SELECT :a,:b,:c,:d,:e,:f,:g,:h,:i,:j,:k",
                a = 1,
                b = 1,
                c = 1,
                d = 1,
                e = 1,
                f = 1,
                g = 1,
                h = 1,
                i = 1,
                j = 1,
                k = 1
            )
            .sql,
            named(many).0,
        );
    }

    #[test]
    fn names_stand_only_where_code_is() {
        for (sql, numbered, names) in [
            ("SELECT now()::date, :day::date", "SELECT now()::date, $1::date", vec!["day"]),
            ("SELECT ':a', 'it''s :a', :b", "SELECT ':a', 'it''s :a', $1", vec!["b"]),
            (r"SELECT E'\':a', e'\\', :b", r"SELECT E'\':a', e'\\', $1", vec!["b"]),
            (r"SELECT '\', :b", r"SELECT '\', $1", vec!["b"]),
            ("SELECT \":a\", :b", "SELECT \":a\", $1", vec!["b"]),
            ("-- :a\nSELECT :b -- :c", "-- :a\nSELECT $1 -- :c", vec!["b"]),
            ("/* :a /* :a */ :a */ SELECT :b", "/* :a /* :a */ :a */ SELECT $1", vec!["b"]),
            ("SELECT $$:a$$, $x$ $$ :a $x$, :b", "SELECT $$:a$$, $x$ $$ :a $x$, $1", vec!["b"]),
            ("SELECT a[1:2], a[lo:hi], a[f(1):n]", "SELECT a[1:2], a[lo:hi], a[f(1):n]", vec![]),
            ("SELECT ARRAY[:a, :b], a - :a", "SELECT ARRAY[$1, $2], a - $1", vec!["a", "b"]),
            ("SELECT f(a := 1, b => :b)", "SELECT f(a := 1, b => $1)", vec!["b"]),
            ("SELECT e, :e'', :b", "SELECT e, $1'', $2", vec!["e", "b"]),
            ("SELECT 'ü:a', ü, :b", "SELECT 'ü:a', ü, $1", vec!["b"]),
            ("SELECT ':a", "SELECT ':a", vec![]),
        ] {
            assert_eq!(named(sql), (numbered.to_owned(), names), "{sql}");
        }
    }

    #[test]
    #[should_panic(expected = "a parameter has a number")]
    fn a_parameter_without_a_name_is_refused() {
        named("SELECT $1");
    }

    #[test]
    #[should_panic(expected = "no value is given for :flat")]
    fn a_missing_value_is_named() {
        length("SELECT :flat, :caller", &["caller"]);
    }

    #[test]
    #[should_panic(expected = "the statement has no such parameter, or it is given twice: flt")]
    fn a_misspelt_name_is_named() {
        length("SELECT :caller", &["caller", "flt"]);
    }

    #[test]
    #[should_panic(expected = "given twice: caller")]
    fn a_value_given_twice_is_named() {
        length("SELECT :caller", &["caller", "caller"]);
    }
}
