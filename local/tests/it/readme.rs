//! What the README has a newcomer paste into a shell, and who it says is there.

use std::collections::BTreeSet;

use serde_json::Value;
use stack::{Seed, Stack, checkout};
use tasks::readme;
use tokio::process::Command;

use crate::support::{Scratch, logs, shell};

/// The five lines take a visitor from the gate to the check-in, in both shells and with a curl of 2019.
#[tokio::test]
async fn the_flow_of_the_readme_checks_a_visitor_in() {
    logs::watch();
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let lines = readme::flow(stack.base_url());
    assert_eq!(lines.lines().count(), 5, "{lines}");
    let home = Scratch::new();
    let path = shell::old_curl(home.path());
    for shell in shell::shells() {
        let mut shell = Command::from(shell);
        let ran = shell.args(["-euo", "pipefail", "-c", &lines]).env("PATH", &path).output().await.unwrap();
        assert!(ran.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&ran.stderr));
        let answers = serde_json::Deserializer::from_slice(&ran.stdout).into_iter::<Value>();
        let answers: Vec<Value> = answers.map(|answer| answer.unwrap()["data"].take()).collect();
        let [pending, answered, visit] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(pending[0]["visitor_name"], "Kiran");
        assert_eq!(answered["status"], "accepted");
        assert_eq!(visit["visitor_id"], pending[0]["id"]);
        assert!(visit["checkin_time"].is_string() && visit["checkout_time"].is_null());
    }
}

/// What else is to be pasted can be read by both shells.
#[test]
fn the_lines_of_the_readme_are_those_of_a_shell() {
    let text = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("    ")).collect();
    assert!(lines.len() > 9, "{lines:?}");
    for mut shell in shell::shells() {
        let ran = shell.args(["-n", "-c", &lines.join("\n")]).output().unwrap();
        assert!(ran.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

/// A curl of 2019 does not take what came later, so the test above would notice it.
#[tokio::test]
async fn an_old_curl_knows_no_new_options() {
    let home = Scratch::new();
    let path = shell::old_curl(home.path());
    for (option, is_known) in [("--json", false), ("-Z", false), ("-s", true)] {
        let mut sh = Command::new("sh");
        let ran =
            sh.args(["-c", "curl $0 file:///dev/null", option]).env("PATH", &path).output().await.unwrap();
        assert_eq!(ran.status.code() != Some(2), is_known, "{option}");
    }
}

/// The table of people is the demo society's, and nobody is missing in it.
#[tokio::test]
async fn the_readme_lists_who_is_in_the_demo() {
    let stack = Stack::builder().seed(Seed::Demo).start().await.unwrap();
    let db = stack.database().await.unwrap();
    let text = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    let (_, section) = text.split_once("\n## Who lives in the demo\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();

    let mut listed = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `demo-")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let ["", uids, name, phone, part, ""] = cells[..] else { panic!("{row}") };
        let uids: Vec<&str> = uids.split('`').skip(1).step_by(2).collect();
        let first = db
            .query_one("SELECT id, name, phone FROM users WHERE firebase_uid = $1", &[&uids[0]])
            .await
            .unwrap();
        assert_eq!((name, phone.trim_matches('`')), (first.get(1), first.get(2)), "{row}");
        let is: String = db.query_one(PART, &[&first.get::<_, uuid::Uuid>(0)]).await.unwrap().get(0);
        assert_eq!(part, is, "{row}");
        // One, from the first to the last, or one of each flat.
        let of_flats = row.contains("in all 40 flats");
        let kind = uids[0].trim_end_matches(|c: char| c.is_ascii_digit());
        listed.extend(match (&uids[..], of_flats) {
            ([one], false) => vec![(*one).to_owned()],
            ([first, last], false) => {
                let number = |uid: &str| uid[kind.len()..].parse::<u32>().unwrap();
                (number(first)..=number(last)).map(|number| format!("{kind}{number}")).collect()
            }
            ([one], true) => {
                let flats = db.query("SELECT flat_number FROM flats", &[]).await.unwrap();
                assert_eq!(flats.len(), 40);
                flats.iter().map(|flat| one.replace("101", flat.get(0))).collect()
            }
            _ => panic!("{row}"),
        });
    }
    let users = db.query("SELECT firebase_uid FROM users", &[]).await.unwrap();
    let users: BTreeSet<String> = users.iter().map(|user| user.get(0)).collect();
    assert_eq!(listed, users);

    for flat in ["101", "102"] {
        let (_, rest) = section.split_once(&format!("lat {flat} is")).unwrap();
        let id = rest.split('`').nth(1).unwrap();
        let number = "SELECT flat_number FROM flats WHERE id::text = $1";
        assert_eq!(db.query_one(number, &[&id]).await.unwrap().get::<_, &str>(0), flat);
    }
    for (block, first, last) in [("Block A", "101", "504"), ("Block B", "601", "1004")] {
        let ends = db.query_one(ENDS, &[&block]).await.unwrap();
        assert_eq!((first, last), (ends.get(0), ends.get(1)), "{block}");
        assert!(section.contains(&format!("{first} to {last}")), "{block}");
    }
}

/// What a user is, in the words of the table.
const PART: &str = "SELECT CASE WHEN g.id IS NOT NULL THEN 'guard of ' || s.name
                                WHEN o.is_primary THEN o.role || ' of the flat'
                                WHEN o.id IS NOT NULL THEN 'second resident of the flat'
                                WHEN EXISTS (SELECT FROM role_assignments r WHERE r.user_id = u.id AND r.role = 'super_admin')
                                THEN 'admin of everything'
                                ELSE 'admin of ' || s.name END
    FROM users u LEFT JOIN guards g ON g.user_id = u.id LEFT JOIN flat_occupancies o ON o.user_id = u.id, societies s
   WHERE u.id = $1";
/// The first and the last flat of a block.
const ENDS: &str = "SELECT min(flat_number::int)::text, max(flat_number::int)::text
                      FROM flats f JOIN blocks b ON b.id = f.block_id WHERE b.name = $1";
