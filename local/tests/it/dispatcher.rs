//! What a function left over is pushed by the dispatcher: everything, in order, however many of them
//! are at it.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use gateway::Outcome;
use serde_json::{Value, json};
use stack::faults::{Fault, Kind};

use crate::support::{World, eventually, seqs, world::FLAT_101};

impl World {
    /// A function commits so many events for flat 101 and dies before it pushes them; its hold on the
    /// room has run out.
    async fn leave_over(&self, events: i32) {
        let emit = "SELECT emit('flat:' || $1, 'visitor_checkin', jsonb_build_object('n', n), NULL, NULL, NULL) FROM generate_series(1, $2) AS n";
        self.db.execute(emit, &[&FLAT_101.to_string(), &events]).await.unwrap();
        self.let_leases_end().await;
    }

    /// The lease of each room has ended.
    pub async fn let_leases_end(&self) {
        let ended = "UPDATE room_sequences SET pusher_until = now() - interval '1 second'";
        self.db.execute(ended, &[]).await.unwrap();
    }

    /// Calls the dispatcher as its schedule does.
    pub async fn dispatch(&self) {
        let done =
            self.stack.lambda().invoke("dispatcher", json!({"source": "aws.events"}).to_string()).await;
        assert_eq!(done, Ok(Outcome::Answered("null".to_owned())));
    }

    pub async fn is_up_to_date(&self) -> bool {
        self.count("SELECT count(*) FROM room_sequences WHERE pushed < seq OR pusher IS NOT NULL").await == 0
            && self.count("SELECT count(*) FROM lagging_connections").await == 0
    }

    /// Waits until everything is pushed, with the schedule's help.
    pub async fn all_is_pushed(&self) {
        eventually("everything is pushed", async || {
            self.dispatch().await;
            self.is_up_to_date().await
        })
        .await;
    }

    /// What was heard. Where a connection was too slow to answer, an event may have come again, with the same id.
    async fn once(&self, mut heard: Vec<Value>) -> Vec<Value> {
        if self.count("SELECT count(*) FROM those_who_lagged").await > 0 {
            let mut ids = HashSet::new();
            heard.retain(|event| ids.insert(event["id"].as_str().unwrap().to_owned()));
        }
        heard
    }

    /// From now on, connections that begin to lag behind are written down in `those_who_lagged`.
    async fn note_who_lags(&self) {
        let note = "CREATE TABLE those_who_lagged (connection_id text);
            CREATE FUNCTION note_who_lags() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN INSERT INTO those_who_lagged VALUES (NEW.connection_id); RETURN NULL; END';
            CREATE TRIGGER note_who_lags AFTER INSERT ON lagging_connections FOR EACH ROW EXECUTE FUNCTION note_who_lags()";
        self.db.batch_execute(note).await.unwrap();
    }
}

/// How long a writer pushes at most, before they leave the rest to the dispatcher.
const PUSHING: Duration = Duration::from_millis(2500);

#[tokio::test]
async fn what_a_dead_function_left_over_is_pushed() {
    let world = World::open().await;
    world.note_who_lags().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(250).await;
    assert!(phone.heard().await.is_empty());
    world.dispatch().await;
    eventually("all is pushed", async || world.is_up_to_date().await).await;
    assert_eq!(seqs(&world.once(phone.heard().await).await), (1..=250).collect::<Vec<_>>());
    // Nothing is pushed twice.
    world.dispatch().await;
    assert!(phone.heard().await.is_empty());
}

/// The next writer finds a room that is behind, and rings.
#[tokio::test]
async fn a_writer_who_finds_a_room_behind_invokes_the_dispatcher() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(2).await;
    world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["seq"], 3);
    assert_eq!(seqs(&phone.heard().await), [1, 2]);
}

/// Many dispatchers and many writers at once: each event comes, and never before an earlier one. It comes once, unless a
/// connection was too slow to answer: then it is served again from where its answer is known.
#[tokio::test]
async fn any_number_of_dispatchers_keeps_the_order() {
    let world = World::open().await;
    world.note_who_lags().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(150).await;
    let writers = join_all((0..20).map(|_| world.log_visitor_in_a_crowd()));
    let dispatchers = join_all((0..8).map(|_| world.dispatch()));
    tokio::join!(writers, dispatchers);
    // Those that the writers rang may hold the room still.
    world.all_is_pushed().await;
    let heard = world.once(phone.heard().await).await;
    assert_eq!(seqs(&heard), (1..=170).collect::<Vec<_>>());
    let ids: HashSet<_> = heard.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 170);
    world.dispatch().await;
    assert!(phone.heard().await.is_empty());
}

/// Writers who hand a room on to each other need no dispatcher, where none of them is at it for longer than they may.
#[tokio::test]
async fn parallel_writers_push_everything_themselves() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.note_who_lags().await;
    let began = Instant::now();
    join_all((0..30).map(|_| world.log_visitor_in_a_crowd())).await;
    if began.elapsed() < PUSHING {
        assert!(world.is_up_to_date().await);
        assert_eq!(world.stack.lambda().take_usage("dispatcher").unwrap().at_once, 0);
    }
    world.all_is_pushed().await;
    assert_eq!(seqs(&world.once(phone.heard().await).await), (1..=30).collect::<Vec<_>>());
}

/// A room that cannot be pushed to for half an hour is given up, and goes on with the next event. What was
/// given up is still there for a client that comes back with `since`.
#[tokio::test]
async fn what_is_given_up_can_still_be_asked_for() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(3).await;
    world.db.execute("UPDATE room_sequences SET attempts = 15", &[]).await.unwrap();
    world.stack.faults().set([Fault::new(Kind::DynamodbDown).function("dispatcher")]).unwrap();
    let drain = json!({"drain": {}}).to_string();
    world.stack.lambda().invoke("dispatcher", drain).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL").await, 3);
    assert!(world.is_up_to_date().await);

    world.stack.faults().clear();
    assert!(phone.heard().await.is_empty());
    world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["seq"], 4);
    assert_eq!(phone.join_since("flat", FLAT_101, 0).await["recovered"], true);
    assert_eq!(seqs(&phone.heard().await), [1, 2, 3, 4]);
}

/// A connection that takes nothing, try after try, is closed; its client comes back and has everything.
#[tokio::test]
async fn a_connection_that_takes_nothing_is_closed() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    let [id] = &world.stack.connection_ids()[..] else { panic!("one connection is open") };
    world.stack.faults().set([Fault::new(Kind::PostFails).connection(id)]).unwrap();
    world.log_visitor().await;
    let at_its_end = "UPDATE lagging_connections SET attempts = 6, due_at = now()";
    eventually("it is given up", async || {
        world.db.execute(at_its_end, &[]).await.unwrap();
        world.dispatch().await;
        world.is_up_to_date().await
    })
    .await;
    assert_eq!(phone.frame().await, None);
    let mut phone = world.resident.connect().await;
    assert_eq!(phone.join_since("flat", FLAT_101, 0).await["recovered"], true);
    assert_eq!(seqs(&phone.heard().await), [1]);
}

/// Numbers without events, which only a hand in the database can make, end in a dead letter and not in a
/// dispatcher that tries for ever.
#[tokio::test]
async fn numbers_without_events_block_nothing() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(2).await;
    world.db.batch_execute("DELETE FROM outbox; UPDATE room_sequences SET attempts = 15").await.unwrap();
    world.dispatch().await;
    assert!(world.is_up_to_date().await);
    world.log_visitor().await;
    assert_eq!(phone.event("visitor_request").await["seq"], 3);
}

impl World {
    /// Invokes the dispatcher; answers how long it was at it.
    async fn let_ring(&self, ring: Value) -> Duration {
        let began = Instant::now();
        let done = self.stack.lambda().invoke("dispatcher", ring.to_string()).await;
        assert_eq!(done, Ok(Outcome::Answered("null".to_owned())));
        began.elapsed()
    }

    /// Dispatchers have taken all turns at some work, and do nothing.
    async fn take_all_turns(&self, work: &str) {
        let take = "UPDATE dispatcher_turns SET holder = gen_random_uuid(), until = now() + interval '1 minute' WHERE work = $1";
        self.db.execute(take, &[&work]).await.unwrap();
    }

    fn dispatchers(&self) -> u64 {
        let usage = self.stack.lambda().take_usage("dispatcher").unwrap();
        usage.under_way
    }
}

/// The shortest time that anybody here waits for another one, whom they think dead.
const LEASE: Duration = Duration::from_secs(5);

/// A ring that finds others at its work ends at once, and leaves it to them. The schedule relies on nobody: they may be
/// dead.
#[tokio::test]
async fn an_invocation_that_finds_others_at_work_ends_at_once() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.take_all_turns("send").await;
    world.log_visitor().await;
    let time = world.let_ring(json!({"send": {}})).await;
    assert!(time < LEASE, "they hold their turns for a minute: {time:?}");
    assert!(world.stack.messages().handed().is_empty());
    world.dispatch().await;
    assert_eq!(world.handed("asha-phone", 1).await.len(), 1);
}

/// However few may be at it: no ring is lost between one who ends and one who finds all turns taken.
#[tokio::test]
async fn no_invocation_is_lost() {
    let world = World::open().await;
    world.resident.register_phone("asha-phone").await;
    world.db.batch_execute("DELETE FROM dispatcher_turns WHERE work = 'send' AND slot > 1").await.unwrap();
    for _ in 0..12 {
        join_all((0..5).map(|_| world.log_visitor_in_a_crowd())).await;
    }
    world.all_is_sent().await;
    // One whose sender was too slow comes again, with the same id.
    let accepted = world.stack.messages().accepted_by("asha-phone").into_iter();
    let ids: HashSet<_> = accepted.map(|one| one.message["data"]["notification_id"].to_string()).collect();
    assert_eq!(ids.len(), 60);
}

/// A room that is being pushed to is its pusher's work. Only a ring of one who could not say that they are through waits
/// for their lease to end.
#[tokio::test]
async fn nobody_waits_for_a_room_that_another_holds() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world
        .db
        .execute(
            "SELECT emit('flat:' || $1, 'visitor_checkin', '{}', NULL, NULL, NULL)",
            &[&FLAT_101.to_string()],
        )
        .await
        .unwrap();
    let lease = async |seconds: f64| {
        let hold = "UPDATE room_sequences SET pusher_until = clock_timestamp() + make_interval(secs => $1)";
        assert_eq!(world.db.execute(hold, &[&seconds]).await.unwrap(), 1);
    };
    lease(60.0).await;
    let time = world.let_ring(json!({"drain": {}})).await;
    assert!(time < LEASE, "the room is held for a minute: {time:?}");
    assert!(phone.heard().await.is_empty());
    let began = Instant::now();
    lease(LEASE.as_secs_f64()).await;
    world.let_ring(json!({"drain": {"held": true}})).await;
    assert!(began.elapsed() >= LEASE, "{:?}", began.elapsed());
    assert_eq!(phone.event("visitor_checkin").await["seq"], 1);
}

/// Of all that are invoked while something falls due soon, one waits for it.
#[tokio::test]
async fn one_waits_for_all() {
    let world = World::open().await;
    let mut phone = world.resident.connect().await;
    phone.join("flat", FLAT_101).await;
    world.leave_over(1).await;
    let due_in = async |seconds: f64| {
        let due = "UPDATE room_sequences SET pusher = NULL, pusher_until = NULL, due_at = clock_timestamp() + make_interval(secs => $1)";
        world.db.execute(due, &[&seconds]).await.unwrap();
    };
    due_in(30.0).await;
    let invoked: Vec<_> = (0..6)
        .map(|_| world.stack.lambda().send("dispatcher", json!({"drain": {}}).to_string()).unwrap())
        .collect();
    eventually("one is left", async || world.dispatchers() == 1).await;
    assert!(phone.heard().await.is_empty());
    due_in(1.0).await;
    assert_eq!(phone.event("visitor_checkin").await["seq"], 1);
    join_all(invoked.into_iter().flatten()).await;
    assert_eq!(world.dispatchers(), 0);
}

/// What is read as JSON is JSON, also where there is nothing to say.
#[tokio::test]
async fn a_connection_that_has_caught_up_is_answered_in_json() {
    let world = World::open().await;
    world.leave_over(1).await;
    let room = format!("flat:{FLAT_101}");
    let advance = "SELECT advance_lagging($1, 'nobody', 1), advance_lagging($1, 'nobody', 0)";
    let answered = world.db.query_one(advance, &[&room]).await.unwrap();
    assert_eq!((answered.get::<_, Value>(0), answered.get::<_, Value>(1)), (Value::Null, Value::Null));
}
