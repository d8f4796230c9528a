//! A committee brings its flats and residents as a file, and takes them with it again.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use stack::Identity;
use tokio::time::sleep;
use uuid::Uuid;

use crate::support::{
    Actor, World, eventually,
    world::{FLAT_101, GREEN_ACRES},
};

/// Who is to live where, without ids and times.
const CLAIMED: &str = "SELECT coalesce(string_agg(concat_ws('|', lower(p.complex_name), lower(p.block_name), lower(p.flat_number), c.phone, c.name, c.occupancy_role),
                              E'\\n' ORDER BY p.block_name, p.flat_number, c.phone), '') FROM resident_claims c JOIN places p USING (flat_id)";
const FLATS: &str = "SELECT coalesce(string_agg(concat_ws('|', complex_name, block_name, flat_number), E'\\n' ORDER BY complex_name, block_name, flat_number), '') FROM places";

impl Actor {
    async fn imports(&self, csv: &str, more: Value) -> Value {
        let mut body = json!({"csv": csv});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = format!("/v1/admin/societies/{GREEN_ACRES}/imports");
        let key = Uuid::new_v4().to_string();
        let reply = self.send(Method::POST, &path, Some(body), Some(&key)).await;
        let status = reply.status;
        assert!([200, 201].contains(&status), "{status} {}", reply.body);
        reply.data(status)
    }

    /// Goes on with an import until it is finished, as an app does that is told 503 now and then.
    async fn finishes(&self, import: &Value) -> Value {
        let path = format!("/v1/admin/imports/{}/go-on", import["id"].as_str().unwrap());
        loop {
            let reply = self.post(&path, json!({})).await;
            if reply.status == 503 {
                sleep(Duration::from_millis(20)).await;
                continue;
            }
            let import = reply.data(200);
            if import["finished"] == true {
                return import;
            }
        }
    }
}

impl World {
    async fn text(&self, sql: &str) -> String {
        self.db.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// A file of so many residents in flats of four.
fn file(rows: usize) -> String {
    let mut file = "complex,block,flat_number,name,phone,role\r\n".to_owned();
    for row in 0..rows {
        let (block, flat) = (row / 400, row / 4 % 100);
        file += &format!("North,N{block},{flat},\"Resident, {row}\",97{:08},tenant\r\n", row);
    }
    file
}

/// Who is known lives there at once and the others are told; who is not, as soon as they sign in; nobody asked for it.
#[tokio::test]
async fn residents_of_a_file_live_there_because_the_committee_says_so() {
    let world = World::open().await;
    let ask = json!({"flat_id": FLAT_101, "requested_role": "tenant"});
    let asked = world.stranger.post("/v1/resident-requests", ask).await.data(201);
    let mut resident = world.resident.connect().await;
    resident.join("flat", FLAT_101).await;
    // As ADDA names them; the phone of the stranger, one that nobody has, and a flat alone.
    let file = "Block Name/No;Unit/Flat No;User's Name;Occupancy Status;Phone Number with ISD Code;E-mail\n\
                Block A;101;Nobody;Tenant;+91 98000 00013;a@example.org\n\
                block a;101;Kamala;Owner's Family;9811100009;\n\
                C;1;;3;;\n";
    let looked = world.admin.imports(file, json!({"dry_run": true})).await;
    assert_eq!((&looked["good_rows"], &looked["bad_rows"]), (&json!(3), &json!(0)), "{looked}");
    assert_eq!((&looked["ignored_columns"], &looked["import"]), (&json!(["E-mail"]), &Value::Null));
    assert_eq!((&looked["new_flats"], &looked["new_blocks"]), (&json!(1), &json!(["C"])));
    assert_eq!(world.count("SELECT count(*) FROM csv_imports").await, 0);
    let begun = world.admin.imports(file, json!({})).await["import"].clone();
    assert_eq!((&begun["flats_made"], &begun["residents"]), (&json!(1), &json!(2)), "{begun}");
    let path = format!("/v1/admin/imports/{}", begun["id"].as_str().unwrap());
    assert_eq!(world.admin.get(&path).await.data(200), begun);
    let done = world.admin.finishes(&begun).await;
    assert_eq!((&done["residents_done"], &done["residents_new"]), (&json!(2), &json!(2)), "{done}");

    let told = resident.event("resident_joined").await["data"].take();
    assert_eq!(told["user_id"], json!(world.stranger.user_id), "{told}");
    assert_eq!(told["approved_by"], "admin");
    let flats = world.stranger.get("/v1/my-flats").await.data(200);
    assert_eq!((&flats[0]["flat_id"], &flats[0]["occupancy_role"]), (&json!(FLAT_101), &json!("tenant")));
    let state = format!(
        "SELECT count(*) FROM resident_requests WHERE id = '{}' AND status = 'approved'",
        asked["id"].as_str().unwrap()
    );
    assert_eq!(world.count(&state).await, 1, "what was asked is answered");

    let kamala = world.newcomer(Identity::of("kamala").phone("+919811100009"));
    let flats = kamala.get("/v1/my-flats").await.data(200);
    assert_eq!((&flats[0]["flat_id"], &flats[0]["occupancy_role"]), (&json!(FLAT_101), &json!("other")));
    assert_eq!(kamala.get("/v1/profile/me").await.data(200)["user"]["name"], "Kamala");
    assert_eq!(world.count("SELECT count(*) FROM resident_claims").await, 0);
    let other = world.newcomer(Identity::of("other").phone("+919811100010"));
    assert_eq!(other.get("/v1/my-flats").await.data(200), json!([]));
}

/// Each bad cell is named by line, column and reason, and nothing is changed; or the good rows alone are imported.
#[tokio::test]
async fn bad_rows_are_named_and_change_nothing() {
    let world = World::open().await;
    let before = world.text(FLATS).await;
    let file = "Tower,Flat No,Resident Name,Mobile,Type,sqft\n\
                D,1,Ravi,12345,Owner,900\n\
                D,,Ravi,9811100001,Owner,900\n\
                D,2,Ravi,9811100001,landlord,-3\n\
                D,3,Ravi,,Owner,\n\
                D,4,Mira,9811100002,Owner,\n\
                d,4,Mira,+919811100002,Owner,\n\
                D,5,http://example.org,9811100003,Owner,\n";
    let looked = world.admin.imports(file, json!({})).await;
    let bad =
        |line: u64, column: &str, problem: &str| json!({"line": line, "column": column, "problem": problem});
    assert_eq!(
        looked["bad_cells"],
        json!([
            bad(2, "Mobile", "must be a phone number such as +919876543210 or 9876543210"),
            bad(3, "Flat No", "is required"),
            bad(4, "sqft", "must be a whole number from 1 to 1000000"),
            bad(4, "Type", "must be owner, tenant or other"),
            bad(5, "Mobile", "is required where a name is said"),
            bad(7, "Mobile", "stands in line 6 for this flat already"),
            bad(8, "Resident Name", "must not contain a link; put a blank behind a dot"),
        ])
    );
    assert_eq!((&looked["bad_rows"], &looked["import"]), (&json!(6), &Value::Null));
    assert_eq!(world.text(FLATS).await, before);
    let begun = world.admin.imports(file, json!({"skip_bad_rows": true})).await["import"].clone();
    assert_eq!((&begun["flats_made"], &begun["residents"]), (&json!(1), &json!(1)), "{begun}");
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/imports");
    for (csv, said) in [
        ("name,phone\nRavi,9811100001", "must name the columns"),
        ("flat_number\n", "has no rows"),
        (&*format!("flat_number{}\n101", ",".repeat(100)), "at most 100 columns"),
        ("flat_number\n101", "bad"),
    ] {
        let reply = world.admin.post(&path, json!({"csv": csv})).await;
        if said == "bad" {
            assert_eq!(reply.data(200)["bad_rows"], 1);
        } else {
            let refused = reply.refused(400, "VALIDATION_FAILED");
            assert!(refused["error"].as_str().unwrap().contains(said), "{refused}");
        }
    }
    let dry_run = json!({"csv": file, "dry_run": true});
    world.guard.post(&path, dry_run.clone()).await.refused(403, "FORBIDDEN");
    world.blue_admin.post(&path, dry_run).await.refused(404, "NOT_FOUND");
    let long = format!("flat_number\n{}", "A-1\n".repeat(10_001));
    let refused = world.admin.post(&path, json!({"csv": long})).await.refused(400, "VALIDATION_FAILED");
    assert!(refused["error"].as_str().unwrap().contains("at most 10,000 rows"), "{refused}");
}

/// Twice, twice at once, and with the server's process killed at twenty moments: the same database as once.
#[tokio::test]
async fn an_import_is_the_same_however_often_it_is_begun_and_broken() {
    let file = file(800);
    let once = World::open().await;
    let begun = once.admin.imports(&file, json!({})).await["import"].clone();
    once.admin.finishes(&begun).await;
    let (claimed, flats) = (once.text(CLAIMED).await, once.text(FLATS).await);
    assert_eq!(claimed.lines().count(), 800);
    let again = once.admin.imports(&file, json!({})).await["import"].clone();
    let again = once.admin.finishes(&again).await;
    assert_eq!((&again["flats_made"], &again["residents_new"]), (&json!(0), &json!(0)), "{again}");
    assert_eq!((once.text(CLAIMED).await, once.text(FLATS).await), (claimed.clone(), flats.clone()));

    let world = World::open().await;
    let begin = async || {
        loop {
            let path = format!("/v1/admin/societies/{GREEN_ACRES}/imports");
            let key = Uuid::new_v4().to_string();
            let reply = world.admin.send(Method::POST, &path, Some(json!({"csv": file})), Some(&key)).await;
            if reply.status != 503 {
                return reply.data(201)["import"].clone();
            }
        }
    };
    let (one, other) = join(begin(), begin()).await;
    let killer = async {
        let lambda = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                       WHERE datname = current_database() AND usename = 'society360_lambda' AND state = 'active' AND query NOT LIKE '%pg_terminate%'";
        let mut killed = 0;
        for moment in 0..20_u64 {
            sleep(Duration::from_millis(moment * 37 % 90)).await;
            killed += world.count(lambda).await;
        }
        killed
    };
    let ((), killed) = join(
        async {
            join_all([&one, &one, &other].map(|import| world.admin.finishes(import))).await;
        },
        killer,
    )
    .await;
    assert!(killed > 0, "nothing was under way");
    assert_eq!((world.text(CLAIMED).await, world.text(FLATS).await), (claimed, flats));
    let left = "SELECT count(*) FROM csv_import_rows";
    assert_eq!(world.count(left).await, 0, "nobody's number is kept by an import");
}

/// A claim is made while its number signs in: they live there, once.
#[tokio::test]
async fn a_claim_and_a_sign_in_at_once_are_one_home() {
    let world = World::open().await;
    let rounds = (0..20).map(|round| {
        let world = Arc::clone(&world);
        async move {
            let phone = format!("98222000{round:02}");
            let newcomer =
                world.newcomer(Identity::of(&format!("new-{round}")).phone(&format!("+91{phone}")));
            let file = format!("block,flat_number,phone\nB,X{round},{phone}\n");
            let import = async {
                let begun = world.admin.imports(&file, json!({})).await["import"].clone();
                world.admin.finishes(&begun).await;
            };
            let sign_in =
                eventually("they are known", async || newcomer.get("/v1/my-flats").await.status == 200);
            join(import, sign_in).await;
            assert_eq!(newcomer.get("/v1/my-flats").await.data(200).as_array().unwrap().len(), 1, "{round}");
        }
    });
    for round in rounds {
        round.await;
    }
    assert_eq!(world.count("SELECT count(*) FROM resident_claims").await, 0);
}

/// What is exported can be imported elsewhere and is exported the same; Python reads it, and no table program computes a cell.
#[tokio::test]
async fn an_export_is_a_file_that_can_be_imported() {
    let world = World::open().await;
    let file = "complex,block,flat_number,unit_type,bhk,square_feet,parking_slots,name,phone,role\r\n\
                North,N1,9,,2.5,\"1,200\",2,\"Rao, \"\"Bunty\"\"\",9811100001,owner\r\n\
                North,N1,10,Villa,,,,'=HYPERLINK,9811100002,tenant\r\n\
                North,N1,11,,,,,,,\r\n";
    let begun = world.admin.imports(file, json!({})).await["import"].clone();
    world.admin.finishes(&begun).await;
    let export = async |of: &World, actor: &Actor, society: Uuid| {
        let path = format!("/v1/admin/societies/{society}/export");
        let url = format!("{}{path}", of.stack.base_url());
        let reply = actor.http.get(url).bearer_auth(&actor.token).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.text().await.unwrap()
    };
    let first = export(&world, &world.admin, GREEN_ACRES).await;
    assert!(
        first.contains("\r\nNorth,N1,9,,2.5,1200,2,\"Rao, \"\"Bunty\"\"\",'+919811100001,owner\r\n"),
        "{first}"
    );
    assert!(first.contains(",'=HYPERLINK,'+919811100002,tenant\r\n"), "{first}");

    let mut python = Command::new("python3")
        .args(["-c", "import csv,sys,json; print(json.dumps(list(csv.reader(sys.stdin, strict=True))))"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(first.as_bytes()).unwrap();
    let rows: Vec<Vec<String>> = serde_json::from_slice(&python.wait_with_output().unwrap().stdout).unwrap();
    assert!(rows.iter().all(|row| row.len() == 10), "{rows:?}");
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{rows:?}");

    let society = json!({"name": "Elsewhere", "city": "Pune"});
    let society: Uuid = world.super_admin.post("/v1/admin/societies", society).await.data(201)["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let path = format!("/v1/admin/societies/{society}/imports");
    let begun = world.super_admin.post(&path, json!({"csv": first})).await.data(201)["import"].clone();
    world.super_admin.finishes(&begun).await;
    assert_eq!(export(&world, &world.super_admin, society).await, first);
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'residents.export'";
    assert_eq!(world.count(audited).await, 2);
}

/// The largest file there may be.
#[tokio::test]
async fn ten_thousand_residents_are_imported() {
    let world = World::open().await;
    let file = file(10_000);
    let began = Instant::now();
    let begun = world.admin.imports(&file, json!({})).await["import"].clone();
    let added = began.elapsed();
    let done = world.admin.finishes(&begun).await;
    assert_eq!((&done["residents_done"], &done["flats_made"]), (&json!(10_000), &json!(2_500)));
    eprintln!(
        "10,000 rows: {} ms for the flats, {} ms in all",
        added.as_millis(),
        began.elapsed().as_millis()
    );
    assert_eq!(world.count("SELECT count(*) FROM resident_claims").await, 10_000);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}
