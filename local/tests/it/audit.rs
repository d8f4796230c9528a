//! The audit is a chain: a row that is changed, removed or inserted is noticed, and the row is named.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
    sync::Arc,
};

use futures_util::future::join_all;
use gateway::Outcome;
use serde_json::{Value, json};
use stack::checkout;
use tasks::{
    Error,
    audit::{Audit, Task},
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::support::{
    Dice, World, logs,
    world::{BLUE_FLAT, GREEN_ACRES},
};

const SCRIPT: &str = "docs/snippets/python/verify_audit.py";
/// Runs the script on one case after the other: a line of its arguments and its input for each.
const MANY: &str = "import contextlib, io, json, sys
code = compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')
for case in sys.stdin:
    sys.argv[1:], text = json.loads(case)
    kept, sys.stdin, said, status = sys.stdin, io.StringIO(text), io.StringIO(), None
    with contextlib.redirect_stdout(said):
        try:
            exec(code, {'__name__': '__main__'})
        except SystemExit as end:
            status = end.code
    sys.stdin = kept
    print(json.dumps([status, said.getvalue()]))
";

impl World {
    /// A visitor comes and goes, residents do what they do, and somebody is answered no.
    async fn spend_a_day(&self) {
        let visitor = self.log_visitor().await;
        self.answer(visitor, "accept").await;
        let visit = self.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
        self.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
        let denied = self.log_visitor().await;
        self.answer(denied, "deny").await;
        self.make_pass().await;
        self.resident.post("/v1/notification-preferences", json!({"whatsapp": true})).await.data(200);
        let blue = json!({"visitor_name": "Zubin", "phone": "9876543211", "flat_id": BLUE_FLAT});
        self.blue_guard.post("/v1/visitors", blue).await.data(201);
    }

    /// So many rows of Green Acres.
    async fn write_audit(&self, rows: i32) {
        let write = "INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, request_id, details)
             SELECT $1, 'visitor.create', 'visitor', gen_random_uuid(), $2, 'r' || n,
                    jsonb_build_object('n', n, 'text', E'ü \"\\\\ \\n ' || chr(128578), 'x', 0.10, 'list', jsonb_build_array(n, null))
               FROM generate_series(1, $3) AS n";
        self.db.execute(write, &[&self.guard.user_id, &GREEN_ACRES, &rows]).await.unwrap();
    }

    /// What `verify_audit` says of all of Green Acres.
    async fn verify(&self, anchor: Option<(i64, &[u8])>) -> Value {
        verify(&self.db, anchor).await
    }

    async fn command(&self, task: Task, chain: Option<Uuid>) -> Result<(), Error> {
        Audit { task, chain, port: 0, database: Some(self.stack.database_url()) }.run(|_| ()).await
    }

    /// The export of Green Acres by its admin, in pages of this many rows.
    async fn export(&self, limit: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        loop {
            let path = format!(
                "/v1/admin/audit/export?society_id={GREEN_ACRES}&limit={limit}&after={}",
                lines.len()
            );
            let reply = self.admin.get(&path).await;
            assert_eq!(reply.headers["content-type"], "application/x-ndjson");
            assert_eq!(reply.status, 200);
            // A page of one line is read as the JSON that it is.
            let text = reply.body.as_str().map_or_else(|| reply.body.to_string(), str::to_owned);
            let page: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.extend(page.iter().cloned());
            if page.len() < limit {
                return lines;
            }
        }
    }
}

async fn verify(db: &Client, anchor: Option<(i64, &[u8])>) -> Value {
    let verify = "SELECT verify_audit($1, 0, NULL, NULL, 100000, $2, $3)";
    let (seq, hash) = anchor.unzip();
    db.query_one(verify, &[&GREEN_ACRES, &seq, &hash]).await.unwrap().get(0)
}

/// What the script says of each case: whether all is well, and its words.
fn script(cases: &[(Vec<String>, String)]) -> Vec<(bool, String)> {
    let mut python = Command::new("python3")
        .args(["-c", MANY])
        .arg(checkout().join(SCRIPT))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script of the operators runs with Python 3: please install it");
    let mut input = python.stdin.take().unwrap();
    let lines: String = cases.iter().map(|case| json!(case).to_string() + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.lines().map(|line| serde_json::from_str::<(i32, String)>(line).unwrap());
    let said: Vec<_> = said.map(|(status, text)| (status == 0, text)).collect();
    assert_eq!(said.len(), cases.len());
    said
}

fn anchor_of(line: &str) -> String {
    let row: Value = serde_json::from_str(line).unwrap();
    let content: Value = serde_json::from_str(row["content"].as_str().unwrap()).unwrap();
    format!("{}:{}", content["seq"], row["hash"].as_str().unwrap())
}

/// The whole file, as it comes from a shell.
#[tokio::test]
async fn what_a_day_wrote_is_chained_and_can_be_verified_by_anyone() {
    let world = World::open().await;
    world.spend_a_day().await;
    let unchained =
        "SELECT count(*) FROM audit_logs a LEFT JOIN audit_chain c ON c.audit_id = a.id WHERE c.seq IS NULL";
    assert_eq!(world.count(unchained).await, 0);
    let rows =
        world.count(&format!("SELECT count(*) FROM audit_logs WHERE society_id = '{GREEN_ACRES}'")).await;
    assert_eq!(rows, 7);

    let path = format!("/v1/admin/audit/verify?society_id={GREEN_ACRES}");
    let verified = world.admin.get(&path).await.data(200);
    assert_eq!((&verified["verified"], &verified["seq"]), (&json!(true), &json!(rows)));
    let anchor = format!("{}:{}", verified["seq"], verified["hash"].as_str().unwrap());
    let again = world.super_admin.get(&format!("{path}&anchor={anchor}")).await.data(200);
    assert_eq!((&again["verified"], &again["anchor"]), (&json!(true), &json!("matches")));

    let lines = world.export(3).await;
    assert_eq!(lines[..7].len(), 7);
    // Who read it is a row of it.
    assert!(lines.iter().any(|line| line.contains("audit.export")));
    let told = script(&[(vec![anchor.clone()], lines.join("\n"))]);
    assert!(
        told[0].0 && told[0].1.contains(&format!("{GREEN_ACRES}: verified up to {}", lines.len())),
        "{told:?}"
    );

    // Pages go on where the one before has ended.
    let mut cursor = String::new();
    let (mut checked, mut pages) = (0, 0);
    loop {
        let page = world.admin.get(&format!("{path}&limit=2&anchor={anchor}{cursor}")).await.data(200);
        assert_eq!(page["verified"], true, "{page}");
        checked += page["checked"].as_i64().unwrap();
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(
        checked,
        world.count(&format!("SELECT count(*) FROM audit_chain WHERE chain = '{GREEN_ACRES}'")).await
    );
    assert!(pages > 3);
    world.command(Task::Verify { anchor: None }, None).await.unwrap();
    world.command(Task::Export, Some(GREEN_ACRES)).await.unwrap();
}

/// A partition that the janitor makes has the trigger, and rows that move into it keep their place in the chain.
#[tokio::test]
async fn a_month_that_is_made_later_is_in_the_chain() {
    let world = World::open().await;
    let write = format!(
        "INSERT INTO audit_logs (created_at, action, resource_type, society_id) VALUES (now() + interval '1 year', 'x', 'x', '{GREEN_ACRES}')"
    );
    world.db.batch_execute(&write).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM audit_logs_default").await, 1);
    world.stack.lambda().invoke("janitor", "{}".to_owned()).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM audit_logs_default").await, 0);
    world.db.batch_execute(&write).await.unwrap();
    let said = world.verify(None).await;
    assert_eq!((&said["verified"], &said["seq"]), (&json!(true), &json!(2)));
}

/// A column that is in no hash could be changed by anyone.
#[tokio::test]
async fn each_column_of_the_audit_is_hashed() {
    let world = World::open().await;
    world.write_audit(1).await;
    let content: String =
        world.db.query_one("SELECT content FROM audit_page($1, 0, 1)", &[&GREEN_ACRES]).await.unwrap().get(0);
    let content: Value = serde_json::from_str(&content).unwrap();
    let hashed: BTreeSet<String> = content.as_object().unwrap().keys().cloned().collect();
    let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'audit_logs'::regclass AND attnum > 0 AND NOT attisdropped";
    let rows = world.db.query(columns, &[]).await.unwrap();
    let columns: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let of_the_chain = ["chain", "prev", "seq"].map(str::to_owned).into();
    assert_eq!(hashed.difference(&columns).cloned().collect::<BTreeSet<_>>(), of_the_chain);
    assert!(columns.is_subset(&hashed), "{columns:?}");
}

/// A day in India, a German date and short numbers are matters of a session, not of what was written.
#[tokio::test]
async fn a_hash_is_the_same_in_every_session() {
    let world = World::open().await;
    let odd = "SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'German, DMY'; SET IntervalStyle = 'iso_8601';
               SET bytea_output = 'escape'; SET extra_float_digits = -10; SET standard_conforming_strings = off";
    world.write_audit(3).await;
    world.db.batch_execute(odd).await.unwrap();
    world.write_audit(3).await;
    assert_eq!(world.verify(None).await["verified"], true);
    world.db.batch_execute("RESET ALL").await.unwrap();
    let said = world.verify(None).await;
    assert_eq!((&said["verified"], &said["checked"]), (&json!(true), &json!(6)));
    let lines = world.export(100).await;
    assert!(script(&[(vec![], lines.join("\n"))])[0].0);
}

/// Of a thousand, each is found by the script alone, and the row is named.
#[tokio::test]
async fn each_change_of_an_export_is_named() {
    let world = World::open().await;
    world.write_audit(40).await;
    let lines = world.export(100).await;
    let anchor = anchor_of(lines.last().unwrap());
    let mut dice = Dice(16);
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    while cases.len() < 1000 {
        let (file, named) = forge(&lines, &mut dice);
        if file != lines {
            cases.push((vec![anchor.clone()], file.join("\n")));
            expected.push(named);
        }
    }
    for ((whole, said), ((_, file), named)) in script(&cases).into_iter().zip(cases.iter().zip(&expected)) {
        assert!(!whole, "not noticed: {file}");
        assert!(
            said.lines().any(|line| named.iter().any(|n| line.starts_with(&format!("row {n} ")))),
            "{named:?} is not named in {said}"
        );
    }
    // Without a noted hash the end can be cut off, and with it that is noticed.
    let cut = lines[..30].join("\n");
    let told = script(&[(vec![], cut.clone()), (vec![anchor.clone()], cut)]);
    assert!(told[0].0 && !told[1].0 && told[1].1.contains("row 40 is missing"), "{told:?}");
    // A later part stands on a noted hash, and not on nothing.
    let part = lines[10..].join("\n");
    let told = script(&[(vec![anchor_of(&lines[9])], part.clone()), (vec![anchor], part)]);
    assert!(told[0].0 && !told[1].0 && told[1].1.contains("row 10 is missing"), "{told:?}");
}

/// The lines with one thing done to them, and the numbers of which one has to be named.
fn forge(lines: &[String], dice: &mut Dice) -> (Vec<String>, Vec<usize>) {
    let mut file = lines.to_vec();
    let at = dice.roll(file.len());
    let mut row: Value = serde_json::from_str(&file[at]).unwrap();
    let mut content: Value = serde_json::from_str(row["content"].as_str().unwrap()).unwrap();
    let hashed = |content: &Value| {
        use sha2::{Digest, Sha256};
        let text = content.to_string();
        let hash: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "content": text, "hash": hash }).to_string()
    };
    let mut named = vec![at + 1];
    match dice.roll(9) {
        0 => {
            let fields: Vec<String> = content.as_object().unwrap().keys().cloned().collect();
            let field = &fields[dice.roll(fields.len())];
            content[field] = if dice.roll(2) == 0 { Value::Null } else { json!("another") };
            row["content"] = content.to_string().into();
            file[at] = row.to_string();
        }
        1 => {
            file.remove(at);
        }
        2 => {
            let other = dice.roll(file.len());
            file.swap(at, other);
            named.push(other + 1);
        }
        3 => {
            let other = dice.roll(file.len());
            file.insert(other, file[at].clone());
        }
        4 => {
            content["seq"] = json!(dice.roll(60));
            row["content"] = content.to_string().into();
            file[at] = row.to_string();
        }
        5 => {
            content["action"] = json!("visitor.forged");
            file[at] = hashed(&content);
        }
        6 => {
            // One more, that fits to the row before it.
            content["resource_id"] = json!(Uuid::new_v4());
            file.insert(at, hashed(&content));
        }
        7 => {
            let mut text: Vec<char> = file[at].chars().collect();
            let place = dice.roll(text.len());
            text[place] = dice.pick(&['0', 'a', 'Z', '"', '}', ' ', 'é']);
            file[at] = text.into_iter().collect();
            // White space between its two parts is no part of a line's meaning.
            if serde_json::from_str::<Value>(&file[at]).ok() == serde_json::from_str(&lines[at]).ok() {
                file[at] = lines[at].clone();
            }
        }
        _ => {
            row["comment"] = json!("all is well");
            file[at] = row.to_string();
        }
    }
    (file, named)
}

/// The owner of the tables does one thing, and it is named, a thousand times. The trigger fires at a commit, of which there
/// is none.
#[tokio::test]
async fn each_change_in_the_database_is_named() {
    let world = World::open().await;
    world.write_audit(40).await;
    let head = world
        .db
        .query_one("SELECT seq, hash FROM audit_heads WHERE chain = $1", &[&GREEN_ACRES])
        .await
        .unwrap();
    let (last, hash): (i64, Vec<u8>) = (head.get(0), head.get(1));
    assert_eq!(world.verify(Some((last, &hash))).await["verified"], true);
    let mut dice = Dice(17);
    let row = "id = (SELECT audit_id FROM audit_chain WHERE chain = '{chain}' AND seq = {n})";
    for _ in 0..1000 {
        let n = dice.roll(40) + 1;
        let (change, inserts) = match dice.roll(16) {
            0 => ("UPDATE audit_logs SET actor_user_id = NULL WHERE {row}", false),
            1 => ("UPDATE audit_logs SET action = action || '.' WHERE {row}", false),
            2 => ("UPDATE audit_logs SET resource_id = gen_random_uuid() WHERE {row}", false),
            3 => ("UPDATE audit_logs SET request_id = NULL WHERE {row}", false),
            4 => ("UPDATE audit_logs SET details = details || '{\"n\": -1}' WHERE {row}", false),
            5 => ("UPDATE audit_logs SET created_at = created_at + interval '1 microsecond' WHERE {row}", false),
            6 => ("UPDATE audit_logs SET society_id = '11111111-1111-1111-1111-1111111111b2' WHERE {row}", false),
            7 => ("DELETE FROM audit_logs WHERE {row}", false),
            8 => ("DELETE FROM audit_chain WHERE chain = '{chain}' AND seq = {n}", false),
            9 => ("DELETE FROM audit_logs WHERE {row}; DELETE FROM audit_chain WHERE chain = '{chain}' AND seq = {n}", false),
            10 => ("UPDATE audit_chain SET seq = seq + 1000 WHERE chain = '{chain}' AND seq = {n}", false),
            11 => ("UPDATE audit_chain SET hash = sha256(hash) WHERE chain = '{chain}' AND seq = {n}", false),
            12 => ("UPDATE audit_chain SET prev = sha256(prev) WHERE chain = '{chain}' AND seq = {n}", false),
            13 => (
                "UPDATE audit_logs SET details = '{}' WHERE {row};
                 UPDATE audit_chain c SET hash = sha256(convert_to(p.content, 'UTF8'))
                   FROM audit_page('{chain}', {n} - 1, 1) p WHERE c.chain = '{chain}' AND c.seq = {n}",
                false,
            ),
            14 => (
                "UPDATE audit_chain SET seq = -seq WHERE chain = '{chain}' AND seq IN ({n}, 41 - {n});
                 UPDATE audit_chain SET seq = 41 + seq WHERE chain = '{chain}' AND seq < 0",
                false,
            ),
            _ => (
                "INSERT INTO audit_logs (created_at, actor_user_id, action, resource_type, society_id)
                 SELECT created_at, actor_user_id, 'visitor.inserted', 'visitor', society_id FROM audit_logs WHERE {row}",
                true,
            ),
        };
        let change = change.replace("{row}", row);
        let change = change.replace("{chain}", &GREEN_ACRES.to_string()).replace("{n}", &n.to_string());
        world.db.batch_execute(&format!("BEGIN; {change}")).await.unwrap();
        let said = world.verify(Some((last, &hash))).await;
        world.db.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(said["verified"], false, "{change}");
        let found = said["problems"].as_array().unwrap();
        let names = |problem: &Value| {
            let to = problem["to_seq"].as_u64().or(problem["seq"].as_u64());
            problem["seq"].as_u64().is_some_and(|from| (from..=to.unwrap()).contains(&(n as u64)))
                || inserts && problem["kind"] == "inserted" && problem["audit_id"].is_string()
        };
        assert!(found.iter().any(names), "{n} is not named in {said}: {change}");
    }
    assert_eq!(world.verify(Some((last, &hash))).await["verified"], true);
}

/// What was written past the trigger, at whatever time, is named, and once, however small the pages are.
#[tokio::test]
async fn a_row_past_the_chain_is_named_once() {
    let world = World::open().await;
    world.write_audit(9).await;
    let insert = "BEGIN; ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_chain;
         INSERT INTO audit_logs (created_at, action, resource_type, society_id)
         SELECT t.at, 'forged', 'x', a.society_id
           FROM audit_logs a, unnest(ARRAY[a.created_at, '-infinity', 'infinity', a.created_at + interval '1 day']) AS t (at)
          WHERE a.details ->> 'n' = '4';
         ALTER TABLE audit_logs ENABLE TRIGGER audit_logs_chain; COMMIT;
         UPDATE audit_chain SET created_at = 'infinity' WHERE seq = 3";
    world.db.batch_execute(insert).await.unwrap();
    for limit in [1, 2, 4, 10_000] {
        let path = format!("/v1/admin/audit/verify?society_id={GREEN_ACRES}&limit={limit}");
        let (mut cursor, mut found) = (String::new(), Vec::new());
        loop {
            let page = world.admin.get(&format!("{path}{cursor}")).await.data(200);
            found.extend(page["problems"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let of = |kind: &str| found.iter().filter(|problem| problem["kind"] == kind).collect::<Vec<_>>();
        assert_eq!((of("inserted").len(), of("removed").len(), found.len()), (4, 1, 5), "{limit}: {found:?}");
        assert_eq!(of("removed")[0]["seq"], 3);
    }
}

/// The owner of the tables can write all of it anew; what was noted elsewhere says so. So it is noted daily.
#[tokio::test]
async fn a_rewrite_is_shown_by_what_the_janitor_said_in_the_log() {
    let world = World::open().await;
    world.write_audit(5).await;
    let clean = || async { world.stack.lambda().invoke("janitor", "{}".to_owned()).await.unwrap() };
    assert_eq!(clean().await, Outcome::Answered("null".to_owned()));
    let hash: String = world
        .db
        .query_one("SELECT encode(hash, 'hex') FROM audit_heads WHERE chain = $1", &[&GREEN_ACRES])
        .await
        .unwrap()
        .get(0);
    let noted = logs::lines_with(&format!("5:{hash}"));
    assert_eq!(noted.len(), 1);
    let noted: Value = serde_json::from_str(&noted[0]).unwrap();
    assert_eq!(noted["audit_anchor"]["chain"], json!(GREEN_ACRES));
    let anchor = noted["audit_anchor"]["anchor"].as_str().unwrap();
    // It is said once a day, and only where something was added.
    world.write_audit(1).await;
    clean().await;
    let days = || world.count("SELECT seq FROM audit_anchors");
    assert_eq!(days().await, 5);
    world.db.batch_execute("UPDATE audit_anchors SET anchored_at = now() - interval '1 day'").await.unwrap();
    clean().await;
    assert_eq!(days().await, 6);

    // The last two rows are as somebody wishes, and the head, too.
    let rewrite = "BEGIN;
         UPDATE audit_logs SET action = 'nothing' WHERE id IN (SELECT audit_id FROM audit_chain WHERE seq = 5);
         UPDATE audit_chain SET hash = (SELECT sha256(convert_to(content, 'UTF8')) FROM audit_page(chain, 4, 1)) WHERE seq = 5;
         UPDATE audit_chain SET prev = (SELECT hash FROM audit_chain WHERE seq = 5) WHERE seq = 6;
         UPDATE audit_chain SET hash = (SELECT sha256(convert_to(content, 'UTF8')) FROM audit_page(chain, 5, 1)) WHERE seq = 6;
         UPDATE audit_heads h SET prev = c.prev, hash = c.hash FROM audit_chain c WHERE c.seq = 6 AND h.chain = c.chain;
         COMMIT";
    world.db.batch_execute(rewrite).await.unwrap();
    let path = format!("/v1/admin/audit/verify?society_id={GREEN_ACRES}");
    assert_eq!(world.admin.get(&path).await.data(200)["verified"], true);
    let said = world.admin.get(&format!("{path}&anchor={anchor}")).await.data(200);
    assert_eq!((&said["verified"], &said["anchor"]), (&json!(false), &json!("differs")));
    assert_eq!(said["problems"], json!([{"kind": "replaced", "seq": 5, "to_seq": null, "audit_id": null}]));
    // The newest rows are cut off, and the head says so.
    let cut = "DELETE FROM audit_chain WHERE seq > 3; DELETE FROM audit_logs WHERE id NOT IN (SELECT audit_id FROM audit_chain);
               UPDATE audit_heads h SET seq = 3, hash = c.hash FROM audit_chain c WHERE c.seq = 3";
    world.db.batch_execute(cut).await.unwrap();
    assert_eq!(world.admin.get(&path).await.data(200)["verified"], true);
    let said = world.admin.get(&format!("{path}&anchor={anchor}")).await.data(200);
    assert_eq!(said["problems"], json!([{"kind": "removed", "seq": 4, "to_seq": 5, "audit_id": null}]));
    // The command ends in an error.
    let change = "UPDATE audit_logs SET action = 'another' WHERE id = (SELECT audit_id FROM audit_chain WHERE seq = 2)";
    world.db.batch_execute(change).await.unwrap();
    let done = world.command(Task::Verify { anchor: None }, None).await;
    assert!(matches!(done, Err(Error::Wrong(1))), "{done:?}");
}

/// Two hundred at once, in two societies, and some who give up: no gap, no number twice, nobody is refused.
#[tokio::test]
async fn concurrent_writers_get_consecutive_numbers() {
    let world = World::open().await;
    let connections = join_all((0..20).map(|_| world.stack.database())).await;
    let blue = Uuid::from_u128(0x11111111_1111_1111_1111_1111111111b2);
    let write = |place: usize, db: Client| async move {
        for n in 0..20 {
            let society = if (place + n).is_multiple_of(4) { blue } else { GREEN_ACRES };
            let insert = format!(
                "INSERT INTO audit_logs (action, resource_type, society_id) VALUES ('race', 'x', '{society}')"
            );
            match n % 10 {
                // Given up: before its end, and at it.
                0 => db.batch_execute(&format!("BEGIN; {insert}; ROLLBACK")).await.unwrap(),
                5 => db
                    .batch_execute(&format!("BEGIN; {insert}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK"))
                    .await
                    .unwrap(),
                _ => db.batch_execute(&insert).await.unwrap(),
            }
        }
    };
    join_all(connections.into_iter().enumerate().map(|(place, db)| write(place, db.unwrap()))).await;
    let chained = "SELECT chain, count(*), max(seq), min(seq) FROM audit_chain GROUP BY chain ORDER BY 1";
    let rows = world.db.query(chained, &[]).await.unwrap();
    let rows: Vec<(i64, i64, i64)> = rows.iter().map(|row| (row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(rows.iter().map(|row| row.0).sum::<i64>(), 320);
    assert!(rows.len() == 2 && rows.iter().all(|(count, max, min)| count == max && *min == 1), "{rows:?}");
    world.command(Task::Verify { anchor: None }, None).await.unwrap();
}

/// Thirty visitors at once are thirty rows, with what was done for them.
#[tokio::test]
async fn visitors_at_once_are_audited_in_a_row() {
    let world = World::open().await;
    join_all((0..30).map(|_| world.log_visitor_in_a_crowd())).await;
    let said = world.verify(None).await;
    assert_eq!((&said["verified"], &said["seq"]), (&json!(true), &json!(30)));
}

/// Somebody holds a society's head: a change there is a 503 that leaves nothing, and elsewhere nobody notices.
#[tokio::test]
async fn a_society_that_is_stuck_is_stuck_alone() {
    let world = World::open().await;
    world.log_visitor().await;
    let other = world.stack.database().await.unwrap();
    let hold = format!(
        "BEGIN; INSERT INTO audit_logs (action, resource_type, society_id) VALUES ('stuck', 'x', '{GREEN_ACRES}');
         SET CONSTRAINTS ALL IMMEDIATE"
    );
    other.batch_execute(&hold).await.unwrap();
    let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": crate::support::world::FLAT_101,
                      "idempotency_key": "guard_1"});
    let refused = async {
        world.guard.post("/v1/visitors", body.clone()).await.refused(503, "UNAVAILABLE");
    };
    let blue = async {
        let blue = json!({"visitor_name": "Zubin", "phone": "9876543211", "flat_id": BLUE_FLAT});
        world.blue_guard.post("/v1/visitors", blue).await.data(201);
    };
    // The head is held until both are answered.
    tokio::join!(refused, blue);
    let green = format!("SELECT count(*) FROM visitors WHERE society_id = '{GREEN_ACRES}'");
    assert_eq!(world.count(&green).await, 1);
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys WHERE key = 'guard_1'").await, 0);
    other.batch_execute("ROLLBACK").await.unwrap();
    // The same tap again is the first one.
    world.guard.post("/v1/visitors", body).await.data(201);
    assert_eq!(world.count(&green).await, 2);
    let said = world.verify(None).await;
    assert_eq!((&said["verified"], &said["seq"]), (&json!(true), &json!(2)));
}

/// What is kept no longer is not missing: the chain begins with the number and the hash that were recorded.
#[tokio::test]
async fn a_chain_whose_oldest_rows_have_gone_is_whole() {
    let world = World::open().await;
    world.write_audit(10).await;
    let lines = world.export(100).await;
    let forget = "BEGIN;
         INSERT INTO audit_starts (chain, seq, hash) SELECT chain, seq, hash FROM audit_chain WHERE seq = 4;
         DELETE FROM audit_logs WHERE id IN (SELECT audit_id FROM audit_chain WHERE seq <= 4);
         DELETE FROM audit_chain WHERE seq <= 4;
         COMMIT";
    world.db.batch_execute(forget).await.unwrap();
    let path = format!("/v1/admin/audit/verify?society_id={GREEN_ACRES}&limit=2");
    let said = world.admin.get(&format!("{path}&anchor={}", anchor_of(&lines[2]))).await.data(200);
    assert_eq!(
        (&said["verified"], &said["seq"], &said["anchor"]),
        (&json!(true), &json!(6), &json!("forgotten"))
    );
    let start = format!("{}:{}", said["start"]["seq"], said["start"]["hash"].as_str().unwrap());
    assert_eq!(start, anchor_of(&lines[3]));
    let kept = world.export(100).await;
    let told = script(&[(vec![start], kept.join("\n")), (vec![], kept.join("\n"))]);
    assert!(told[0].0, "{told:?}");
    assert!(told[1].1.contains("row 4 is missing"), "{told:?}");
    world.command(Task::Verify { anchor: None }, None).await.unwrap();
}

/// Rows of the release before, also those that it writes while the schema changes, are in the chain.
#[tokio::test]
async fn what_was_written_before_there_was_a_chain_is_in_it() {
    let world = World::open().await;
    let name = format!("before_{}", Uuid::new_v4().simple());
    world
        .db
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
        .await
        .unwrap();
    let mut url = url::Url::parse(&world.stack.database_url()).unwrap();
    url.set_path(&name);
    let connect = || async {
        let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    };
    let (db, writer) = (Arc::new(connect().await), connect().await);
    let mut files: Vec<_> =
        std::fs::read_dir(checkout().join("migrations")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let at = files.iter().position(|file| file.ends_with("V016__audit_chain.sql")).unwrap();
    for file in &files[..at] {
        db.batch_execute(&std::fs::read_to_string(file).unwrap()).await.unwrap();
    }
    let write = format!(
        "INSERT INTO audit_logs (created_at, action, resource_type, society_id)
         SELECT now() - make_interval(mins => n), 'old', 'x', CASE WHEN n % 3 > 0 THEN '{GREEN_ACRES}'::uuid END
           FROM generate_series(1, 30) AS n"
    );
    db.batch_execute(&write).await.unwrap();
    writer.batch_execute(&format!("BEGIN; {write}")).await.unwrap();
    let migration = std::fs::read_to_string(&files[at]).unwrap();
    let migrating = {
        let db = db.clone();
        tokio::spawn(async move { db.batch_execute(&format!("BEGIN; {migration}; COMMIT")).await })
    };
    let waits = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
    );
    crate::support::eventually("the migration waits for writers", async || world.count(&waits).await == 1)
        .await;
    writer.batch_execute("COMMIT").await.unwrap();
    migrating.await.unwrap().unwrap();
    writer.batch_execute(&write).await.unwrap();
    let said = verify(&db, None).await;
    assert_eq!((&said["verified"], &said["seq"]), (&json!(true), &json!(60)));
    let row = db.query_one("SELECT count(*), count(DISTINCT audit_id) FROM audit_chain", &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (90, 90));
    drop((db, writer));
    world.db.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}
