//! What time asks for: months are made ahead, events are forgotten when their society keeps them no longer, and
//! visitors become numbers.

use std::sync::Arc;

use gateway::Outcome;
use serde_json::{Value, json};
use stack::faults::{Fault, Kind, Point};
use uuid::Uuid;

use crate::support::{
    World, eventually,
    world::{BLUE_FLAT, FLAT_101, FLAT_102, GREEN_ACRES},
};

/// All that the janitor does each hour.
const TASKS: [&str; 16] = [
    "make_partitions",
    "anchor_audit",
    "forget_months",
    "forget_chain",
    "strip_visitors",
    "strip_requests",
    "strip_emergencies",
    "forget_keys",
    "forget_events",
    "forget_steps",
    "forget_logs",
    "forget_sign_ins",
    "forget_rates",
    "forget_guesses",
    "forget_gate_codes",
    "forget_runs",
];
const UNREDACTED: &str = "SELECT count(*) FROM visitors WHERE stripped_at IS NULL";

impl World {
    /// Everything that has happened so far happened so many hours ago.
    async fn let_hours_pass(&self, hours: i32) {
        let earlier = "UPDATE outbox SET created_at = created_at - make_interval(hours => $1),
                                       expires_at = expires_at - make_interval(hours => $1)";
        self.db.execute(earlier, &[&hours]).await.unwrap();
    }

    /// It is a month that has been made as this one was, and that goes on for longer than a story: one that is about to end is
    /// waited for, and a database of last month gets what it lacks.
    pub async fn begin_within_a_month(&self) {
        let begin = "SELECT pg_sleep_until(date_trunc('month', now() AT TIME ZONE 'UTC' + interval '2 minutes') AT TIME ZONE 'UTC')";
        self.db.execute(begin, &[]).await.unwrap();
        self.db
            .execute("SELECT make_partition(table_name, day) FROM missing_partitions()", &[])
            .await
            .unwrap();
    }

    async fn clean(&self) {
        let done = self.try_to_clean().await;
        assert_eq!(done, Outcome::Answered("null".to_owned()));
    }

    async fn try_to_clean(&self) -> Outcome {
        self.stack.lambda().invoke("janitor", "{}".to_owned()).await.unwrap()
    }

    /// A visitor who left a name, a number and notes everywhere they could, came and went.
    async fn let_zubin_come_and_go(&self) -> Uuid {
        let zubin = json!({
            "visitor_name": "Zubin", "phone": "9876500000", "flat_id": FLAT_101, "vehicle_no": "KA 05 ZUBIN",
            "id_type": "passport", "id_number": "ZUBIN123", "purpose": "Zubin sells books",
            "idempotency_key": format!("zubin_{}", Uuid::new_v4())
        });
        let made = self.guard.post("/v1/visitors", zubin).await.data(201);
        let id: Uuid = made["visitor"]["id"].as_str().unwrap().parse().unwrap();
        let accept = json!({"decision": "accept", "note": "Zubin is known to me"});
        self.resident.post(&format!("/v1/visitors/{id}/respond"), accept).await.data(200);
        let enter = json!({"visitor_id": id, "notes": "Zubin has a bag", "checkin_method": "Zubin waved"});
        let visit = self.guard.post("/v1/visits/checkin", enter).await.data(201);
        self.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
        id
    }

    /// Everything about a visitor, and what was told of them, happened so many days earlier.
    async fn let_days_pass(&self, visitor: Uuid, days: i32) {
        for earlier in [
            "UPDATE visits x SET checkin_time = x.checkin_time - make_interval(days => $2),
                                 checkout_time = x.checkout_time - make_interval(days => $2)
               FROM visitors v WHERE v.id = $1 AND x.id = v.visit_id AND x.checkin_time = v.checkin_time",
            "UPDATE visitors SET created_at = created_at - make_interval(days => $2),
                                 updated_at = updated_at - make_interval(days => $2),
                                 expected_start = expected_start - make_interval(days => $2),
                                 expected_end = expected_end - make_interval(days => $2),
                                 approval_deadline = approval_deadline - make_interval(days => $2),
                                 checkin_time = checkin_time - make_interval(days => $2),
                                 checkout_time = checkout_time - make_interval(days => $2)
              WHERE id = $1",
            "UPDATE outbox SET created_at = created_at - make_interval(days => $2), expires_at = expires_at - make_interval(days => $2)
              WHERE data ->> 'visitor_id' = $1::uuid::text",
            "UPDATE idempotency_keys SET created_at = created_at - make_interval(days => $2) WHERE answer::text LIKE '%' || $1::uuid || '%'",
        ] {
            self.db.execute(earlier, &[&visitor, &days]).await.unwrap();
        }
    }

    /// Rows of any table in which this text stands.
    async fn rows_with(&self, text: &str) -> Vec<String> {
        let tables =
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
        let mut found = Vec::new();
        for table in self.db.query(tables, &[]).await.unwrap() {
            let table: String = table.get(0);
            let rows = format!("SELECT t::text FROM \"{table}\" t WHERE t::text ILIKE '%' || $1 || '%'");
            for row in self.db.query(&rows, &[&text]).await.unwrap() {
                found.push(format!("{table}: {}", row.get::<_, String>(0)));
            }
        }
        found
    }

    /// How often a task's run ended like this: without a problem, or with one that holds the text.
    async fn runs(&self, task: &str, problem: &str) -> i64 {
        let runs = "SELECT count(*) FROM retention_runs
                     WHERE task = $1 AND finished_at >= started_at AND coalesce(problem, '') LIKE '%' || $2 || '%'
                       AND (problem IS NULL) = ($2 = '')";
        self.db.query_one(runs, &[&task, &problem]).await.unwrap().get(0)
    }

    /// So many visitors whose time ended long ago.
    async fn make_old_visitors(&self, number: i32) {
        let make = "INSERT INTO visitors (society_id, block_id, flat_id, visitor_name, phone, created_by, created_at, expected_start)
                    SELECT p.society_id, p.block_id, p.flat_id, 'Kiran', '+919876543210', $2, t.at, t.at
                      FROM places p, generate_series(1, $3), LATERAL (SELECT now() - interval '200 days' AS at) t
                     WHERE p.flat_id = $1";
        self.db.execute(make, &[&FLAT_101, &self.guard.user_id, &number]).await.unwrap();
    }

    async fn visitors_of(&self, actor: &crate::support::Actor) -> Value {
        actor.get("/v1/visitors").await.data(200)
    }

    async fn kept(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox").await
    }
}

#[tokio::test]
async fn events_are_kept_for_three_days() {
    let world = World::open().await;
    world.log_visitor().await;
    world.let_hours_pass(1).await;
    world.log_visitor().await;
    world.let_hours_pass(71).await;
    world.clean().await;
    assert_eq!(world.kept().await, 1);
    let mut phone = world.resident.connect().await;
    assert_eq!(phone.join_since("flat", FLAT_101, 1).await["recovered"], true);
    assert_eq!(phone.join_since("flat", FLAT_101, 0).await["recovered"], false);
}

/// A society may keep its events longer, or shorter; others are not concerned.
#[tokio::test]
async fn a_society_decides_how_long() {
    let world = World::open().await;
    let policy = "INSERT INTO policies (society_id, name, value) VALUES ($1, 'event_retention_hours', '100')
                  ON CONFLICT (society_id, name) DO UPDATE SET value = '24'";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.log_visitor().await;
    world.make_pass().await;
    world.let_hours_pass(90).await;
    world.clean().await;
    assert_eq!(world.kept().await, 2);
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.clean().await;
    assert_eq!(world.kept().await, 0);
}

/// An emergency that nobody has resolved is told of after a week, too; so is what could not be pushed.
#[tokio::test]
async fn what_is_open_is_kept() {
    let world = World::open().await;
    let emergency = world.resident.post("/v1/emergencies", json!({"flat_id": FLAT_101})).await.data(201);
    let id = emergency["id"].as_str().unwrap();
    world.let_hours_pass(168).await;
    world.clean().await;
    assert_eq!(world.kept().await, 1);
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    assert_eq!(desk.heard().await[0]["data"]["emergency_id"], id);

    for step in ["address", "resolve"] {
        world.guard.post(&format!("/v1/emergencies/{id}/{step}"), json!({})).await.data(200);
    }
    world.let_hours_pass(168).await;
    world.db.batch_execute("UPDATE room_sequences SET pushed = 0 WHERE room LIKE 'flat:%'").await.unwrap();
    world.clean().await;
    assert_eq!(world.kept().await, 2, "those of the flat's room are not pushed");
}

/// Half a year after they left, a visitor is still seen and counted; their name, number, vehicle and papers, and
/// what was noted about them, are nowhere. One of a day less is as they were.
#[tokio::test]
async fn visitors_are_redacted_after_half_a_year() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.guard.register_phone("gopal-phone").await;
    let old = world.let_zubin_come_and_go().await;
    world.all_is_sent().await;
    assert!(world.rows_with("zubin").await.len() >= 6, "they are where they are looked for");
    let recent = world.log_visitor().await;
    world.answer(recent, "deny").await;
    world.all_is_sent().await;
    world.let_days_pass(old, 181).await;
    world.let_days_pass(recent, 179).await;
    let before = world.visitors_of(&world.guard).await;
    let kept = "SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM visitor_approvals)
                     + (SELECT count(*) FROM visits) + (SELECT count(*) FROM notifications)";
    let rows = world.count(kept).await;
    world.clean().await;

    // Step 1: nothing in the whole database names them.
    for text in ["zubin", "98765 00000", "9876500000"] {
        assert_eq!(world.rows_with(text).await, [""; 0]);
    }

    // Step 2: everybody still sees that somebody came, when, to whom, and who let them in.
    for actor in [&world.guard, &world.resident, &world.admin, &world.super_admin] {
        let seen = world.visitors_of(actor).await;
        assert_eq!(seen[0], before[0], "of 179 days");
        let mut redacted = before[1].clone();
        redacted["visitor_name"] = json!("removed");
        redacted["phone"] = json!("");
        redacted["vehicle_no"] = Value::Null;
        redacted["purpose"] = json!("other");
        assert_eq!(seen[1], redacted, "of 181 days");
    }
    let seen = world.resident.get(&format!("/v1/visitors/{old}")).await.data(200);
    assert_eq!(seen["approvals"][0]["user_name"], "Asha");
    assert_eq!(
        (&seen["approvals"][0]["decision"], &seen["approvals"][0]["note"]),
        (&json!("accept"), &Value::Null)
    );
    let visits = world.guard.get("/v1/visits").await.data(200);
    assert_eq!((&visits[0]["visitor_name"], &visits[0]["guard_name"]), (&json!("removed"), &json!("Gopal")));
    assert_eq!((&visits[0]["notes"], &visits[0]["checkin_method"]), (&Value::Null, &json!("other")));
    assert!(visits[0]["checkout_time"].is_string());
    assert_eq!(world.count(kept).await, rows);

    // Step 3: it is done once.
    let redacted = "SELECT sum(rows)::bigint FROM retention_runs WHERE task = 'strip_visitors'";
    world.clean().await;
    assert_eq!((world.count(redacted).await, world.count(UNREDACTED).await), (1, 1));
}

/// What is usual is no name, so it can still be counted.
#[tokio::test]
async fn usual_purposes_stay() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    let id: Uuid = pass["id"].as_str().unwrap().parse().unwrap();
    let visitor = world.log_visitor().await;
    world.db.execute("UPDATE visitors SET purpose = 'Delivery' WHERE id = $1", &[&visitor]).await.unwrap();
    world.let_days_pass(id, 200).await;
    world.let_days_pass(visitor, 200).await;
    world.clean().await;
    let purposes = "SELECT count(*) FROM visitors
                     WHERE stripped_at IS NOT NULL AND purpose IN ('Delivery', 'guest') AND access_code IS NULL AND qr_code IS NULL";
    assert_eq!(world.count(purposes).await, 2);
    let code = pass["access_code"].as_str().unwrap();
    world.guard.get(&format!("/v1/visitors/by-access-code/{code}")).await.refused(404, "NOT_FOUND");
}

/// A society that keeps visitors for a month is obeyed, and others are not concerned. What makes no sense cannot
/// be stored.
#[tokio::test]
async fn a_society_decides_how_long_visitors_are_known() {
    let world = World::open().await;
    let policy = |days: i32| {
        format!("INSERT INTO policies (society_id, name, value) VALUES ('{GREEN_ACRES}', 'visitor_retention_days', '{days}')
                 ON CONFLICT (society_id, name) DO UPDATE SET value = excluded.value")
    };
    for wrong in [29, 1096] {
        assert!(world.db.batch_execute(&policy(wrong)).await.is_err(), "{wrong}");
    }
    world.db.batch_execute(&policy(365)).await.unwrap();
    let green = world.log_visitor().await;
    let blue = json!({"visitor_name": "Omar", "phone": "9876543210", "flat_id": BLUE_FLAT});
    let blue = world.blue_guard.post("/v1/visitors", blue).await.data(201);
    for visitor in [green, blue["visitor"]["id"].as_str().unwrap().parse().unwrap()] {
        world.let_days_pass(visitor, 181).await;
    }
    world.clean().await;
    assert_eq!(world.visitors_of(&world.guard).await[0]["visitor_name"], "Kiran");
    assert_eq!(world.visitors_of(&world.blue_guard).await[0]["visitor_name"], "removed");
    world.db.batch_execute(&policy(30)).await.unwrap();
    world.clean().await;
    assert_eq!(world.visitors_of(&world.guard).await[0]["visitor_name"], "removed");
}

/// Who is still inside is known as long as they are; who may still come, too; half a year is counted from the end.
#[tokio::test]
async fn who_is_inside_or_may_come_is_known() {
    let world = World::open().await;
    let inside = world.log_visitor().await;
    world.answer(inside, "accept").await;
    world.guard.post("/v1/visits/checkin", json!({"visitor_id": inside})).await.data(201);
    let expected: Uuid = world.make_pass().await["id"].as_str().unwrap().parse().unwrap();
    let left_late = world.let_zubin_come_and_go().await;
    for visitor in [inside, expected, left_late] {
        world.let_days_pass(visitor, 400).await;
    }
    let later = "UPDATE visitors SET expected_end = now() - interval '179 days' WHERE id = $1";
    world.db.execute(later, &[&expected]).await.unwrap();
    let later = "UPDATE visitors SET checkout_time = now() - interval '179 days' WHERE id = $1";
    world.db.execute(later, &[&left_late]).await.unwrap();
    world.clean().await;
    assert_eq!(world.count(UNREDACTED).await, 3);
    let visit: Uuid =
        world.db.query_one("SELECT visit_id FROM visitors WHERE id = $1", &[&inside]).await.unwrap().get(0);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": visit})).await.data(200);
    world.clean().await;
    assert_eq!(world.count(UNREDACTED).await, 3, "the half year begins now");
}

/// Several janitors do the work of one: each visitor is redacted once, and each run is recorded.
#[tokio::test]
async fn janitors_do_not_stand_in_each_others_way() {
    let world = World::open().await;
    world.begin_within_a_month().await;
    world.make_old_visitors(1200).await;
    world
        .db
        .batch_execute("DROP TABLE visits_default; CREATE TABLE visits_default PARTITION OF visits DEFAULT")
        .await
        .unwrap();
    drop_partitions_to_come(&world).await;
    let (one, two, three) = tokio::join!(world.try_to_clean(), world.try_to_clean(), world.try_to_clean());
    for done in [one, two, three] {
        assert_eq!(done, Outcome::Answered("null".to_owned()));
    }
    world.clean().await;
    assert_eq!(world.count(UNREDACTED).await, 0);
    let sum = |task| format!("SELECT sum(rows)::bigint FROM retention_runs WHERE task = '{task}'");
    assert_eq!(world.count(&sum("strip_visitors")).await, 1200);
    assert_eq!(world.count(&sum("make_partitions")).await, 6);
    for task in TASKS {
        assert_eq!(world.runs(task, "").await, 4, "{task}");
    }
}

/// However often it is killed, and wherever, the next round goes on; what was killed has no end in its record.
#[tokio::test]
async fn a_killed_janitor_goes_on() {
    let world = World::open().await;
    world.make_old_visitors(700).await;
    let killed = Fault::killed("janitor", Point::BeforeCommit).probability(0.05);
    world.stack.faults().set([killed]).unwrap();
    let mut rounds = 0;
    eventually("a round was killed, and one came through", async || {
        rounds += 1;
        world.try_to_clean().await == Outcome::Answered("null".to_owned())
            && world.stack.faults().struck()[&Kind::FunctionKilled] > 0
    })
    .await;
    world.stack.faults().clear();
    assert_eq!(world.count(UNREDACTED).await, 0);
    let unfinished = world.count("SELECT count(*) FROM retention_runs WHERE finished_at IS NULL").await;
    assert!(unfinished <= rounds, "{unfinished} of {rounds}");
    for task in TASKS {
        assert!(world.runs(task, "").await > 0, "{task}");
    }
}

/// A task that fails is recorded with its reason, fails the round, and stops no other.
#[tokio::test]
async fn a_failing_task_stops_no_other() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    world.let_days_pass(visitor, 181).await;
    world.db.batch_execute("ALTER TABLE idempotency_keys RENAME TO gone").await.unwrap();
    assert!(matches!(world.try_to_clean().await, Outcome::Failed(_)));
    assert_eq!(world.runs("forget_keys", "42P01").await, 1);
    for task in TASKS.into_iter().filter(|task| *task != "forget_keys") {
        assert_eq!(world.runs(task, "").await, 1, "{task}");
    }
    assert_eq!(world.count(UNREDACTED).await, 0);
    world.db.batch_execute("ALTER TABLE gone RENAME TO idempotency_keys").await.unwrap();
    world.clean().await;
    assert_eq!(world.runs("forget_keys", "").await, 1);
}

/// What residents wrote about something that has ended, and where people signed in from, is known for a year. That
/// it happened, when, and who decided is known after it.
#[tokio::test]
async fn words_and_addresses_are_known_for_a_year() {
    let world = World::open().await;
    let wish = json!({"flat_id": FLAT_102, "requested_role": "tenant", "docs": [{"name": "lease of Zubin"}], "note": "Zubin moves in"});
    let open = world.stranger.post("/v1/resident-requests", wish.clone()).await.data(201)["id"].take();
    let wish = world.resident.post("/v1/resident-requests", wish).await.data(201)["id"].take();
    let no = json!({"note": "No Zubin here"});
    let wish = wish.as_str().unwrap();
    world.admin.post(&format!("/v1/resident-requests/{wish}/reject"), no).await.expect(200);
    let report = json!({"flat_id": FLAT_101, "description": "Zubin fell"});
    let emergency = world.resident.post("/v1/emergencies", report).await.data(201)["id"].take();
    let emergency = emergency.as_str().unwrap();
    for step in ["address", "resolve"] {
        world.guard.post(&format!("/v1/emergencies/{emergency}/{step}"), json!({})).await.data(200);
    }
    // What is told of them has a time of its own, which is over before.
    world.db.batch_execute("DELETE FROM outbox; DELETE FROM idempotency_keys").await.unwrap();
    let sign_ins = "SELECT count(*) FROM firebase_auth_audit";
    let before = world.count(sign_ins).await;
    let named = world.rows_with("zubin").await.len();
    assert_eq!((before, named), (4, 4), "they are where they are looked for");

    for (days, left) in [(364, before), (3, before - 1)] {
        let earlier = format!(
            "UPDATE resident_requests SET processed_at = processed_at - interval '{days} days' WHERE id = '{wish}';
             UPDATE emergencies SET resolved_at = resolved_at - interval '{days} days';
             UPDATE firebase_auth_audit SET created_at = created_at - interval '{days} days',
                 id = overlay(id::text PLACING left(uuid_v7_at(created_at - interval '{days} days')::text, 13) FROM 1 FOR 13)::uuid
              WHERE user_id = '{}'",
            world.guard.user_id
        );
        world.db.batch_execute(&earlier).await.unwrap();
        world.clean().await;
        assert_eq!(world.count(sign_ins).await, left, "after {days} days more");
        let kept = if left == before { named } else { 1 };
        assert_eq!(world.rows_with("zubin").await.len(), kept, "after {days} days more");
    }
    let requests = world.admin.get("/v1/resident-requests").await.data(200);
    let of = |id: &str| requests.as_array().unwrap().iter().find(|request| request["id"] == id).unwrap();
    assert_eq!(of(open.as_str().unwrap())["note"], "Zubin moves in", "it is not decided");
    let old = of(wish);
    assert_eq!((&old["status"], &old["docs"], &old["note"]), (&json!("rejected"), &json!([]), &Value::Null));
    let seen = world.guard.get("/v1/emergencies?status=resolved").await.data(200);
    assert_eq!((&seen[0]["id"], &seen[0]["description"]), (&json!(emergency), &Value::Null));
    for task in ["strip_requests", "strip_emergencies", "forget_sign_ins"] {
        let rows = format!("SELECT sum(rows)::bigint FROM retention_runs WHERE task = '{task}'");
        assert_eq!(world.count(&rows).await, 1, "{task}");
    }
}

/// What is of use for a day is forgotten after it, runs after a year; what is younger stays.
#[tokio::test]
async fn what_is_of_no_use_is_forgotten() {
    let world = World::open().await;
    world.log_visitor().await;
    let fill = "
        INSERT INTO idempotency_keys (user_id, method, path, key, payload, answer, created_at)
        SELECT id, 'POST', '/', age::text, '', '{}', now() - age FROM (SELECT id FROM users LIMIT 1) u, ages;
        INSERT INTO request_counts (counted, window_start, hits) SELECT age::text, now() - age, 1 FROM ages;
        INSERT INTO pass_guesses (user_id, window_start, misses) SELECT gen_random_uuid(), now() - age, 1 FROM ages;
        WITH gate AS (INSERT INTO gates (society_id, name) SELECT id, 'Main gate' FROM societies LIMIT 1 RETURNING id)
        INSERT INTO gate_device_codes (gate_id, code_sha256, created_by, expires_at)
        SELECT g.id, age::text::bytea, u.id, now() - age FROM gate g, (SELECT id FROM users LIMIT 1) u, ages;
        INSERT INTO retention_runs (task, started_at) SELECT 'old', now() - age * 365 FROM ages";
    let ages = "CREATE TEMPORARY TABLE ages AS SELECT unnest(ARRAY[interval '23 hours', interval '25 hours']) AS age";
    world.db.batch_execute(&format!("{ages}; {fill}")).await.unwrap();
    world.clean().await;
    for (table, left) in [
        ("idempotency_keys WHERE key LIKE '%:%'", 1),
        ("request_counts WHERE counted LIKE '%:00:00'", 1),
        ("pass_guesses", 1),
        ("gate_device_codes", 1),
        ("retention_runs WHERE task = 'old'", 1),
    ] {
        assert_eq!(world.count(&format!("SELECT count(*) FROM {table}")).await, left, "{table}");
    }
    for task in ["forget_keys", "forget_rates", "forget_guesses", "forget_gate_codes", "forget_runs"] {
        let rows = format!("SELECT rows FROM retention_runs WHERE task = '{task}'");
        assert_eq!(world.count(&rows).await, 1, "{task}");
    }
}

/// Months are there before they begin. What came before its month was ready lies in the default partition, is
/// seen like everything else, and moves; nobody waits long for that.
#[tokio::test]
async fn months_are_made_ahead() {
    let world = World::open().await;
    world.begin_within_a_month().await;
    let this_month = "SELECT 'visits_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')";
    let this_month: String = world.db.query_one(this_month, &[]).await.unwrap().get(0);
    world.db.batch_execute(&format!("DROP TABLE {this_month}")).await.unwrap();
    drop_partitions_to_come(&world).await;
    let early = world.let_zubin_come_and_go().await;
    let old = world.let_zubin_come_and_go().await;
    world.let_days_pass(old, 100).await;
    let in_default = "SELECT count(*) FROM visits_default";
    assert_eq!(world.count(in_default).await, 2);

    // Step 1: somebody reads for a long time; the janitor gives up before anybody notices it.
    let mut reader = world.stack.database().await.unwrap();
    let reading = reader.transaction().await.unwrap();
    reading.query("SELECT FROM visits_default", &[]).await.unwrap();
    assert!(matches!(world.try_to_clean().await, Outcome::Failed(_)));
    assert_eq!(world.runs("make_partitions", "55P03").await, 1);
    assert_eq!(world.count(in_default).await, 2);
    reading.rollback().await.unwrap();

    // Step 2: the next round makes them.
    world.clean().await;
    assert_eq!(world.count(in_default).await, 0);
    assert_eq!(world.count(&format!("SELECT count(*) FROM {this_month}")).await, 1);
    let visits = world.guard.get("/v1/visits").await.data(200);
    let seen: Vec<_> = visits.as_array().unwrap().iter().map(|visit| visit["visitor_id"].clone()).collect();
    assert_eq!(seen, [json!(early), json!(old)]);
    let to_come = "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent IN ('visits'::regclass, 'audit_logs'::regclass) AND partition_end(c.relname) > now()";
    assert_eq!(world.count(to_come).await, 2 * 4, "this month, and three ahead");
    let of_old = "SELECT count(to_regclass(month_partition('visits', (now() - interval '100 days')::date)))";
    assert_eq!(world.count(of_old).await, 1, "one of 100 days ago");
    let foreign_keys = format!(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = '{this_month}'::regclass"
    );
    assert!(world.count(&foreign_keys).await >= 3, "of its visitor and its guards");
    world.let_zubin_come_and_go().await;
    assert_eq!(world.count(in_default).await, 0);
}

/// Drops the partitions of the next three months.
async fn drop_partitions_to_come(world: &Arc<World>) {
    let drop = "DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT table_name || to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead), '_YYYY_MM')
                      FROM unnest(ARRAY['visits', 'audit_logs']) table_name, generate_series(1, 3) ahead LOOP
            EXECUTE 'DROP TABLE ' || name;
        END LOOP;
    END $$";
    world.db.batch_execute(drop).await.unwrap();
}
