//! The judge of entry, `entry_refusal`: as `docs/architecture.md` tells it, in every state and at every time; and as a
//! model of twenty lines has it, after ten thousand random histories by the statements that the functions run.

use std::{
    collections::{BTreeSet, HashMap},
    env, fs,
    sync::{Arc, Mutex},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{change, policy::ACCEPTANCE_VALID_HOURS, statement::Change};
use stack::checkout;
use tokio_postgres::{Client, Statement, types::ToSql};
use uuid::Uuid;

use crate::support::{
    Dice, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// A visitor as they may be in the database, and what is asked about them.
struct Case {
    visitor: Value,
    accepting: bool,
    /// Whether who made the pass lives in the flat.
    lives: bool,
    /// Hours since the yes, and until the window begins and ends.
    since_yes: f64,
    until_start: f64,
    until_end: Option<f64>,
}

/// Nobody follows these.
const NO_TRACE: Option<&str> = None;

impl Case {
    fn is(&self, field: &str, value: &str) -> bool {
        self.visitor[field] == value
    }

    /// Whether a line of the table is about them.
    fn fits(&self, who: &str, state: &str, when: &str) -> bool {
        let pass = self.visitor["guest_pass"] == true;
        let who = match who {
            "anybody" => true,
            "with a pass" => pass,
            "without" => !pass,
            other => panic!("who is {other}?"),
        };
        let words: Vec<&str> = state.split(' ').collect();
        let state = match words[..] {
            ["any"] => true,
            [state] => self.is("status", state.trim_matches('`')),
            [state, "by", by] => {
                self.is("status", state.trim_matches('`')) && self.is("decided_by", by.trim_matches('`'))
            }
            _ => panic!("what is {state}?"),
        };
        let when = match when {
            "always" => true,
            "withdrawn" => !self.visitor["withdrawn_at"].is_null(),
            "nobody says yes now" => !self.accepting,
            "cleared from the lists" => !self.visitor["hidden_at"].is_null(),
            "before `expected_start`" => self.until_start > 0.0,
            "from `expected_end` on" => self.until_end.is_some_and(|hours| hours <= 0.0),
            "who made it does not live in the flat" => !self.lives,
            "`acceptance_valid_hours` after the yes, and later" => {
                self.since_yes >= f64::from(ACCEPTANCE_VALID_HOURS.default)
            }
            other => panic!("when is {other}?"),
        };
        who && state && when
    }
}

/// The table of the document: its lines, without the heading.
fn table() -> Vec<[String; 4]> {
    let page = fs::read_to_string(checkout().join("docs/architecture.md")).unwrap();
    let (_, table) = page.split_once("| Visitor | State | When | Refused with |\n").unwrap();
    let lines = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    };
    lines.map(cells).collect()
}

/// All states, with all that can be said of them, at all times around the hours that count: the first line that fits is
/// the judge's word, and where none does, they come in. No line is there for nothing.
#[tokio::test]
async fn the_judge_is_as_the_architecture_says() {
    let world = World::open().await;
    // Three ways to live, or not to live, in a flat.
    let moved_out = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1";
    world.db.execute(moved_out, &[&world.neighbour.user_id]).await.unwrap();
    let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1";
    world.db.execute(revoked, &[&world.spouse.user_id]).await.unwrap();
    let makers =
        [(&world.resident, true), (&world.spouse, false), (&world.neighbour, false), (&world.guard, false)];
    let now = jiff::Timestamp::now();
    let at = |hours: f64| {
        #[expect(clippy::cast_possible_truncation)]
        let milliseconds = (hours * 3_600_000.0) as i64;
        (now + jiff::SignedDuration::from_millis(milliseconds)).to_string()
    };
    let (moment, hours) = (0.02, f64::from(ACCEPTANCE_VALID_HOURS.default));
    let mut cases = Vec::new();
    let states = [
        ("pending", None),
        ("accepted", Some("resident")),
        ("accepted", Some("guard")),
        ("denied", Some("resident")),
        ("denied", Some("guard")),
        ("denied", Some("timeout")),
        ("checked_in", Some("guard")),
        ("checked_out", Some("guard")),
    ];
    for (status, by) in states {
        for flags in 0..32 {
            let [pass, hidden, withdrawn, accepting, counted] = [1, 2, 4, 8, 16].map(|bit| flags & bit != 0);
            for (maker, lives) in makers {
                for (until_start, until_end) in [
                    (-48.0, None),
                    (moment, Some(2.0)),
                    (0.0, Some(moment)),
                    (-2.0, Some(0.0)),
                    (-2.0, Some(-moment)),
                ] {
                    for since_yes in [0.0, hours - moment, hours, 60.0 * 24.0] {
                        let yes = at(-since_yes);
                        let visitor = json!({
                            "id": Uuid::nil(), "society_id": GREEN_ACRES, "flat_id": FLAT_101, "status": status,
                            "decided_by": by, "guest_pass": pass, "invited_by": maker.user_id,
                            "hidden_at": hidden.then(|| at(-1.0)), "withdrawn_at": withdrawn.then(|| at(-1.0)),
                            "expected_start": at(until_start), "expected_end": until_end.map(at),
                            // The release before notes no acceptance.
                            "accepted_at": counted.then_some(&yes), "updated_at": if counted { at(-0.5) } else { yes.clone() },
                            "max_entries": 1, "entries": 0,
                        });
                        cases.push(Case { visitor, accepting, lives, since_yes, until_start, until_end });
                    }
                }
            }
        }
    }
    let ask = "SELECT coalesce(entry_refusal(jsonb_populate_record(NULL::visitors, c.value -> 0), (c.value ->> 1)::boolean), 'none')
                 FROM jsonb_array_elements($1) WITH ORDINALITY AS c (value, place) ORDER BY place";
    let asked: Vec<Value> = cases.iter().map(|case| json!([case.visitor, case.accepting])).collect();
    let answers = world.db.query(ask, &[&json!(asked)]).await.unwrap();
    assert_eq!(answers.len(), cases.len());
    let table = table();
    let mut used = BTreeSet::new();
    for (case, answer) in cases.iter().zip(answers) {
        let line = table.iter().position(|[who, state, when, _]| case.fits(who, state, when));
        let expected = line.map_or("none", |line| table[line][3].trim_matches('`'));
        assert_eq!(answer.get::<_, String>(0), expected, "{} accepting: {}", case.visitor, case.accepting);
        used.insert(line);
    }
    assert_eq!(used.len(), table.len() + 1, "a line decides nothing: {used:?}");
}

/// Minutes for which a yes counts, and for which the flat is waited for.
const YES_COUNTS: i64 = ACCEPTANCE_VALID_HOURS.default as i64 * 60;
const FLAT_HAS: i64 = 5;

/// A visitor as the model knows them, in minutes of its own clock.
#[derive(Clone, Debug)]
struct Model {
    now: i64,
    pass: bool,
    state: &'static str,
    by: &'static str,
    start: i64,
    end: i64,
    deadline: i64,
    yes_at: i64,
    withdrawn: bool,
    hidden: bool,
    maker_lives: bool,
    entries: i32,
    max_entries: i32,
}

impl Model {
    /// Whether they would come in, if somebody had said yes in time.
    fn may_enter_after_yes(&self) -> bool {
        let in_time = self.now < self.end && (!self.pass || self.start <= self.now && self.maker_lives);
        in_time && !self.hidden && !self.withdrawn && self.entries < self.max_entries
    }

    /// Whether they may come in.
    fn may_enter(&self) -> bool {
        let yes_counts = self.pass || self.now < self.yes_at + YES_COUNTS;
        self.state == "accepted" && yes_counts && self.may_enter_after_yes()
    }

    /// What a step makes of them; answers whether it did anything.
    fn step(&mut self, step: Step) -> bool {
        let waits = self.state == "pending";
        let late = !self.pass && waits && self.now >= self.deadline;
        let open_to_guard = waits || self.state == "denied" && self.by == "timeout";
        let (state, by) = match step {
            Step::Yes if !self.pass && waits && !late => ("accepted", "resident"),
            Step::No if !self.pass && (waits && !late || self.state == "accepted") => ("denied", "resident"),
            Step::Yes | Step::No | Step::Withdraw | Step::AdminWithdraws if late => {
                (self.state, self.by) = ("denied", "timeout");
                return false;
            }
            Step::GuardYes if open_to_guard && self.may_enter_after_yes() => ("accepted", "guard"),
            Step::GuardNo
                if open_to_guard && (!self.pass || self.start <= self.now && self.now < self.end) =>
            {
                ("denied", "guard")
            }
            Step::No | Step::Withdraw | Step::AdminWithdraws
                if self.pass
                    && !self.withdrawn
                    && (waits
                        || self.state == "accepted"
                        || self.state == "checked_in" && self.entries < self.max_entries) =>
            {
                self.withdrawn = true;
                let by = if matches!(step, Step::AdminWithdraws) { "guard" } else { "resident" };
                (if self.state == "checked_in" { "checked_in" } else { "denied" }, by)
            }
            Step::TimeOut if late => ("denied", "timeout"),
            Step::CheckIn if self.may_enter() => {
                self.entries += 1;
                ("checked_in", self.by)
            }
            Step::CheckOut if self.state == "checked_in" => {
                let again =
                    self.pass && !self.withdrawn && self.entries < self.max_entries && self.now < self.end;
                (if again { "pending" } else { "checked_out" }, if again { "" } else { self.by })
            }
            Step::Clear => {
                self.hidden |= self.state == "denied";
                return true;
            }
            Step::MoveOut | Step::LoseRole | Step::MoveIn => {
                self.maker_lives = matches!(step, Step::MoveIn);
                return true;
            }
            Step::Wait(minutes) => {
                self.now += minutes;
                return true;
            }
            Step::Yes | Step::No | Step::GuardYes | Step::GuardNo | Step::Withdraw | Step::AdminWithdraws => {
                return false;
            }
            Step::TimeOut | Step::CheckIn | Step::CheckOut => return false,
        };
        (self.state, self.by) = (state, by);
        if state == "accepted" {
            self.yes_at = self.now;
        }
        true
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Yes,
    No,
    GuardYes,
    GuardNo,
    Withdraw,
    AdminWithdraws,
    TimeOut,
    Clear,
    MoveOut,
    LoseRole,
    MoveIn,
    CheckIn,
    CheckOut,
    /// So many minutes pass.
    Wait(i64),
}

impl Step {
    fn roll(dice: &mut Dice) -> Self {
        match dice.roll(40) {
            0..4 => Self::Yes,
            4..6 => Self::No,
            6..13 => Self::GuardYes,
            13 => Self::GuardNo,
            14 => Self::Withdraw,
            15 => Self::AdminWithdraws,
            16 => Self::TimeOut,
            17 => Self::Clear,
            18 => Self::MoveOut,
            19 => Self::LoseRole,
            20 => Self::MoveIn,
            21..28 => Self::CheckIn,
            28..32 => Self::CheckOut,
            _ => Self::Wait(dice.pick(&[1, 4, 6, 40, 200, 715, 721, 1500, 4000])),
        }
    }
}

const MOVE_IN: &str = "SELECT open_occupancy($1, $2, 'owner')";
const MOVE_OUT: &str = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1 AND flat_id = $2 AND end_date IS NULL";
const LOSE_ROLE: &str = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = $1 AND scope_id = $2 AND revoked_at IS NULL";

/// A society of its own in which histories happen, one after the other.
struct Gate {
    db: Client,
    prepared: Mutex<HashMap<&'static str, Statement>>,
    flat: Uuid,
    guard: Uuid,
    admin: Uuid,
    /// Makes the passes, and moves out and in.
    maker: Uuid,
    /// Answers.
    spouse: Uuid,
}

const PLACE: &str = "WITH society AS (INSERT INTO societies (id, name, city) VALUES ($1, 'Gate', 'Pune')),
    complex AS (INSERT INTO complexes (id, society_id, name) VALUES ($1, $1, 'Tower')),
    block AS (INSERT INTO blocks (id, complex_id, name) VALUES ($1, $1, 'Block')),
    flat AS (INSERT INTO flats (id, block_id, flat_number) VALUES ($2, $1, '101')),
    people AS (INSERT INTO users (id, firebase_uid, name) SELECT id, id::text, 'Somebody' FROM unnest($3::uuid[]) AS p (id)),
    guard AS (INSERT INTO guards (user_id, society_id) VALUES ($3[1], $1)),
    admin AS (INSERT INTO role_assignments (user_id, role, scope_type, scope_id) VALUES ($3[2], 'society_admin', 'society', $1))
    INSERT INTO flat_occupancies (flat_id, user_id) VALUES ($2, $3[3]), ($2, $3[4])";

impl Gate {
    async fn open(db: Client) -> Self {
        let id = Uuid::now_v7;
        let (flat, people) = (id(), [id(), id(), id(), id()]);
        db.execute(PLACE, &[&id(), &flat, &people.as_slice()]).await.unwrap();
        // Who answers has lived there since before anything that happens, however far the clock goes.
        let for_long = "WITH role AS (UPDATE role_assignments SET created_at = now() - interval '10 years' WHERE user_id = $1)
            UPDATE flat_occupancies SET created_at = now() - interval '10 years' WHERE user_id = $1";
        db.execute(for_long, &[&people[3]]).await.unwrap();
        // Planning each statement anew is most of what it costs.
        db.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
        Self {
            prepared: Mutex::default(),
            flat,
            guard: people[0],
            admin: people[1],
            maker: people[2],
            spouse: people[3],
            db,
        }
    }

    /// Runs a writing statement as a function does; answers its row.
    async fn write(&self, who: &Uuid, change: Change<'_>) -> Value {
        let known = self.prepared.lock().unwrap().get(change.sql).cloned();
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.db.prepare(change.sql).await.unwrap();
                self.prepared.lock().unwrap().insert(change.sql, statement.clone());
                statement
            }
        };
        let none: Option<String> = None;
        let payload: &[u8] = &[];
        let common: [&(dyn ToSql + Sync); 6] = [who, &"POST", &"/", &none, &payload, &"a request"];
        self.db.query_one(&statement, &[&common[..], change.values].concat()).await.unwrap().get(0)
    }

    /// Somebody comes, at a random hour of their window; answers who.
    async fn begin(&self, dice: &mut Dice, visitor: &Uuid) -> Model {
        self.moves(MOVE_IN).await;
        // Half a minute beside those of the clock, so that what the statements take does not count.
        let now = time::OffsetDateTime::now_utc() + time::Duration::seconds(30);
        let at = |minutes: i64| now + time::Duration::minutes(minutes);
        let (no_text, no_clock, no_id): (Option<&str>, Option<time::PrimitiveDateTime>, Option<Uuid>) =
            (None, None, None);
        let model = Model {
            now: 0,
            pass: dice.roll(2) == 0,
            state: "pending",
            by: "",
            start: i64::MIN,
            end: i64::MAX,
            deadline: FLAT_HAS,
            yes_at: 0,
            withdrawn: false,
            hidden: false,
            maker_lives: true,
            entries: 0,
            max_entries: 1,
        };
        if model.pass {
            let start = dice.pick(&[None, None, Some(3), Some(600)]);
            let end = start.unwrap_or(0) + dice.pick(&[30, 300, 1500, 5000]);
            let max_entries: i32 = dice.pick(&[1, 2, 3]);
            let codes = [format!("{:06}", dice.roll(1_000_000))];
            let made = self
                .write(
                    &self.maker,
                    change!(
                        "../../../functions/visitors/src/guest_pass.sql",
                        id = visitor,
                        flat = self.flat,
                        name = "Leela",
                        phone = "+919876543210",
                        purpose = no_text,
                        people = 1,
                        qr_code = visitor.to_string(),
                        codes = codes.as_slice(),
                        start_at = start.map(at),
                        start_clock = no_clock,
                        end_at = Some(at(end)),
                        end_clock = no_clock,
                        max_days = 30,
                        default_hours = 24,
                        max_entries,
                        max_days_ahead = 90,
                        trace = NO_TRACE
                    ),
                )
                .await;
            assert_eq!(made["done"]["fresh"], true, "{made}");
            // At the whole minute it is half a minute to the start.
            return Model {
                start: start.map_or(i64::MIN, |start| start + 1),
                end: end + 1,
                max_entries,
                ..model
            };
        }
        let end = dice.pick(&[None, Some(2), Some(90), Some(2000)]);
        let made = self
            .write(
                &self.guard,
                change!(
                    "../../../functions/visitors/src/create.sql",
                    id = visitor,
                    flat = self.flat,
                    name = "Kiran",
                    phone = "+919876543210",
                    purpose = no_text,
                    vehicle = no_text,
                    id_type = no_text,
                    id_number = no_text,
                    invited_by = no_id,
                    start_at = None::<time::OffsetDateTime>,
                    start_clock = no_clock,
                    end_at = end.map(at),
                    end_clock = no_clock,
                    approval_timeout = 300,
                    trace = NO_TRACE
                ),
            )
            .await;
        assert_eq!(made["done"]["fresh"], true, "{made}");
        let end = end.map_or(i64::MAX, |end| end + 1);
        Model { end, deadline: FLAT_HAS.min(end), ..model }
    }

    /// Does what the model is told; answers whether it did anything.
    async fn step(&self, step: Step, visitor: &Uuid, visit: &mut Uuid) -> bool {
        let (none, no_id, no_deadline): (Option<&str>, Option<Uuid>, Option<i64>) = (None, None, None);
        let respond = async |who: &Uuid, decision: &str, withdrawal: bool| {
            self.write(
                who,
                change!(
                    "../../../functions/visitors/src/respond.sql",
                    visitor,
                    decision,
                    note = none,
                    link_flat = no_id,
                    link_deadline = no_deadline,
                    withdrawal,
                    trace = NO_TRACE
                ),
            )
            .await
        };
        let guard_respond = async |decision: &str| {
            self.write(
                &self.guard,
                change!(
                    "../../../functions/visitors/src/guard_respond.sql",
                    visitor,
                    decision,
                    note = none,
                    trace = NO_TRACE
                ),
            )
            .await
        };
        let row = match step {
            Step::Yes => respond(&self.spouse, "accept", false).await,
            Step::No => respond(&self.spouse, "deny", false).await,
            Step::Withdraw => respond(&self.spouse, "deny", true).await,
            Step::AdminWithdraws => respond(&self.admin, "deny", true).await,
            Step::GuardYes => guard_respond("accept").await,
            Step::GuardNo => guard_respond("deny").await,
            Step::Clear => {
                self.write(
                    &self.guard,
                    change!("../../../functions/visitors/src/clear_rejected.sql", trace = NO_TRACE),
                )
                .await
            }
            Step::CheckIn => {
                let id = Uuid::now_v7();
                let row = self
                    .write(
                        &self.guard,
                        change!(
                            "../../../functions/visits/src/checkin.sql",
                            visitor,
                            visit = id,
                            checkin_method = "manual",
                            notes = none,
                            guard = no_id,
                            trace = NO_TRACE
                        ),
                    )
                    .await;
                if row["done"]["fresh"] == true {
                    *visit = id;
                }
                row
            }
            Step::CheckOut if visit.is_nil() => return false,
            Step::CheckOut => {
                self.write(
                    &self.guard,
                    change!(
                        "../../../functions/visits/src/checkout.sql",
                        visit = *visit,
                        notes = none,
                        guard = no_id,
                        trace = NO_TRACE
                    ),
                )
                .await
            }
            Step::TimeOut => {
                let events = self.db.query_opt("SELECT time_out_visitor($1)", &[visitor]).await.unwrap();
                return events.is_some_and(|row| row.get::<_, Option<Value>>(0).is_some());
            }
            Step::MoveOut => return self.moves(MOVE_OUT).await,
            Step::LoseRole => return self.moves(LOSE_ROLE).await,
            Step::MoveIn => return self.moves(MOVE_IN).await,
            // The clock stands still and everything happened earlier.
            Step::Wait(minutes) => {
                let earlier = format!(
                    "UPDATE visitors SET expected_start = expected_start - w, expected_end = expected_end - w, created_at = created_at - w,
                            approval_deadline = approval_deadline - w, accepted_at = accepted_at - w, updated_at = updated_at - w
                       FROM (SELECT interval '{minutes} minutes' AS w) w WHERE id = $1"
                );
                self.db.execute(&earlier, &[visitor]).await.unwrap();
                return true;
            }
        };
        row["done"]["fresh"] == true
    }

    /// The maker of passes moves, or as good as.
    async fn moves(&self, sql: &str) -> bool {
        self.db.execute(sql, &[&self.maker, &self.flat]).await.unwrap();
        true
    }

    /// One history, known by its seed; answers from which state to which it went.
    async fn live(&self, seed: u64) -> Vec<(&'static str, &'static str)> {
        let (mut dice, visitor, mut visit) = (Dice(seed), Uuid::now_v7(), Uuid::nil());
        let mut model = self.begin(&mut dice, &visitor).await;
        let (mut told, mut moves) = (vec![format!("{model:?}")], vec![("[*]", model.state)]);
        let steps = 3 + dice.roll(7);
        // In the end they try once more to come in.
        let steps: Vec<Step> = (0..steps).map(|_| Step::roll(&mut dice)).chain([Step::CheckIn]).collect();
        for step in steps {
            told.push(format!("{step:?}"));
            let before = model.state;
            let expected = model.step(step);
            let happened = self.step(step, &visitor, &mut visit).await;
            assert_eq!(happened, expected, "history {seed}: {told:#?}\n{model:?}");
            if before != model.state {
                moves.push((before, model.state));
            }
        }
        let row = self
            .db
            .query_one("SELECT status, entries FROM visitors WHERE id = $1", &[&visitor])
            .await
            .unwrap();
        assert_eq!(
            (row.get::<_, &str>(0), row.get::<_, i32>(1)),
            (model.state, model.entries),
            "history {seed}: {told:#?}"
        );
        moves
    }
}

/// How many histories, and how many gates they happen at.
const HISTORIES: u64 = 10_000;
const GATES: u64 = 4;

/// Passes and visitors, answered, overridden, withdrawn, cleared away, let in and out, while people move and time passes:
/// each step does what the model says, so nobody comes in whom it refuses, and nobody is refused whom it lets in. A
/// history is known by its seed: `ENTRY_SEED=7 ENTRY_HISTORIES=1` is the seventh alone. From state to state they go as
/// the architecture draws it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_histories_go_as_the_model_says() {
    let from_environment = |name: &str| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = from_environment("ENTRY_SEED").unwrap_or(0);
    let histories = from_environment("ENTRY_HISTORIES").unwrap_or(HISTORIES);
    println!("seeds from {first} on, {histories} histories");
    let world = World::open().await;
    // Nobody listens, and telling costs more than all the rest.
    let nobody = "CREATE OR REPLACE FUNCTION emit(p_room text, p_event text, p_data jsonb, p_actor uuid,
                                                      p_request text, p_trace text) RETURNS jsonb LANGUAGE sql AS 'SELECT p_data'";
    world.db.batch_execute(nobody).await.unwrap();
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let gates = (0..GATES).map(|number| {
        let (world, seen) = (world.clone(), seen.clone());
        tokio::spawn(async move {
            let gate = Gate::open(world.stack.database().await.unwrap()).await;
            for seed in (first..first + histories).filter(|seed| seed % GATES == number) {
                let moves = gate.live(seed).await;
                seen.lock().unwrap().extend(moves);
            }
        })
    });
    for gate in join_all(gates).await {
        gate.unwrap();
    }
    if histories == HISTORIES {
        let entered = "SELECT count(*) FROM visits";
        assert!(world.count(entered).await > 1000, "hardly anybody came in");
        let drawn = fs::read_to_string(checkout().join("docs/architecture.md")).unwrap();
        let (_, drawn) = drawn.split_once("stateDiagram-v2\n").unwrap();
        let arrows =
            drawn.lines().take_while(|line| *line != "```").filter_map(|line| line.split_once("-->"));
        let arrows = arrows.map(|(from, to)| (from.trim(), to.split(':').next().unwrap_or_default().trim()));
        let arrows: BTreeSet<_> = arrows.filter(|(_, to)| *to != "[*]").collect();
        assert_eq!(*seen.lock().unwrap(), arrows);
    }
}
