//! What waits is apart from what is kept: the queue costs what waits in it, and one message or society keeps no other.

use gateway::Outcome;
use serde_json::{Value, json};
use stack::{
    faults::{Fault, Kind},
    messages::Reply,
};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::support::{
    World, eventually,
    world::{BLUE_FLAT, FLAT_101, GREEN_ACRES},
};

/// Buffers that a statement reads or writes.
async fn buffers(db: &Client, sql: &str) -> i64 {
    let plan: Value =
        db.query_one(&format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"), &[]).await.unwrap().get(0);
    let of = |key: &str| plan[0]["Plan"][key].as_i64().unwrap();
    of("Shared Hit Blocks") + of("Shared Read Blocks") + of("Shared Dirtied Blocks")
}

/// Everything that waits is taken and sent, 64 at a time.
const SEND_ALL: &str = "DO $$
    DECLARE taken jsonb;
    BEGIN
        LOOP
            taken := (SELECT jsonb_agg(m || '{\"outcome\": \"sent\"}') FROM claim_notifications(64) AS m);
            EXIT WHEN taken IS NULL;
            PERFORM settle_notifications(taken);
            COMMIT;
        END LOOP;
    END $$";

impl World {
    /// So many messages for flat 101, each to a phone that there is.
    async fn queue(&self, visitor: Uuid, number: i32) {
        let queue = "INSERT INTO deliveries (user_id, visitor_id, society_id, flat_id, device_id, channel, kind, room, expires_at, payload)
                     SELECT d.user_id, $1, $2, $3, d.id, 'push', 'visitor_checkout', 'flat:' || $3::uuid, now() + interval '1 hour', '{}'
                       FROM devices d, generate_series(1, $4)";
        self.db.execute(queue, &[&visitor, &GREEN_ACRES, &FLAT_101, &number]).await.unwrap();
    }

    /// So many messages were sent, long ago and lately.
    async fn send_earlier(&self, visitor: Uuid, number: i32) {
        let sent = "INSERT INTO notifications (id, user_id, visitor_id, device_id, channel, kind, status, created_at, sent_at, expires_at)
                    SELECT uuid_v7_at(t.at), d.user_id, $1, d.id, 'push', 'visitor_checkout', 'sent', t.at, t.at, t.at
                      FROM devices d, generate_series(1, $2) AS n, LATERAL (SELECT now() - make_interval(mins => n) AS at) t";
        self.db.execute(sent, &[&visitor, &number]).await.unwrap();
    }

    /// Keeps those who wait for the society's room waiting.
    async fn hold_room_of(&self, society: Uuid) -> Client {
        let room = format!("society:{society}");
        let known = "INSERT INTO room_sequences (room, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING";
        self.db.execute(known, &[&room]).await.unwrap();
        let holder = self.stack.database().await.unwrap();
        let hold = format!("BEGIN; SELECT FROM room_sequences WHERE room = '{room}' FOR UPDATE");
        holder.batch_execute(&hold).await.unwrap();
        holder
    }

    async fn clean_up(&self) {
        let done = self.stack.lambda().invoke("janitor", "{}".to_owned()).await.unwrap();
        assert_eq!(done, Outcome::Answered("null".to_owned()));
    }
}

/// Three thousand messages went through, and twenty thousand before them: asking an empty queue reads no more for it.
#[tokio::test]
async fn an_empty_queue_costs_a_handful() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let visitor = world.log_visitor().await;
    world.all_is_sent().await;
    let claim = "SELECT claim_notifications(64)";
    buffers(&world.db, claim).await;
    let before = buffers(&world.db, claim).await;
    world.send_earlier(visitor, 20_000).await;
    for _ in 0..30 {
        world.queue(visitor, 100).await;
        world.db.batch_execute(SEND_ALL).await.unwrap();
    }
    assert_eq!(world.count("SELECT count(*) FROM notifications").await, 23_001);
    assert!(before <= 24, "{before}");
    // What went is passed over as soon as nobody can see it any more.
    let mut after = Vec::new();
    eventually("an empty queue costs a handful again", async || {
        after.push(buffers(&world.db, claim).await);
        after.last().is_some_and(|after| *after <= 24)
    })
    .await;
}

/// A phone is given up by one key, whatever was ever sent to it.
#[tokio::test]
async fn a_phone_is_forgotten_without_looking_at_what_it_was_sent() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let visitor = world.log_visitor().await;
    world.send_earlier(visitor, 20_000).await;
    let forget = "DELETE FROM devices WHERE token = 'asha-phone'";
    let read = buffers(&world.db, forget).await;
    assert!(read <= 30, "{read}");
}

/// What a visitor's question came to, and what a user was told lately, cost the same whatever was sent before.
#[tokio::test]
async fn what_is_asked_of_messages_costs_the_same_after_years() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    let other = world.log_visitor().await;
    world.all_is_sent().await;
    let visitor = world.log_visitor().await;
    world.all_is_sent().await;
    let asked = [
        format!("SELECT delivery_of('{visitor}')"),
        format!("SELECT recent_notifications('{}')", world.resident.user_id),
    ];
    world.send_earlier(other, 20).await;
    let mut before = Vec::new();
    for sql in &asked {
        buffers(&world.db, sql).await;
        before.push(buffers(&world.db, sql).await);
    }
    world.send_earlier(other, 20_000).await;
    world.db.batch_execute("ANALYZE").await.unwrap();
    for (sql, before) in asked.iter().zip(before) {
        buffers(&world.db, sql).await;
        let after = buffers(&world.db, sql).await;
        assert!(after <= before + 8, "{sql}: {before}, then {after}");
    }
    let recent = world.resident.get("/v1/profile/me").await.data(200)["recent_notifications"].take();
    assert_eq!(recent.as_array().unwrap().len(), 10);
    assert_eq!(recent[0]["payload"]["visitor_id"], visitor.to_string());
    assert!(recent[0]["created_at"].as_str() >= recent[9]["created_at"].as_str());
}

/// A message that nobody can read is filed with what is wrong with it, and all others are sent.
#[tokio::test]
async fn a_message_that_cannot_be_read_keeps_no_other() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.spouse.register_phone("ravi-phone").await;
    // Nobody sends until all wait.
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    world.log_visitor().await;
    let broken =
        "UPDATE deliveries SET room = 'flat:somewhere' WHERE user_id = $1 AND kind = 'visitor_request'";
    assert_eq!(world.db.execute(broken, &[&world.resident.user_id]).await.unwrap(), 1);
    world.stack.faults().clear();
    world.dispatch().await;
    world.handed("ravi-phone", 1).await;
    world.all_is_sent().await;
    let filed = world.db.query_one("SELECT reason FROM notifications WHERE status = 'failed'", &[]).await;
    assert_eq!(filed.unwrap().get::<_, String>(0), "defect_22P02");
}

/// A time zone that the server does not know cannot be stored; were it stored all the same, it holds nothing back.
#[tokio::test]
async fn a_time_zone_that_nobody_knows_stops_no_message() {
    let world = World::open().await;
    for table in ["users", "societies"] {
        let wrong = format!("UPDATE {table} SET timezone = 'Asia/Calcuta'");
        let refused = world.db.batch_execute(&wrong).await.unwrap_err();
        assert_eq!(refused.code().map(|code| code.code()), Some("22023"), "{refused:?}");
        world.db.batch_execute(&format!("UPDATE {table} SET timezone = 'Asia/Calcutta'")).await.unwrap();
    }
    let stored = "ALTER TABLE users DROP CONSTRAINT users_timezone_check; UPDATE users SET timezone = 'Asia/Calcuta';
                  INSERT INTO notification_preferences (user_id, quiet_from, quiet_until) SELECT id, '00:00:01', '00:00:00' FROM users";
    world.db.batch_execute(stored).await.unwrap();
    world.resident.register_phone("asha-phone").await;
    world.log_visitor().await;
    world.handed("asha-phone", 1).await;
}

/// Noting what came of messages waits for no room: those of a society whose room is held are noted at once, and so are
/// all others, whose guards are told.
#[tokio::test]
async fn a_room_that_is_held_keeps_no_message_from_being_noted() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.blue_resident.register_phone("chitra-phone").await;
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    let green = world.log_visitor().await;
    let body = json!({"visitor_name": "Leela", "phone": "9876543211", "flat_id": BLUE_FLAT});
    let blue = world.blue_guard.post("/v1/visitors", body).await.data(201)["visitor"]["id"].clone();
    let holder = world.hold_room_of(GREEN_ACRES).await;
    world.stack.faults().clear();

    let taken: Value = world
        .db
        .query_one("SELECT jsonb_agg(m || '{\"outcome\": \"sent\"}') FROM claim_notifications(64) AS m", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(taken.as_array().unwrap().len(), 2);
    let waits = "SET lock_timeout = '1s'";
    world.db.batch_execute(waits).await.unwrap();
    world.db.execute("SELECT settle_notifications($1)", &[&taken]).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM notifications WHERE status = 'sent'").await, 2);
    let mut told = Vec::new();
    for _ in 0..2 {
        let due: Value = world.db.query_one("SELECT tell_due_delivery(64)", &[]).await.unwrap().get(0);
        told.extend(
            due["events"].as_array().unwrap().iter().map(|event| event["data"]["visitor_id"].clone()),
        );
    }
    assert_eq!(told, [blue], "one society at a time");
    holder.batch_execute("ROLLBACK").await.unwrap();
    world.delivery_becomes_sent(green).await;
}

impl World {
    async fn delivery_becomes_sent(&self, visitor: Uuid) {
        eventually("the gate sees that it was sent", async || self.delivery(visitor).await["sent"] == 1)
            .await;
    }
}

/// A phone may say that it rang before its sender knows: it is not sent again, and the gate hears of it.
#[tokio::test]
async fn a_phone_may_be_faster_than_its_sender() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.stack.messages().answer("asha-phone", Reply::Hang, Some(1));
    let visitor = world.log_visitor().await;
    let handed = world.handed("asha-phone", 1).await.remove(0);
    let id = handed.message["data"]["notification_id"].as_str().unwrap();
    let path = format!("/v1/notifications/{id}/receipt");
    world.spouse.post(&path, json!({"event": "opened"})).await.refused(404, "NOT_FOUND");
    assert_eq!(world.resident.post(&path, json!({"event": "opened"})).await.data(200)["status"], "opened");
    assert_eq!(world.delivery(visitor).await["opened"], 1);
    assert_eq!(world.resident.post(&path, json!({"event": "delivered"})).await.data(200)["status"], "opened");
    world.all_is_sent().await;
    world.db.execute("UPDATE deliveries SET due_at = now(), leased_until = NULL", &[]).await.unwrap();
    world.dispatch().await;
    world.handed("asha-phone", 1).await;
}

/// Who shows the last messages shows those that wait, too, with what they say.
#[tokio::test]
async fn what_waits_is_seen_with_what_it_says() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.stack.faults().set([Fault::new(Kind::InvokeRefused)]).unwrap();
    let visitor = world.log_visitor().await;
    let recent = world.resident.get("/v1/profile/me").await.data(200)["recent_notifications"].take();
    assert_eq!((&recent[0]["status"], &recent[0]["delivered_at"]), (&json!("queued"), &Value::Null));
    for (field, value) in [("type", "visitor_request"), ("visitor_name", "Kiran"), ("purpose", "guest")] {
        assert_eq!(recent[0]["payload"][field], value, "{recent}");
    }
    assert_eq!(recent[0]["payload"]["visitor_id"], visitor.to_string());
}

/// The release before queues invitations in its own table, and reads there what was sent: it finds both.
#[tokio::test]
async fn the_release_before_queues_and_reads() {
    let world = World::open().await;
    world.approve_templates().await;
    world.resident.register_phone("asha-phone").await;
    let visitor = world.log_visitor().await;
    let handed = world.handed("asha-phone", 1).await.remove(0);
    world.all_is_sent().await;
    let before = world.stack.database_as_functions().await.unwrap();
    let recent = "SELECT id, channel, payload, status, created_at, delivered_at FROM notification_logs
                   WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 10";
    let rows = before.query(recent, &[&world.resident.user_id]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, Value>(2)["visitor_id"], visitor.to_string());
    let id: Uuid = handed.message["data"]["notification_id"].as_str().unwrap().parse().unwrap();
    let receipt = "WITH target AS MATERIALIZED (
                       SELECT n.id FROM notification_logs n WHERE n.id = $1 AND n.user_id = $2 FOR NO KEY UPDATE OF n)
                   SELECT note_receipt(t.id, false) FROM target t";
    assert!(before.query_opt(receipt, &[&id, &world.resident.user_id]).await.unwrap().is_some());
    assert_eq!(world.delivery(visitor).await["delivered"], 1);

    let pass: Uuid = world.make_pass().await["id"].as_str().unwrap().parse().unwrap();
    let invite = "INSERT INTO notification_logs (id, visitor_id, society_id, flat_id, channel, kind, dedupe_key, expires_at, payload, status)
                  SELECT uuid_v7(), v.id, v.society_id, v.flat_id, 'sms', 'invite', 'invite:1', now() + interval '1 day', '{}', 'queued'
                    FROM visitors v WHERE v.id = $1 ON CONFLICT (dedupe_key) DO NOTHING RETURNING status";
    assert!(before.query_opt(invite, &[&pass]).await.unwrap().is_some());
    world.dispatch().await;
    world.handed("+919876543219", 1).await;
    world.all_is_sent().await;
    assert_eq!(
        world.count("SELECT count(*) FROM notifications WHERE kind = 'invite' AND status = 'sent'").await,
        1
    );
}

/// Messages of the release before are the first part of the history; what waits is sent.
#[tokio::test]
async fn messages_of_the_release_before_are_kept() {
    let world = World::open().await;
    let name = format!("before_{}", Uuid::new_v4().simple());
    world
        .db
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
        .await
        .unwrap();
    let mut url = url::Url::parse(&world.stack.database_url()).unwrap();
    url.set_path(&name);
    let (db, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut db = db;
    let mut files: Vec<_> =
        std::fs::read_dir(stack::checkout().join("migrations")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some());
    files.sort();
    let at = files.iter().position(|file| file.ends_with("V021__queues.sql")).unwrap();
    let apply = async |db: &Client, file: &std::path::Path| {
        let migration = std::fs::read_to_string(file).unwrap();
        db.batch_execute(&format!("BEGIN; {migration}; COMMIT")).await.unwrap();
    };
    for file in &files[..at] {
        apply(&db, file).await;
    }
    db.batch_execute(
        "INSERT INTO users (id, firebase_uid, timezone) VALUES ('55555555-5555-5555-5555-555555555501', 'asha', 'Asia/Calcuta');
         INSERT INTO devices (id, user_id, token) VALUES ('66666666-6666-6666-6666-666666666601', '55555555-5555-5555-5555-555555555501', 't');
         INSERT INTO notification_logs (id, user_id, device_id, channel, kind, room, dedupe_key, expires_at, status, attempts, society_id)
         SELECT uuid_v7_at(now() - make_interval(days => n)), '55555555-5555-5555-5555-555555555501',
                '66666666-6666-6666-6666-666666666601', 'push', CASE WHEN n = 2 THEN 'emergency_alert' ELSE 'visitor_checkin' END,
                'flat:' || gen_random_uuid(), 'n' || n, now() + interval '1 hour', CASE WHEN n <= 3 THEN 'queued' ELSE 'sent' END, n / 3, uuid_v7()
           FROM generate_series(0, 9) AS n",
    )
    .await
    .unwrap();
    for file in &files[at..] {
        apply(&db, file).await;
    }
    migrator::replace_functions(&mut db).await.unwrap();
    let turns: String =
        db.query_one("SELECT string_agg(turn, ' ' ORDER BY id) FROM deliveries", &[]).await.unwrap().get(0);
    assert_eq!(turns, "again urgent fresh fresh");
    let kept = db
        .query_one("SELECT count(*), count(device_id) FROM notifications WHERE status = 'sent'", &[])
        .await
        .unwrap();
    assert_eq!((kept.get::<_, i64>(0), kept.get::<_, i64>(1)), (6, 6));
    let zone: String = db.query_one("SELECT timezone FROM users", &[]).await.unwrap().get(0);
    assert_eq!(zone, "Asia/Kolkata");
    let taken: i64 = db.query_one("SELECT count(*) FROM claim_notifications(64)", &[]).await.unwrap().get(0);
    assert_eq!(taken, 4);
    let recent: Value = db.query_one("SELECT recent_notifications(id) FROM users", &[]).await.unwrap().get(0);
    assert_eq!(recent.as_array().unwrap().len(), 10);
    // A device goes, and what was sent to it stays.
    db.batch_execute("DELETE FROM devices").await.unwrap();
    // The month after the first part is made like any other.
    db.batch_execute("DROP TABLE notifications_default; CREATE TABLE notifications_default PARTITION OF notifications DEFAULT").await.unwrap();
    let missing: i64 = db.query_one("SELECT count(*) FROM missing_partitions()", &[]).await.unwrap().get(0);
    assert!(missing <= 1, "{missing}");
    drop(db);
    world.db.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// Messages of more than a year ago, visits and audit of more than three go by the month; the audit is whole, and says
/// where it begins.
#[tokio::test]
async fn months_whose_time_is_over_go() {
    let world = World::open().await;
    world.begin_within_a_month().await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    let visit = world.guard.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201);
    world.guard.post("/v1/visits/checkout", json!({"visit_id": visit["id"]})).await.data(200);
    let verify = format!("/v1/admin/audit/verify?society_id={GREEN_ACRES}");
    let newest = world.admin.get(&verify).await.data(200)["seq"].as_i64().unwrap();
    // A society's chain begins with what happened long ago.
    let long_ago = "DO $$
         DECLARE month date;
         BEGIN
             FOREACH month IN ARRAY ARRAY[now() - interval '40 months', now() - interval '35 months', now() - interval '14 months', now() - interval '11 months'] LOOP
                 PERFORM make_month_partition('visits', 'checkin_time', month), make_month_partition('audit_logs', 'created_at', month),
                         make_month_partition('notifications', 'id', month) WHERE NOT month > now();
                 INSERT INTO visits (checkin_time, society_id, block_id, flat_id, visitor_id, guard_id)
                 SELECT date_trunc('month', month::timestamptz) + interval '9 days', society_id, block_id, flat_id, visitor_id, guard_id
                   FROM visits WHERE created_at = checkin_time LIMIT 1;
             END LOOP;
         END $$";
    world.db.batch_execute("DELETE FROM audit_chain; DELETE FROM audit_heads; DELETE FROM audit_logs; DROP FUNCTION IF EXISTS notification_refusal(notifications_before); DROP TABLE notifications_before").await.unwrap();
    world.db.batch_execute(long_ago).await.unwrap();
    let audit = |months: i32| {
        format!(
            "INSERT INTO audit_logs (created_at, action, resource_type, society_id)
             SELECT date_trunc('month', now()) - make_interval(months => {months}) + interval '9 days', 'old', 'x', '{GREEN_ACRES}'
               FROM generate_series(1, 3)"
        )
    };
    for months in [40, 35, 0] {
        world.db.batch_execute(&audit(months)).await.unwrap();
    }
    for months in [14, 11] {
        let sent = format!(
            "INSERT INTO notifications (id, user_id, channel, kind, status, expires_at)
             SELECT uuid_v7_at(date_trunc('month', now()) - interval '{months} months' + interval '9 days'), id, 'push', 'x', 'sent', now()
               FROM users LIMIT 1"
        );
        world.db.batch_execute(&sent).await.unwrap();
    }
    assert!(newest > 0);
    let visits = world.count("SELECT count(*) FROM visits").await;
    world.clean_up().await;
    world.clean_up().await;
    assert_eq!(world.count("SELECT count(*) FROM visits").await, visits - 1, "of 40 months ago");
    assert_eq!(world.count("SELECT count(*) FROM notifications").await, 1, "of 11 months ago");
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'old'").await, 6);
    let old = "SELECT count(*) FROM audit_chain c WHERE c.created_at < now() - interval '37 months'";
    assert_eq!(world.count(old).await, 0);
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'audit.forget' AND details ? 'before'";
    assert_eq!(world.count(audited).await, 1);
    let said = world.admin.get(&verify).await.data(200);
    assert_eq!(
        (&said["verified"], &said["seq"], &said["start"]["seq"]),
        (&json!(true), &json!(6 + 3), &json!(3)),
        "{said}"
    );
    let told: i64 =
        world.count("SELECT sum(rows)::bigint FROM retention_runs WHERE task = 'forget_months'").await;
    assert_eq!(told, 5, "the empty ones among them");
}

/// One society keeps its events for a month: what others keep no longer goes all the same, without looking at its.
#[tokio::test]
async fn a_society_that_keeps_its_events_costs_the_others_nothing() {
    let world = World::open().await;
    let month = "INSERT INTO policies (society_id, name, value) VALUES ($1, 'event_retention_hours', '720')";
    world.db.execute(month, &[&GREEN_ACRES]).await.unwrap();
    let events = "INSERT INTO outbox (room, seq, event, data, created_at, expires_at)
                  SELECT r.room, 1000 + n, 'x', '{}', now() - interval '100 hours', now() - interval '100 hours' + make_interval(hours => r.event_hours)
                    FROM room_sequences r, generate_series(1, $2) AS n WHERE r.room = $1";
    world.log_visitor().await;
    let green = format!("flat:{FLAT_101}");
    let body = json!({"visitor_name": "Leela", "phone": "9876543211", "flat_id": BLUE_FLAT});
    world.blue_guard.post("/v1/visitors", body).await.data(201);
    let hours = format!("SELECT event_hours::bigint FROM room_sequences WHERE room = '{green}'");
    assert_eq!(world.count(&hours).await, 720, "a room knows what its society has decided");
    let pushed = "UPDATE room_sequences SET seq = 10000000, pushed = 10000000";
    eventually("all is pushed", async || {
        world.count("SELECT count(*) FROM room_sequences WHERE pushed < seq").await == 0
    })
    .await;
    world.db.batch_execute(pushed).await.unwrap();
    world.db.execute(events, &[&green, &20_000]).await.unwrap();
    let forget = "SELECT forget_events(5000)";
    for number in [1, 10] {
        buffers(&world.db, forget).await;
        world.db.execute(events, &[&format!("flat:{BLUE_FLAT}"), &number]).await.unwrap();
    }
    let read = buffers(&world.db, forget).await;
    assert!(read <= 200, "{read}");
    assert_eq!(world.count("SELECT count(*) FROM outbox WHERE event = 'x'").await, 20_000);
    // The ten that went may still stand in the index; the month of the other society is hundreds of pages.
    let read = buffers(&world.db, forget).await;
    assert!(read <= 60, "{read}");
}

/// What was tried long ago to reach somebody is forgotten; what is still to be tried is not.
#[tokio::test]
async fn steps_of_last_month_are_forgotten() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let steps = world.count("SELECT count(*) FROM visitor_escalations").await;
    let old = "INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, created_by)
               SELECT uuid_v7_at(now() - interval '40 days'), society_id, block_id, flat_id, 'Old', '+919876543210', created_by FROM visitors WHERE id = $1";
    world.db.execute(old, &[&visitor]).await.unwrap();
    let taken = "INSERT INTO visitor_escalations (visitor_id, position, channel, audience, due_at, done_at)
                 SELECT id, 1, 'push', 'all', now() - interval '40 days', now() - interval '40 days' FROM visitors WHERE visitor_name = 'Old'";
    world.db.batch_execute(taken).await.unwrap();
    world.clean_up().await;
    assert_eq!(world.count("SELECT count(*) FROM visitor_escalations").await, steps);
}
