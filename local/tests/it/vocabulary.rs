//! The words of the domain are the same in Rust, in what the database checks, and in every statement.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use shared::{
    device::Platform,
    vocabulary::{
        AnsweredBy, Audience, Channel, CheckinMethod, DecidedBy, Decision, EmergencyStatus, LANGUAGES,
        MessageStatus, Purpose, RequestDecision, RequestStatus, RequestedRole, RoleName, ScopeType,
        TemplateApproval, TextChannel, VisitorStatus,
    },
};
use stack::{Stack, checkout};

use crate::statements::statements;

/// The words of columns, by `table.column`.
type Words = BTreeMap<String, BTreeSet<String>>;

/// Which words of Rust stand in which columns.
const IN_RUST: [(&[&str], &[&str]); 17] = [
    (&VisitorStatus::WORDS, &["visitors.status"]),
    (&DecidedBy::WORDS, &["visitors.decided_by"]),
    (&AnsweredBy::WORDS, &["visitor_approvals.decided_by"]),
    (&Decision::WORDS, &["visitor_approvals.decision"]),
    (&Channel::WORDS, &["deliveries.channel", "escalation_steps.channel", "notification_logs.channel"]),
    (&TextChannel::WORDS, &["message_templates.channel"]),
    (&Audience::WORDS, &["escalation_steps.audience"]),
    (&TemplateApproval::WORDS, &["message_templates.approval"]),
    (&MessageStatus::WORDS, &["notification_logs.status"]),
    (&RoleName::WORDS, &["role_assignments.role"]),
    (&ScopeType::WORDS, &["role_assignments.scope_type"]),
    (
        &RequestedRole::WORDS,
        &[
            "resident_requests.requested_role",
            "flat_occupancies.role",
            "resident_claims.occupancy_role",
            "csv_import_rows.role",
        ],
    ),
    (&RequestStatus::WORDS, &["resident_requests.status"]),
    (&RequestDecision::WORDS, &["resident_request_approvals.decision"]),
    (&EmergencyStatus::WORDS, &["emergencies.status"]),
    (&LANGUAGES, &["users.language"]),
    (&[Platform::Ios.as_str(), Platform::Android.as_str(), Platform::Web.as_str()], &["devices.platform"]),
];
/// Columns whose words nothing outside of the database names.
const OF_SQL_ALONE: [&str; 4] =
    ["deliveries.turn", "policies.value", "put_off.work", "resident_claims.source"];
/// Columns that no constraint bounds, since others do so before, or since they may hold other words as well.
const UNCHECKED: [(&str, &[&str]); 6] = [
    ("notifications.status", &MessageStatus::WORDS),
    ("notifications.channel", &Channel::WORDS),
    ("live_role_assignments.role", &RoleName::WORDS),
    ("visitors.purpose", &Purpose::WORDS),
    ("visits.checkin_method", &CheckinMethod::WORDS),
    ("dispatcher_turns.work", &["push", "send", "wait", "watch"]),
];
/// A status that is none of a row: there are too many requests to make one.
const OF_NO_ROW: (&str, &str) = ("functions/residents/src/ensure_occupancy.sql", "too_many");

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The words of each column that a constraint bounds to some.
async fn checked(stack: &Stack) -> Words {
    let db = stack.database().await.unwrap();
    let constraints = "SELECT r.relname::text, c.conname::text, pg_get_constraintdef(c.oid)
          FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
         WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace AND NOT r.relispartition";
    let mut found = Words::new();
    for row in db.query(constraints, &[]).await.unwrap() {
        let (table, name, definition): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let tokens = tokens(&definition);
        // One bounds both columns of a role.
        let of_pairs = name == "role_assignments_scope_check";
        for (place, token) in tokens.iter().enumerate() {
            let Token::Word(column) = token else { continue };
            let words = match &tokens[place + 1..] {
                [
                    Token::Sign('='),
                    Token::Word(any),
                    Token::Sign('('),
                    Token::Word(array),
                    Token::Sign('['),
                    list @ ..,
                ] if any == "ANY" && array == "ARRAY" => texts(list),
                [Token::Sign('='), Token::Text(word), ..] if of_pairs => vec![word.clone()],
                _ => continue,
            };
            found.entry(format!("{table}.{column}")).or_default().extend(words);
        }
    }
    // Those of visitors are checked by a trigger, but for their status.
    let trigger = "SELECT prosrc FROM pg_proc WHERE oid = 'check_visitor'::regproc";
    let trigger: String = db.query_one(trigger, &[]).await.unwrap().get(0);
    let tokens = tokens(&trigger);
    for (place, token) in tokens.iter().enumerate() {
        let (Token::Word(name), [not, within, Token::Sign('('), list @ ..]) = (token, &tokens[place + 1..])
        else {
            continue;
        };
        if let (Some(column), true, true) = (name.strip_prefix("NEW."), not.is("NOT"), within.is("IN")) {
            found.entry(format!("visitors.{column}")).or_default().extend(texts(list));
        }
    }
    found
}

/// What Rust knows of a column is what the database lets into it. A column that a migration bounds to some words is named
/// here until the vocabulary has them.
#[tokio::test]
async fn rust_and_the_database_know_the_same_words() {
    let mut there = checked(&Stack::start().await.unwrap()).await;
    for (words, columns) in IN_RUST {
        for column in columns {
            assert_eq!(there.remove(*column), Some(set(words)), "{column}");
        }
    }
    for column in OF_SQL_ALONE {
        assert!(there.remove(column).is_some(), "{column} is not bounded");
    }
    assert!(there.is_empty(), "no words in Rust: {there:#?}");
}

/// The usual words of a purpose and of a way to check in are those that stay when a visitor's data are removed.
#[test]
fn the_usual_words_are_kept() {
    let function = fs::read_to_string(checkout().join("migrations/functions/strip_visitor.sql")).unwrap();
    let kept = |column: &str| {
        let (_, after) = function.split_once(&format!("lower({column}) = ANY ('{{")).unwrap();
        set(&after.split_once("}')").unwrap().0.split(',').collect::<Vec<_>>())
    };
    assert_eq!(kept("purpose"), set(&Purpose::WORDS));
    assert_eq!(kept("checkin_method"), set(&CheckinMethod::WORDS));
}

/// A state, a role, a channel that a statement names is one that its column can hold.
#[tokio::test]
async fn statements_name_words_that_there_are() {
    let mut words = checked(&Stack::start().await.unwrap()).await;
    words.extend(UNCHECKED.map(|(column, known)| (column.to_owned(), set(known))));
    let mut texts = statements();
    for entry in fs::read_dir(checkout().join("migrations/functions")).unwrap() {
        let path = entry.unwrap().path();
        texts.push((path.file_name().unwrap().display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    let (mut wrong, mut named) = (Vec::new(), 0);
    for (place, text) in &texts {
        let known = Known::of(&words, &tokens(text));
        for (column, word) in comparisons(&tokens(text)) {
            let Some(allowed) = known.words(&column) else { continue };
            named += 1;
            if !allowed.contains(word.as_str()) && (place.as_str(), word.as_str()) != OF_NO_ROW {
                wrong.push(format!("{place}: {column} is never '{word}', but one of {allowed:?}"));
            }
        }
    }
    assert!(named > 150, "only {named} words were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a wrong word looks like is seen, so that the test above can fail.
#[test]
fn a_word_that_is_none_is_seen() {
    let words: Words = [("visitors.status", "pending"), ("emergencies.status", "resolved")]
        .map(|(column, word)| (column.to_owned(), set(&[word])))
        .into();
    for (text, wrong) in [
        ("SELECT FROM visitors v WHERE v.status = 'pending'", None),
        ("SELECT FROM visitors v WHERE v.status = 'resolved'", Some("resolved")),
        (
            "SELECT FROM visitors AS v, emergencies e WHERE v.status <> 'resolved' AND e.status = 'resolved'",
            Some("resolved"),
        ),
        ("SELECT FROM visitors WHERE status NOT IN ('pending', 'gone') -- status = 'x'", Some("gone")),
        (
            "SELECT CASE p_status WHEN 'pending' THEN CASE 1 WHEN 'no' THEN 1 END WHEN 'gone' THEN 2 END",
            Some("gone"),
        ),
        ("SELECT jsonb_build_object('id', 'gone', 'status', 'lost')", Some("lost")),
        ("UPDATE emergencies SET status = 'resolved'", None),
        ("UPDATE emergencies SET status = 'pending'", Some("pending")),
        ("SELECT 'gone' AS status, (t.visitor).status IS DISTINCT FROM 'pending'", Some("gone")),
        ("SELECT coalesce(v.status, 'none') FROM visitors v", Some("none")),
    ] {
        let (tokens, mut found) = (tokens(text), Vec::new());
        let known = Known::of(&words, &tokens);
        found.extend(comparisons(&tokens).into_iter().filter(|(column, word)| {
            known.words(column).is_some_and(|allowed| !allowed.contains(word.as_str()))
        }));
        assert_eq!(found.first().map(|(_, word)| word.as_str()), wrong, "{text}: {found:?}");
        assert!(found.len() < 2, "{text}: {found:?}");
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    /// A name, with what qualifies it, or a keyword.
    Word(String),
    /// A literal.
    Text(String),
    Sign(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

/// A statement without its comments and casts.
fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let word = &rest[..rest.find(|c| !in_word(c)).unwrap_or(rest.len())];
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(cast) = rest.strip_prefix("::") {
            cast.trim_start_matches(in_word).trim_start_matches("[]")
        } else if let Some(text) = rest.strip_prefix('\'') {
            let (text, after) = text.split_once('\'').unwrap_or((text, ""));
            found.push(Token::Text(text.to_owned()));
            after
        } else if !word.is_empty() {
            found.push(Token::Word(word.to_owned()));
            &rest[word.len()..]
        } else {
            if !first.is_whitespace() && first != ':' {
                found.push(Token::Sign(first));
            }
            &rest[first.len_utf8()..]
        };
    }
    found
}

/// The literals at the beginning of a list.
fn texts(list: &[Token]) -> Vec<String> {
    let inside = list.iter().take_while(|token| matches!(token, Token::Text(_) | Token::Sign(',')));
    inside.filter_map(|token| if let Token::Text(text) = token { Some(text.clone()) } else { None }).collect()
}

/// Each name and each literal that it is compared with, set to, or answered as.
fn comparisons(tokens: &[Token]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    // What stands before each parenthesis that is open.
    let mut open: Vec<&str> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let after = &tokens[place + 1..];
        let before = |back: usize| place.checked_sub(back).and_then(|place| tokens.get(place));
        match token {
            Token::Sign('(') => open.push(match before(1) {
                Some(Token::Word(word)) => word,
                _ => "",
            }),
            Token::Sign(')') => drop(open.pop()),
            Token::Word(name) => {
                let words = match after {
                    [Token::Sign('='), Token::Text(word), ..]
                    | [Token::Sign('<'), Token::Sign('>'), Token::Text(word), ..] => vec![word.clone()],
                    [is, distinct, from, Token::Text(word), ..]
                        if is.is("IS") && distinct.is("DISTINCT") && from.is("FROM") =>
                    {
                        vec![word.clone()]
                    }
                    [within, Token::Sign('('), list @ ..] if within.is("IN") => texts(list),
                    [not, within, Token::Sign('('), list @ ..] if not.is("NOT") && within.is("IN") => {
                        texts(list)
                    }
                    [Token::Sign(','), Token::Text(word), ..]
                        if open.last().is_some_and(|word| word.eq_ignore_ascii_case("coalesce")) =>
                    {
                        vec![word.clone()]
                    }
                    _ if before(1).is_some_and(|word| word.is("CASE")) => cases(after),
                    _ => match (before(2), before(1)) {
                        (Some(Token::Text(word)), Some(under)) if under.is("AS") => vec![word.clone()],
                        _ => Vec::new(),
                    },
                };
                found.extend(words.into_iter().map(|word| (name.clone(), word)));
            }
            Token::Text(key) => {
                let is_key = matches!(before(1), Some(Token::Sign('(' | ',')))
                    && open.last().is_some_and(|word| word.ends_with("build_object"));
                if let (true, [Token::Sign(','), Token::Text(word), ..]) = (is_key, after) {
                    found.push((key.clone(), word.clone()));
                }
            }
            Token::Sign(_) => {}
        }
    }
    found
}

/// The literals of a `CASE`, from behind what they are compared with.
fn cases(tokens: &[Token]) -> Vec<String> {
    let (mut found, mut depth) = (Vec::new(), 0);
    for pair in tokens.windows(2) {
        match pair {
            [when, Token::Text(word)] if depth == 0 && when.is("WHEN") => found.push(word.clone()),
            [case, _] if case.is("CASE") => depth += 1,
            [end, _] if end.is("END") && depth == 0 => break,
            [end, _] if end.is("END") => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The words of columns as one statement calls them.
struct Known<'a> {
    words: &'a Words,
    /// Tables of the statement, with the names that they have there.
    tables: Vec<(&'a str, String)>,
}

impl<'a> Known<'a> {
    fn of(words: &'a Words, tokens: &[Token]) -> Self {
        let mut tables = Vec::new();
        let names: BTreeSet<_> = words.keys().filter_map(|column| Some(column.split_once('.')?.0)).collect();
        for (place, token) in tokens.iter().enumerate() {
            let Some(table) = names.iter().find(|table| token.is(table)) else { continue };
            tables.push((*table, (*table).to_owned()));
            let after: Vec<_> = tokens[place + 1..].iter().filter(|token| !token.is("AS")).take(1).collect();
            let before = place.checked_sub(1).map(|place| &tokens[place]);
            // `visitors v` in a statement, `v visitors` where a function declares it.
            for near in after.into_iter().chain(before) {
                if let Token::Word(alias) = near {
                    tables.push((*table, alias.clone()));
                }
            }
        }
        Self { words, tables }
    }

    /// What the column may hold: of its table where its name says which, or else of all tables that it may be of.
    fn words(&self, name: &str) -> Option<BTreeSet<&str>> {
        let (of, column) = name.rsplit_once('.').unwrap_or(("", name));
        let column = ["p_", "v_"].iter().find_map(|prefix| column.strip_prefix(prefix)).unwrap_or(column);
        let among = |tables: Vec<&str>| {
            let columns = tables.into_iter().filter_map(|table| self.words.get(&format!("{table}.{column}")));
            let words: BTreeSet<&str> = columns.flatten().map(String::as_str).collect();
            (!words.is_empty()).then_some(words)
        };
        let named = self.tables.iter().filter(|(_, alias)| alias == of).map(|(table, _)| *table).collect();
        let here = self.tables.iter().map(|(table, _)| *table).collect();
        let all = self.words.keys().filter_map(|column| Some(column.split_once('.')?.0)).collect();
        among(named).or_else(|| among(here)).or_else(|| among(all))
    }
}
