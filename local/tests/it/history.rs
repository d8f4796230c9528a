//! Years of history cost a gate nothing: what is asked there reads as much of the database as in the first weeks.

use shared::statement;
use tasks::explain::{Plan, explain};
use time::{OffsetDateTime, PrimitiveDateTime};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{
    World,
    world::{BLOCK_A, FLAT_101, FLAT_102, FLAT_B1, GREEN_ACRES, GUARD_POST},
};

/// Emergencies number $1 to $2, resolved, and as many requests of residents, of which every second one was approved.
const ENDED: &str = "
    WITH past AS (
        SELECT n, f.id AS flat_id, f.block_id, now() - interval '1 day' - n * interval '6 hours' AS at
          FROM generate_series($1::integer, $2) AS n JOIN flats f ON f.id = ($4::uuid[])[1 + n % 3]
    ), emergency AS (
        INSERT INTO emergencies (society_id, block_id, flat_id, reported_by_user_id, status, addressed_by_guard_id, addressed_at,
                                 resolved_by_guard_id, resolved_at, created_at)
        SELECT $3, block_id, flat_id, $5, 'resolved', $6, at, $6, at, at FROM past)
    INSERT INTO resident_requests (requesting_user_id, society_id, block_id, flat_id, requested_role, status, submitted_at, processed_at)
    SELECT md5('newcomer ' || n % 2000)::uuid, $3, block_id, flat_id, 'tenant', CASE n % 2 WHEN 0 THEN 'approved' ELSE 'rejected' END, at, at FROM past";

/// Emergencies and a request that wait, of long before all that has ended: who looks for them from the newest on reads all
/// of it.
const OPEN: &str = "
    WITH emergency AS (
        INSERT INTO emergencies (society_id, block_id, flat_id, reported_by_user_id, status, addressed_by_guard_id, addressed_at, created_at)
        SELECT $1, $2, $3, $4, s.status, CASE s.status WHEN 'addressed' THEN $5::uuid END, CASE s.status WHEN 'addressed' THEN s.at END, s.at
          FROM (SELECT unnest('{pending,addressed}'::text[]) AS status, now() - interval '60 years' AS at) s)
    INSERT INTO resident_requests (requesting_user_id, society_id, block_id, flat_id, requested_role, submitted_at)
    VALUES ($4, $1, $2, $3, 'tenant', now() - interval '60 years')";

/// Visitors number $1 to $2, one each half hour, backwards from yesterday. Of twenty one was turned away and cleared from the
/// list, one was let in and never came, one is a pass that nobody used, and one a pass of three days; all others came and left.
const PAST: &str = "
    WITH gone AS (
        INSERT INTO visitors (id, society_id, block_id, flat_id, visitor_name, phone, status, decided_by, guest_pass, invited_by,
                              qr_code, access_code, expected_start, expected_end, approval_deadline, hidden_at, visit_id,
                              checkin_time, checkout_time, entries, accepted_at, created_by, created_at, updated_at)
        SELECT gen_random_uuid(), $3, f.block_id, f.id, 'Visitor ' || n, '+919800000000', s.status,
               CASE WHEN s.status <> 'pending' THEN 'resident' END, s.pass, CASE WHEN s.pass THEN $4::uuid END,
               CASE WHEN s.pass THEN 'qr-' || n END, CASE WHEN s.pass THEN 'P' || lpad(n::text, 5, '0') END, t.at,
               CASE WHEN s.pass THEN t.at + interval '3 days' END, CASE WHEN NOT s.pass THEN t.at + interval '5 minutes' END,
               CASE WHEN s.status = 'denied' THEN t.at END, CASE WHEN s.status = 'checked_out' THEN gen_random_uuid() END,
               CASE WHEN s.status = 'checked_out' THEN t.at END, CASE WHEN s.status = 'checked_out' THEN t.at + interval '1 hour' END,
               (s.status = 'checked_out')::integer, CASE WHEN s.status IN ('accepted', 'checked_out') THEN t.at END, $5, t.at, t.at
          FROM generate_series($1::integer, $2) AS n,
               LATERAL (SELECT now() - interval '1 day' - n * interval '30 minutes' AS at) t,
               LATERAL (SELECT CASE n % 20 WHEN 0 THEN 'denied' WHEN 1 THEN 'accepted' WHEN 2 THEN 'pending' ELSE 'checked_out' END AS status,
                               n % 20 IN (2, 3) AS pass) s, flats f
         WHERE f.id = ($6::uuid[])[1 + n % 3]
        RETURNING *)
    INSERT INTO visits (id, checkin_time, checkout_time, society_id, block_id, flat_id, visitor_id, guard_id)
    SELECT visit_id, checkin_time, checkout_time, society_id, block_id, flat_id, id, $7 FROM gone WHERE visit_id IS NOT NULL";

/// Whom the gate has to do with now: 45 of flat 101, a third of them in each state that is not the last.
const NOW: &str = "
    INSERT INTO visitors (society_id, block_id, flat_id, visitor_name, phone, status, decided_by, approval_deadline, visit_id,
                          checkin_time, entries, accepted_at, created_by)
    SELECT $1, $2, $3, 'Visitor', '+919800000000', status, CASE WHEN status <> 'pending' THEN 'resident' END,
           now() + interval '5 minutes', CASE WHEN status = 'checked_in' THEN gen_random_uuid() END,
           CASE WHEN status = 'checked_in' THEN now() END, (status = 'checked_in')::integer,
           CASE WHEN status <> 'pending' THEN now() END, $4
      FROM unnest('{pending,accepted,checked_in}'::text[]) AS status, generate_series(1, 15)";

/// Half hours of three years are too many for a test; of two and a quarter they show the same.
const FEW: i32 = 2_000;
const MANY: i32 = 40_000;

/// What the gate asks, each a page of ten where it has pages.
async fn asked(db: &Client, world: &World, waiting: Uuid) -> Vec<Plan> {
    let (guard, resident) = (world.guard.user_id, world.resident.user_id);
    let (start, last) = (time::macros::datetime!(9999-12-31 0:00 UTC), Uuid::max());
    let (anytime, no_clock): (Option<OffsetDateTime>, Option<PrimitiveDateTime>) = (None, None);
    let (today, rows): (Option<time::Date>, i64) = (None, 11);
    let mut plans = Vec::new();
    for (question, caller, flat, status) in [
        ("visitors", guard, None, None),
        ("visitors who wait", guard, None, Some("pending")),
        ("visitors to let in", guard, None, Some("accepted")),
        ("visitors inside", guard, None, Some("checked_in")),
        ("visitors who left", guard, None, Some("checked_out")),
        ("visitors turned away", guard, None, Some("denied")),
        ("visitors of a flat", guard, Some(FLAT_101), None),
        ("visitors of a flat inside", guard, Some(FLAT_101), Some("checked_in")),
        ("visitors of a quiet flat inside", guard, Some(FLAT_102), Some("checked_in")),
        ("visitors turned away by a block's admin", world.block_admin.user_id, None, Some("denied")),
        ("own visitors", resident, None, None),
        ("own visitors who wait", resident, None, Some("pending")),
        ("own visitors turned away", resident, None, Some("denied")),
    ] {
        let list = statement!(
            "../../../functions/visitors/src/list.sql",
            caller,
            flat,
            status,
            from_at = anytime,
            from_clock = no_clock,
            to_at = anytime,
            to_clock = no_clock,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(db, question, list).await.unwrap());
    }
    for (question, caller, flat) in
        [("visits", guard, None), ("visits to a flat", guard, Some(FLAT_101)), ("own visits", resident, None)]
    {
        let list = statement!(
            "../../../functions/visits/src/list.sql",
            caller,
            flat,
            from_at = anytime,
            from_clock = no_clock,
            to_at = anytime,
            to_clock = no_clock,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(db, question, list).await.unwrap());
    }
    for (question, qr_code, access_code) in [
        ("a pass by its QR", Some("qr-2"), None),
        ("a pass by its code", None, Some("P00002")),
        ("a used pass by its code", None, Some("P00003")),
        ("no pass by a code", None, Some("P99999")),
    ] {
        let scan = statement!(
            "../../../functions/visitors/src/scan.sql",
            caller = guard,
            qr_code,
            access_code,
            window = 600_i32
        );
        plans.push(explain(db, question, scan).await.unwrap());
    }
    for (question, statement) in [
        (
            "who waits for the flat",
            statement!(
                "../../../functions/visitors/src/pending.sql",
                caller = resident,
                before_at = start,
                before_id = last,
                rows
            ),
        ),
        (
            "how many wait for the flat",
            statement!("../../../functions/visitors/src/pending_count.sql", caller = guard, flat = FLAT_101),
        ),
        (
            "who is expected",
            statement!(
                "../../../functions/guards/src/expected.sql",
                caller = guard,
                society = GREEN_ACRES,
                day = today,
                before_at = start,
                before_id = last,
                rows
            ),
        ),
        (
            "one visitor",
            statement!("../../../functions/visitors/src/get.sql", caller = guard, visitor = waiting),
        ),
        ("the profile", statement!("../../../functions/profile/src/me.sql", caller = resident)),
    ] {
        plans.push(explain(db, question, statement).await.unwrap());
    }
    plans
}

/// Twenty times the history: no question of the gate reads more than a fifth more, or one page more of each index that has
/// grown by a level.
#[tokio::test]
async fn what_a_gate_asks_costs_the_same_after_years() {
    let world = World::open().await;
    for months in 0..30 {
        let month = "SELECT make_month_partition('visits', 'checkin_time', (CURRENT_DATE - make_interval(months => $1))::date)";
        world.db.execute(month, &[&months]).await.unwrap();
    }
    // Who lives there has lived there all the time.
    world
        .db
        .batch_execute(
            "UPDATE flat_occupancies SET created_at = now() - interval '20 years';
             UPDATE role_assignments SET created_at = now() - interval '20 years'",
        )
        .await
        .unwrap();
    let flats = [FLAT_101, FLAT_102, FLAT_B1].as_slice();
    let (made_by, by) = (&world.resident.user_id, &world.guard.user_id);
    let fill = async |from: i32, to: i32| {
        world.db.execute(PAST, &[&from, &to, &GREEN_ACRES, made_by, by, &flats, &GUARD_POST]).await.unwrap();
        for table in ["visitors", "visits"] {
            world.db.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
        }
        // A connection of its own has no plan from before.
        world.stack.database().await.unwrap()
    };
    world.db.execute(NOW, &[&GREEN_ACRES, &BLOCK_A, &FLAT_101, by]).await.unwrap();
    let waiting: Uuid = world
        .db
        .query_one("SELECT id FROM visitors WHERE status = 'pending' LIMIT 1", &[])
        .await
        .unwrap()
        .get(0);
    let few = asked(&fill(1, FEW).await, &world, waiting).await;
    let many = asked(&fill(FEW + 1, MANY).await, &world, waiting).await;
    let mut grown = Vec::new();
    for (few, many) in few.iter().zip(&many) {
        let levels = i64::try_from(many.indexes.len()).unwrap();
        println!("{:45} {:6} {:6}", few.question, few.buffers, many.buffers);
        if many.buffers * 5 > few.buffers * 6 && many.buffers > few.buffers + levels {
            grown.push(format!("{}: {} pages, and then {}", few.question, few.buffers, many.buffers));
        }
        // A month that has just begun is a page or two.
        let whole: Vec<_> = many.whole_tables.iter().filter(|table| !table.starts_with("visits_")).collect();
        assert!(whole.is_empty(), "{} reads {whole:?}", many.question);
    }
    assert!(grown.is_empty(), "{grown:#?}");

    // Without its index a question reads all who ever came, and this would notice.
    world.db.batch_execute("DROP INDEX visitors_open_idx").await.unwrap();
    let blind = asked(&world.stack.database().await.unwrap(), &world, waiting).await;
    let turned_away = |plans: &[Plan]| {
        plans.iter().find(|plan| plan.question == "visitors turned away").map_or(0, |plan| plan.buffers)
    };
    let (blind, many) = (turned_away(&blind), turned_away(&many));
    assert!(blind > 10 * many, "{blind} and {many}");
}

/// What is asked of emergencies and of requests to be a resident, each a page of ten where it has pages.
async fn asked_of_what_waits(db: &Client, world: &World) -> Vec<Plan> {
    let (start, last) = (time::macros::datetime!(9999-12-31 0:00 UTC), Uuid::max());
    let (guard, resident, block_admin) =
        (world.guard.user_id, world.resident.user_id, world.block_admin.user_id);
    let (since, epoch, rows, most): (Option<i64>, Option<Uuid>, i64, i64) = (None, None, 11, 100);
    let mut plans = Vec::new();
    for (question, caller, flat, status) in [
        ("emergencies", guard, None, None),
        ("emergencies that nobody is at", guard, None, Some("pending")),
        ("emergencies that somebody is at", guard, None, Some("addressed")),
        ("emergencies that are over", guard, None, Some("resolved")),
        ("emergencies of a flat that nobody is at", guard, Some(FLAT_101), Some("pending")),
        ("emergencies of a quiet flat that nobody is at", guard, Some(FLAT_102), Some("pending")),
        ("emergencies of a block that nobody is at", block_admin, None, Some("pending")),
        ("emergencies of a block that are over", block_admin, None, Some("resolved")),
        ("own emergencies", resident, None, None),
        ("own emergencies that nobody is at", resident, None, Some("pending")),
    ] {
        let list = statement!(
            "../../../functions/emergencies/src/list.sql",
            caller,
            flat,
            status,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(db, question, list).await.unwrap());
    }
    for (question, caller, status) in [
        ("requests", world.admin.user_id, None),
        ("requests that wait", world.admin.user_id, Some("pending")),
        ("requests that were rejected", world.admin.user_id, Some("rejected")),
        ("requests of a block", block_admin, None),
        ("requests of a block that wait", block_admin, Some("pending")),
        ("requests that wait, for the super admin", world.super_admin.user_id, Some("pending")),
    ] {
        let list = statement!(
            "../../../functions/residents/src/list.sql",
            caller,
            status,
            before_at = start,
            before_id = last,
            rows
        );
        plans.push(explain(db, question, list).await.unwrap());
    }
    let arrival = statement!(
        "../../../functions/realtime/src/arrive.sql",
        room = format!("society:{GREEN_ACRES}"),
        place = GREEN_ACRES,
        since,
        epoch,
        most,
        user = guard
    );
    plans.push(explain(db, "what is open where a guard comes into the room", arrival).await.unwrap());
    plans
}

/// Ten times the history of emergencies and requests: no list of them, of any state, reads more than a fifth more, or one
/// page more of each range that it has.
#[tokio::test]
async fn lists_of_a_state_cost_the_same_after_years() {
    let world = World::open().await;
    let flats = [FLAT_101, FLAT_102, FLAT_B1].as_slice();
    let by = &world.far_neighbour.user_id;
    world
        .db
        .batch_execute(
            "UPDATE flat_occupancies SET created_at = now() - interval '70 years';
             UPDATE role_assignments SET created_at = now() - interval '70 years'",
        )
        .await
        .unwrap();
    let newcomers = "INSERT INTO users (id, firebase_uid) SELECT md5('newcomer ' || n)::uuid, 'newcomer ' || n FROM generate_series(0, 1999) AS n";
    world.db.execute(newcomers, &[]).await.unwrap();
    world.db.execute(OPEN, &[&GREEN_ACRES, &BLOCK_A, &FLAT_101, by, &GUARD_POST]).await.unwrap();
    let fill = async |from: i32, to: i32| {
        world.db.execute(ENDED, &[&from, &to, &GREEN_ACRES, &flats, by, &GUARD_POST]).await.unwrap();
        for table in ["emergencies", "resident_requests", "users"] {
            world.db.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
        }
        world.stack.database().await.unwrap()
    };
    let few = asked_of_what_waits(&fill(1, 2_000).await, &world).await;
    let many = asked_of_what_waits(&fill(2_001, 20_000).await, &world).await;
    let mut grown = Vec::new();
    for (few, many) in few.iter().zip(&many) {
        println!("{:60} {:6} {:6}", few.question, few.buffers, many.buffers);
        if many.buffers * 5 > few.buffers * 6 && many.buffers > few.buffers + 3 {
            grown.push(format!("{}: {} pages, and then {}", few.question, few.buffers, many.buffers));
        }
    }
    assert!(grown.is_empty(), "{grown:#?}");

    // Without its index a question reads all there ever was, and this would notice.
    world.db.batch_execute("DROP INDEX emergencies_society_status_idx").await.unwrap();
    let blind = asked_of_what_waits(&world.stack.database().await.unwrap(), &world).await;
    let waits = |plans: &[Plan]| plans.get(1).map_or(0, |plan| plan.buffers);
    assert!(waits(&blind) > 10 * waits(&many), "{} and {}", waits(&blind), waits(&many));
}
