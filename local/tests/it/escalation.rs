//! Nobody answers: others are asked in other ways, step by step, and at the deadline the waiting ends.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use gateway::Outcome;
use serde_json::{Value, json};
use stack::faults::{Fault, Kind, Point};
use uuid::Uuid;

use crate::support::{
    Actor, Dice, World, eventually,
    world::{BLUE_FLAT, FLAT_101, FLAT_102, GREEN_ACRES},
};

impl World {
    /// A round of the dispatcher, as its schedule calls for it each minute.
    pub async fn watch(&self) {
        let done = self.try_to_watch().await;
        assert!(matches!(done, Ok(Outcome::Answered(_))), "{done:?}");
    }

    /// The same, on a bad day.
    async fn try_to_watch(&self) -> Result<Outcome, gateway::Refused> {
        self.stack.lambda().invoke("dispatcher", json!({"source": "aws.events"}).to_string()).await
    }

    /// The deadline of a visitor is over.
    pub async fn let_deadline_pass(&self, visitor: Uuid) {
        let over = "UPDATE visitors SET approval_deadline = clock_timestamp() WHERE id = $1";
        self.db.execute(over, &[&visitor]).await.unwrap();
    }

    /// The first so many escalation steps of all visitors are due.
    pub async fn let_steps_fall_due(&self, count: i32) {
        let due = "UPDATE visitor_escalations SET due_at = clock_timestamp() WHERE position <= $1 AND done_at IS NULL";
        self.db.execute(due, &[&count]).await.unwrap();
        // The others are so far away that nobody waits for them.
        let later = "UPDATE visitor_escalations SET due_at = now() + interval '1 hour' WHERE position > $1 AND done_at IS NULL";
        self.db.execute(later, &[&count]).await.unwrap();
    }

    /// The society asks in these ways, a minute after the other, and waits for hours.
    async fn set_ladder(&self, steps: &[(&str, &str)]) {
        let policy =
            "INSERT INTO policies (society_id, name, value) VALUES ($1, 'approval_timeout_seconds', '80000')";
        self.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
        for (position, (channel, audience)) in (1..).zip(steps) {
            let step = "INSERT INTO escalation_steps VALUES ($1, $2, 60 * $2, $3, $4)";
            self.db.execute(step, &[&GREEN_ACRES, &position, channel, audience]).await.unwrap();
        }
    }

    pub async fn status_of(&self, visitor: Uuid) -> String {
        let row = self.db.query_one("SELECT status FROM visitors WHERE id = $1", &[&visitor]).await.unwrap();
        row.get(0)
    }
}

/// Asha, whose flat it is, and Ravi, by their numbers.
const ASHA: &str = "+919800000003";
const RAVI: &str = "+919800000004";

#[tokio::test]
async fn the_waiting_ends_at_the_deadline() {
    let world = World::open().await;
    world.guard.register_phone("gopal-phone").await;
    let (mut phone, mut desk) = (world.resident.connect().await, world.guard.connect().await);
    phone.join("flat", FLAT_101).await;
    desk.join("society", GREEN_ACRES).await;
    let visitor = world.log_visitor().await;
    world.watch_before_the_deadline().await;
    assert_eq!(world.status_of(visitor).await, "pending");
    world.let_deadline_pass(visitor).await;
    join_all([world.watch(), world.watch(), world.watch()]).await;
    for ear in [&mut phone, &mut desk] {
        let told = ear.event("visitor_timeout").await;
        assert_eq!(
            told["data"],
            json!({"visitor_id": visitor, "visitor_name": "Kiran", "flat_number": "101", "block_name": "Block A",
                   "status": "denied", "reason": "timeout"})
        );
        assert!(ear.heard().await.iter().all(|event| event["event"] != "visitor_timeout"), "once");
    }
    let pushed = world.handed("gopal-phone", 1).await;
    assert_eq!(pushed[0].message["data"]["type"], "visitor_timeout");
    let audited =
        "SELECT count(*) FROM audit_logs WHERE action = 'visitor.time_out' AND actor_user_id IS NULL";
    assert_eq!(world.count(audited).await, 1);
    // Too late for the flat; the gate may still decide.
    let late =
        world.resident.post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})).await;
    assert_eq!((late.status, &late.body["error_code"]), (409, &json!("DEADLINE_PASSED")));
    assert_eq!(late.body["data"]["status"], "denied");
    let path = format!("/v1/visitors/{visitor}/guard-respond");
    assert_eq!(world.guard.post(&path, json!({"decision": "accept"})).await.data(200)["status"], "accepted");
}

impl World {
    /// A round in which nothing is due soon.
    async fn watch_before_the_deadline(&self) {
        self.let_steps_fall_due(0).await;
        self.watch().await;
    }
}

/// A pass is valid in its window, however long nobody answers.
#[tokio::test]
async fn a_pass_never_times_out() {
    let world = World::open().await;
    let pass = world.make_pass().await;
    world.let_deadline_pass(pass["id"].as_str().unwrap().parse().unwrap()).await;
    world.watch().await;
    let code = pass["access_code"].as_str().unwrap();
    let seen = world.guard.get(&format!("/v1/visitors/by-access-code/{code}")).await.data(200);
    assert_eq!(seen["status"], "pending");
}

/// A resident who answers too late ends the waiting, if nobody has; everybody is told.
#[tokio::test]
async fn a_late_answer_ends_the_waiting() {
    let world = World::open().await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    let visitor = world.log_visitor().await;
    world.let_deadline_pass(visitor).await;
    let late =
        world.resident.post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})).await;
    assert_eq!((late.status, late.body["data"]["status"].as_str()), (409, Some("denied")));
    assert_eq!(desk.event("visitor_timeout").await["data"]["visitor_id"], visitor.to_string());
    assert_eq!(world.status_of(visitor).await, "denied");
}

/// The answer that comes before the deadline wins, and both sides agree on who won.
#[tokio::test]
async fn an_answer_and_the_deadline_race() {
    let world = World::open().await;
    world.set_ladder(&[("push", "all")]).await;
    let (mut answered, mut timed_out) = (0, 0);
    // Later and later, until the answer was faster; on a busy machine that takes longer.
    for round in 0..60 {
        if round >= 12 && answered > 0 && timed_out > 0 {
            break;
        }
        let visitor = world.log_visitor().await;
        let deadline = "UPDATE visitors SET approval_deadline = clock_timestamp() + make_interval(secs => $2) WHERE id = $1";
        world.db.execute(deadline, &[&visitor, &(0.0005 * f64::from(round * round))]).await.unwrap();
        let path = format!("/v1/visitors/{visitor}/respond");
        let (answer, ..) = tokio::join!(
            world.resident.post(&path, json!({"decision": "accept"})),
            world.watch(),
            world.watch(),
        );
        world.watch().await;
        let status = world.status_of(visitor).await;
        assert_eq!(answer.body["data"]["status"], status, "{}", answer.body);
        let timeouts =
            "SELECT count(*) FROM outbox WHERE event = 'visitor_timeout' AND data ->> 'visitor_id' = $1";
        let timeouts: i64 = world.db.query_one(timeouts, &[&visitor.to_string()]).await.unwrap().get(0);
        assert_eq!(timeouts, if status == "denied" { 2 } else { 0 });
        if status == "denied" { timed_out += 1 } else { answered += 1 }
    }
    assert!(answered > 0 && timed_out > 0, "both happen: {answered} answers, {timed_out} timeouts");
}

#[tokio::test]
async fn others_are_asked_step_by_step() {
    let world = World::open().await;
    world.approve_templates().await;
    world.set_ladder(&[("push", "all"), ("sms", "primary"), ("sms", "all"), ("whatsapp", "all")]).await;
    let consent = json!({"whatsapp": true});
    world.spouse.post("/v1/notification-preferences", consent).await.data(200);
    world.resident.register_phone("asha-phone").await;
    world.log_visitor().await;
    world.handed("asha-phone", 1).await;
    world.let_steps_fall_due(1).await;
    world.watch().await;
    world.handed("asha-phone", 2).await;
    world.let_steps_fall_due(2).await;
    world.watch().await;
    let sms = world.handed(ASHA, 1).await.remove(0);
    let text = sms.message["text"].as_str().unwrap();
    assert!(text.contains("Kiran") && text.contains("101") && text.contains("/v1/decide#"), "{text}");
    assert_eq!(sms.message["attributes"]["AWS.SNS.SMS.SMSType"], "Transactional");
    world.let_steps_fall_due(3).await;
    world.watch().await;
    world.handed(ASHA, 2).await;
    world.handed(RAVI, 1).await;
    world.let_steps_fall_due(4).await;
    world.watch().await;
    // Asha has not agreed to WhatsApp.
    assert_eq!(world.handed(RAVI, 2).await[1].message["type"], "template");
    world.all_is_sent().await;
    world.handed(ASHA, 2).await;
}

/// Whose role was revoked is not asked, though their occupancy is still open; the next resident is.
#[tokio::test]
async fn a_resident_who_lost_the_role_is_not_asked() {
    let world = World::open().await;
    world.approve_templates().await;
    world.set_ladder(&[("sms", "primary")]).await;
    let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1";
    world.db.execute(revoked, &[&world.resident.user_id]).await.unwrap();
    world.log_visitor().await;
    world.let_steps_fall_due(1).await;
    world.watch().await;
    world.handed(RAVI, 1).await;
    world.all_is_sent().await;
    assert_eq!(
        world.count("SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM notifications)").await,
        1
    );
}

/// As soon as somebody answers nobody else is asked.
#[tokio::test]
async fn an_answer_ends_the_escalation() {
    let world = World::open().await;
    world.approve_templates().await;
    world.set_ladder(&[("sms", "all")]).await;
    let visitor = world.log_visitor().await;
    world.answer(visitor, "accept").await;
    world.let_steps_fall_due(1).await;
    world.watch().await;
    assert_eq!(world.count("SELECT count(*) FROM visitor_escalations WHERE done_at IS NULL").await, 0);
    assert_eq!(
        world.count("SELECT (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM notifications)").await,
        0
    );
}

/// A society without escalation steps of its own has the default one, but for steps that come after its deadline.
#[tokio::test]
async fn every_society_has_escalation_steps() {
    let world = World::open().await;
    let channels =
        |rows: Vec<tokio_postgres::Row>| -> Vec<String> { rows.iter().map(|row| row.get(0)).collect() };
    let steps = "SELECT channel FROM visitor_escalations ORDER BY visitor_id, position";
    world.log_visitor().await;
    assert_eq!(channels(world.db.query(steps, &[]).await.unwrap()), ["push", "sms", "whatsapp"]);
    world.db.batch_execute("DELETE FROM visitor_escalations").await.unwrap();
    let policy =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'approval_timeout_seconds', '90')";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    world.log_visitor().await;
    assert_eq!(channels(world.db.query(steps, &[]).await.unwrap()), ["push"]);
}

/// Wherever dispatchers die, or a ring is lost, each step is taken once and none is lost. Messages come
/// once or more; by its id a phone tells a repeat.
#[tokio::test]
async fn the_escalation_survives_whatever_dies() {
    for seeds in [0..3, 3..6] {
        join_all(seeds.map(climb_on_a_bad_day)).await;
    }
}

async fn climb_on_a_bad_day(seed: u64) {
    let world = World::open().await;
    world.approve_templates().await;
    world.set_ladder(&[("push", "all"), ("sms", "primary"), ("sms", "all"), ("push", "primary")]).await;
    world.resident.register_phone("asha-phone").await;
    world.spouse.register_phone("ravi-phone").await;
    let visitor = world.log_visitor().await;
    let mut dice = Dice(seed);
    for position in 1..=4 {
        world.let_steps_fall_due(position).await;
        let fault = match dice.roll(5) {
            0 => Fault::killed("dispatcher", Point::BeforeCommit).times(2),
            1 => Fault::killed("dispatcher", Point::BeforeCommit).times(1),
            2 => Fault::new(Kind::InvokeRefused),
            3 => Fault::new(Kind::InvokeDuplicated),
            _ => Fault::new(Kind::PostgresDown).function("dispatcher"),
        };
        world.stack.faults().set_seeded(seed, [fault]).unwrap();
        // It may be killed; so may be its twin.
        let _ = tokio::join!(world.try_to_watch(), world.try_to_watch());
    }
    world.stack.faults().clear();
    world.watch().await;
    world.let_leases_of_messages_end().await;
    world.dispatch().await;
    world.all_is_sent().await;
    let distinct = |to: &str, is_sms: bool| {
        let handed = world.stack.messages().accepted_by(to).into_iter();
        let ids = handed.map(|handed| match is_sms {
            true => handed.message["text"].clone(),
            false => handed.message["data"]["notification_id"].clone(),
        });
        ids.map(|id: Value| id.to_string()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(distinct("asha-phone", false), 3, "seed {seed}: at once, step 1, step 4");
    assert_eq!(distinct("ravi-phone", false), 2, "seed {seed}: at once, step 1");
    let taken = "SELECT count(*) FROM notifications WHERE channel = 'sms' AND status = 'sent'";
    assert_eq!(world.count(taken).await, 3, "seed {seed}: step 2 to one, step 3 to both");
    assert!(distinct(ASHA, true) > 0 && distinct(RAVI, true) > 0, "seed {seed}");
    assert_eq!(world.count("SELECT count(*) FROM visitor_escalations WHERE done_at IS NULL").await, 0);
    assert_eq!(world.status_of(visitor).await, "pending");
}

impl World {
    /// The lease of each message has ended.
    async fn let_leases_of_messages_end(&self) {
        let ended = "UPDATE deliveries SET due_at = now(), leased_until = NULL";
        self.db.execute(ended, &[]).await.unwrap();
    }
}

/// A society that gives ten seconds: nobody is at it when the visitor comes, and the waiting ends to the second.
#[tokio::test]
async fn a_short_deadline_is_watched_to_the_second() {
    let world = World::open().await;
    let policy =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'approval_timeout_seconds', '10')";
    world.db.execute(policy, &[&GREEN_ACRES]).await.unwrap();
    // Escalation begins later than that, so a visitor with the usual time is nobody's hurry.
    world.ring_at(BLUE_FLAT, &world.blue_guard).await;
    assert_eq!(world.stack.lambda().take_usage("dispatcher").unwrap().invocations, 0);
    let visitor = world.log_visitor().await;
    let mut desk = world.guard.connect().await;
    desk.join("society", GREEN_ACRES).await;
    while desk.event("visitor_timeout").await["data"]["visitor_id"] != visitor.to_string() {}
    let late =
        "SELECT extract(epoch FROM o.created_at - v.approval_deadline)::float8 FROM outbox o, visitors v
                 WHERE o.event = 'visitor_timeout' AND o.room LIKE 'society:%' AND v.id = $1";
    let late: f64 = world.db.query_one(late, &[&visitor]).await.unwrap().get(0);
    // The schedule would come up to a minute later.
    assert!((0.0..3.0).contains(&late), "{late} s late");
}

impl World {
    /// A visitor whom nobody has answered in time.
    async fn keep_waiting(&self, flat: Uuid, guard: &Actor) -> Uuid {
        let visitor = self.ring_at(flat, guard).await;
        self.let_deadline_pass(visitor).await;
        visitor
    }

    async fn ring_at(&self, flat: Uuid, guard: &Actor) -> Uuid {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": flat});
        let made = guard.post("/v1/visitors", body).await.data(201);
        made["visitor"]["id"].as_str().unwrap().parse().unwrap()
    }

    async fn put_off(&self, work: &str, subject: Uuid) -> Option<String> {
        let reason = "SELECT reason FROM put_off WHERE work = $1 AND subject = $2";
        Some(self.db.query_opt(reason, &[&work, &subject]).await.unwrap()?.get(0))
    }
}

/// A society whose room is stuck keeps its own visitors waiting, and no other's. Once it is free, so are they.
#[tokio::test]
async fn a_society_that_is_stuck_keeps_nobody_elses_visitors_waiting() {
    let world = World::open().await;
    let green = world.keep_waiting(FLAT_101, &world.guard).await;
    let blue = world.keep_waiting(BLUE_FLAT, &world.blue_guard).await;
    let room = format!("society:{GREEN_ACRES}");
    world.db.execute("INSERT INTO room_sequences (room, seq) VALUES ($1, 0)", &[&room]).await.unwrap();
    let mut holder = world.stack.database().await.unwrap();
    let held = holder.transaction().await.unwrap();
    held.query_one("SELECT FROM room_sequences WHERE room = $1 FOR UPDATE", &[&room]).await.unwrap();
    let round = tokio::spawn({
        let world = world.clone();
        async move { world.watch().await }
    });
    eventually("the other society goes on", async || world.status_of(blue).await == "denied").await;
    eventually("it is put off", async || world.put_off("society", GREEN_ACRES).await.is_some()).await;
    assert_eq!(world.status_of(green).await, "pending");
    assert_eq!(
        world.put_off("society", GREEN_ACRES).await.as_deref(),
        Some("55P03"),
        "the code, and no message"
    );
    held.rollback().await.unwrap();
    eventually("it is free", async || world.status_of(green).await == "denied").await;
    round.await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM outbox WHERE event = 'visitor_timeout'").await, 4);
}

/// One visitor whose waiting cannot be ended is put off with the reason, and everybody else's ends.
#[tokio::test]
async fn a_bad_row_is_put_off_with_its_reason() {
    let world = World::open().await;
    let bad = world.keep_waiting(FLAT_101, &world.guard).await;
    let good = [
        world.keep_waiting(FLAT_102, &world.guard).await,
        world.keep_waiting(BLUE_FLAT, &world.blue_guard).await,
    ];
    let full =
        "UPDATE room_sequences SET seq = 9223372036854775807, pushed = 9223372036854775807 WHERE room = $1";
    world.db.execute(full, &[&format!("flat:{FLAT_101}")]).await.unwrap();
    let due = "SELECT to_jsonb(e) FROM due_societies(32) e";
    assert_eq!(world.db.query(due, &[]).await.unwrap().len(), 2);
    let end = "SELECT time_out_society(v.society_id, 25) FROM visitors v WHERE v.id = $1";
    let done: Value = world.db.query_one(end, &[&bad]).await.unwrap().get(0);
    assert_eq!((&done["done"], &done["failed"]), (&json!(1), &json!(1)), "{done}");
    world.db.query_one(end, &[&good[1]]).await.unwrap();
    for visitor in good {
        assert_eq!(world.status_of(visitor).await, "denied");
    }
    assert_eq!(world.status_of(bad).await, "pending");
    assert_eq!(world.put_off("deadline", bad).await.as_deref(), Some("22003"));
    assert!(world.db.query(due, &[]).await.unwrap().is_empty(), "it is left alone for a while");
    // Somebody has seen to it.
    let mend = "UPDATE room_sequences SET seq = 1, pushed = 1 WHERE room = $1";
    world.db.execute(mend, &[&format!("flat:{FLAT_101}")]).await.unwrap();
    world.db.batch_execute("UPDATE put_off SET due_at = now()").await.unwrap();
    world.watch().await;
    assert_eq!(world.status_of(bad).await, "denied");
    assert_eq!(world.put_off("deadline", bad).await, None);
}

/// A flood of deadlines at one moment ends within a round, but for a few whose room is in use then, and steps that are due do not wait behind it.
#[tokio::test]
async fn a_flood_of_deadlines_ends_in_one_round() {
    let world = World::open().await;
    world.spouse.register_phone("ravi-phone").await;
    world.set_ladder(&[("push", "all")]).await;
    let waiting = world.log_visitor().await;
    world.let_steps_fall_due(1).await;
    let flood = "INSERT INTO visitors (society_id, block_id, flat_id, visitor_name, phone, status, approval_deadline, created_by)
                 SELECT society_id, block_id, flat_id, 'Kiran', '9876543210', 'pending', now(), $1
                   FROM places, generate_series(1, 200) WHERE society_id = $2";
    world.db.execute(flood, &[&world.guard.user_id, &GREEN_ACRES]).await.unwrap();
    world.watch().await;
    let left = "SELECT count(*) FROM visitors WHERE status = 'pending'";
    // One whose room is being written into at that moment is put off for some seconds.
    let put_off = world.count(left).await - 1;
    assert!(put_off < 20, "{put_off} are still waiting");
    eventually("nobody of the flood waits", async || {
        world.watch().await;
        world.count(left).await == 1
    })
    .await;
    let (step, last) = (
        "SELECT max(extract(epoch FROM done_at))::bigint FROM visitor_escalations",
        "SELECT max(extract(epoch FROM created_at))::bigint FROM outbox WHERE event = 'visitor_timeout'",
    );
    assert!(world.count(step).await <= world.count(last).await);
    assert_eq!(world.status_of(waiting).await, "pending");
    // What took too long to be pushed is the schedule's.
    eventually("all is pushed", async || {
        world.dispatch().await;
        world.is_up_to_date().await
    })
    .await;
}

/// Deadlines of a thousand societies are over at once, behind two hundred of one society: the thousandth is reached, those who
/// waited longer come first, and the one does not keep the others waiting until all of its own are through.
#[tokio::test]
async fn the_thousandth_society_is_reached() {
    let world = World::open().await;
    let societies = "
        WITH place AS (
            SELECT n, gen_random_uuid() AS society, gen_random_uuid() AS complex, gen_random_uuid() AS block, gen_random_uuid() AS flat
              FROM generate_series(1, 1000) AS n
        ), s AS (INSERT INTO societies (id, name, city) SELECT society, 'Society ' || n, 'Pune' FROM place
        ), c AS (INSERT INTO complexes (id, society_id, name) SELECT complex, society, 'Complex' FROM place
        ), b AS (INSERT INTO blocks (id, complex_id, name) SELECT block, complex, 'Block' FROM place
        ), f AS (INSERT INTO flats (id, block_id, flat_number) SELECT flat, block, '1' FROM place)
        INSERT INTO visitors (society_id, block_id, flat_id, visitor_name, phone, status, approval_deadline, created_by)
        SELECT society, block, flat, 'Kiran', '9876543210', 'pending', now() - interval '1 hour' + n * interval '1 second', $1 FROM place";
    world.db.execute(societies, &[&world.guard.user_id]).await.unwrap();
    let flood = "INSERT INTO visitors (society_id, block_id, flat_id, visitor_name, phone, status, approval_deadline, created_by)
                 SELECT society_id, block_id, flat_id, 'Kiran', '9876543210', 'pending', now() - interval '2 hours', $1
                   FROM places, generate_series(1, 200) WHERE flat_id = $2";
    world.db.execute(flood, &[&world.guard.user_id, &FLAT_101]).await.unwrap();
    world.watch().await;
    let waiting =
        format!("SELECT count(*) FROM visitors WHERE status = 'pending' AND society_id <> '{GREEN_ACRES}'");
    assert_eq!(world.count(&waiting).await, 0, "they wait still");
    let order = format!(
        "SELECT count(*) FROM (
             SELECT v.approval_deadline, max(v.approval_deadline) OVER (ORDER BY o.created_at, v.approval_deadline) AS latest
               FROM outbox o JOIN visitors v ON v.id = (o.data ->> 'visitor_id')::uuid
              WHERE o.event = 'visitor_timeout' AND o.room LIKE 'society:%' AND v.society_id <> '{GREEN_ACRES}') t
          WHERE approval_deadline < latest"
    );
    assert_eq!(world.count(&order).await, 0, "some came before others who waited longer");
    let between = format!(
        "SELECT count(*) FROM outbox o
          WHERE o.event = 'visitor_timeout' AND o.room LIKE 'society:%' AND o.room <> 'society:{GREEN_ACRES}'
            AND o.created_at < (SELECT max(created_at) FROM outbox WHERE room = 'society:{GREEN_ACRES}' AND event = 'visitor_timeout')"
    );
    assert!(world.count(&between).await > 100, "all waited for the one");
}
