//! A society is set up through the API: from the first admin, whom an operator appoints, down to its flats and what it decides.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use gateway::Outcome;
use reqwest::Method;
use serde_json::{Value, json};
use shared::policy::{self, ListPolicy, NumberPolicy, Policy};
use stack::{Identity, Stack};
use tasks::grant::{Grant, Person};
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World,
    world::{BLOCK_A, BLUE_FLAT, FLAT_101, FLAT_102, GREEN_ACRES, TOWER},
};

impl Actor {
    /// The same, as another action each time.
    async fn post_anew(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), Some(&Uuid::new_v4().to_string())).await
    }
}

/// Somebody on a stack without anybody.
fn somebody(stack: &Stack, name: &str, phone: &str) -> Actor {
    Actor {
        http: reqwest::Client::new(),
        base_url: stack.base_url().to_owned(),
        websocket_url: stack.websocket_url(),
        token: stack.issuer().token(&Identity::of(name).phone(phone).name(name)).unwrap(),
        user_id: Uuid::nil(),
    }
}

/// An operator appoints somebody at the database of a stack; answers what they are told.
async fn appoint(stack: &Stack, person: Person) -> Result<String, String> {
    let mut said = String::new();
    let grant = Grant { person, port: 0, database: Some(stack.database_url()) };
    grant.run(|text| said = text.to_owned()).await.map(|()| said).map_err(|error| error.to_string())
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

/// From an empty database to a resident's first pass: the operator appoints one person, all else is done by the API, and each
/// step stands in the audit with what was before and after.
#[tokio::test]
async fn a_committee_sets_up_its_society_through_the_api_alone() {
    crate::support::logs::watch();
    let stack = Stack::start().await.unwrap();
    let phone = "+919811100001";
    let refused = appoint(&stack, Person::Phone(phone.to_owned())).await.unwrap_err();
    assert!(refused.contains("sign in once"), "{refused}");
    let operator = somebody(&stack, "olga", phone);
    operator.get("/v1/profile/me").await.data(200);
    operator
        .post("/v1/admin/societies", json!({"name": "Green", "city": "Pune"}))
        .await
        .refused(403, "FORBIDDEN");
    for (person, said) in [
        (Person::Phone("98111 00001".to_owned()), "from their next call on"),
        (Person::FirebaseUid("olga".to_owned()), "already"),
    ] {
        assert!(appoint(&stack, person).await.unwrap().contains(said), "{said}");
    }

    let new = json!({"name": "Lotus Park", "city": "Pune", "timezone": "Asia/Calcuta", "slug": "lotus-park"});
    let refused = operator.post("/v1/admin/societies", new).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["error"], "The time zone must be a time zone such as Asia/Kolkata.");
    let new = json!({"name": "Lotus Park", "city": "Pune", "slug": "lotus-park"});
    let society = operator.post("/v1/admin/societies", new.clone()).await.data(201);
    assert_eq!((&society["timezone"], &society["slug"]), (&json!("Asia/Kolkata"), &json!("lotus-park")));
    let refused = operator.post_anew("/v1/admin/societies", new).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["error"], "Another society has this slug already.");
    let society = id_of(&society);

    let chair = somebody(&stack, "chandra", "+919811100002");
    let role = json!({"role": "society_admin", "scope_id": society, "phone": "+919811100002"});
    let refused = operator.post("/v1/admin/roles", role.clone()).await.refused(400, "VALIDATION_FAILED");
    assert!(refused["error"].as_str().unwrap().contains("signed in yet"), "{refused}");
    chair.get("/v1/profile/me").await.data(200);
    operator.post("/v1/admin/roles", role.clone()).await.data(201);
    operator.post_anew("/v1/admin/roles", role).await.data(200);

    let changed =
        chair.patch(&format!("/v1/admin/societies/{society}"), json!({"address": "1 Lake Road"})).await;
    assert_eq!(changed.data(200)["address"], "1 Lake Road");
    let complex = json!({"society_id": society, "name": "East"});
    let complex = id_of(&chair.post("/v1/admin/complexes", complex).await.data(201));
    chair.patch(&format!("/v1/admin/complexes/{complex}"), json!({"name": "East Wing"})).await.data(200);
    let block = json!({"complex_id": complex, "name": "E"});
    let block = id_of(&chair.post("/v1/admin/blocks", block).await.data(201));
    chair.patch(&format!("/v1/admin/blocks/{block}"), json!({"name": "E1"})).await.data(200);
    let mut flats = Vec::new();
    for number in ["1", "2", "3"] {
        let flat = json!({"block_id": block, "flat_number": number, "bhk": "2", "square_feet": 900});
        flats.push(id_of(&chair.post("/v1/admin/flats", flat).await.data(201)));
    }
    chair
        .put(&format!("/v1/admin/societies/{society}/policies"), json!({"guest_pass_max_days": 7}))
        .await
        .data(200);

    let keeper = somebody(&stack, "kavya", "+919811100003");
    keeper.get("/v1/profile/me").await.data(200);
    let role = json!({"role": "block_admin", "scope_id": block, "phone": "+919811100003"});
    chair.post("/v1/admin/roles", role).await.data(201);
    keeper.patch(&format!("/v1/admin/flats/{}", flats[1]), json!({"parking_slots": 2})).await.data(200);
    let path = format!("/v1/admin/flats/{}", flats[2]);
    assert_eq!(keeper.patch(&path, json!({"is_active": false})).await.data(200)["is_active"], false);

    let resident = somebody(&stack, "rekha", "+919811100004");
    let ask = json!({"flat_id": flats[0], "requested_role": "owner"});
    let asked = id_of(&resident.post("/v1/resident-requests", ask).await.data(201));
    keeper.post(&format!("/v1/resident-requests/{asked}/approve"), json!({})).await.data(200);
    let pass = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": flats[0]});
    resident.post("/v1/visitors/guest-pass", pass).await.data(201);
    let listed = resident.get(&format!("/v1/flats?block_id={block}")).await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 2, "one of three is not active");

    let audit = chair.get(&format!("/v1/admin/societies/{society}/audit")).await.data(200);
    let changes = |action: &str| {
        let rows = audit.as_array().unwrap().iter().filter(|row| row["action"] == action);
        rows.map(|row| (row["details"]["before"].clone(), row["details"]["after"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(changes("complex.change"), [(json!({"name": "East"}), json!({"name": "East Wing"}))]);
    assert_eq!(changes("policies.set"), [(json!({}), json!({"guest_pass_max_days": 7}))]);
    let roles = changes("role.grant");
    assert_eq!(roles.len(), 2, "{roles:?}");
    assert!(roles.iter().all(|(before, _)| before.is_null()), "{roles:?}");
    for (action, count) in [
        ("society.create", 1),
        ("society.change", 1),
        ("block.create", 1),
        ("flat.create", 3),
        ("flat.change", 2),
    ] {
        assert_eq!(changes(action).len(), count, "{action}");
    }
    let db = stack.database().await.unwrap();
    let appointed = "SELECT count(*) FROM audit_logs WHERE action = 'role.grant' AND society_id IS NULL";
    assert_eq!(db.query_one(appointed, &[]).await.unwrap().get::<_, i64>(0), 1);
    let chain = chair.get(&format!("/v1/admin/audit/verify?society_id={society}")).await.data(200);
    assert_eq!((&chain["verified"], &chain["problems"]), (&json!(true), &json!([])));
}

/// From an empty database to the first visitor who has come and gone: the operator appoints one person, and all else is
/// done by the API, by those whose turn it is.
#[tokio::test]
async fn from_nothing_to_the_first_visitor_without_sql() {
    crate::support::logs::watch();
    let stack = Stack::start().await.unwrap();
    let operator = somebody(&stack, "olga", "+919811100001");
    operator.get("/v1/profile/me").await.data(200);
    appoint(&stack, Person::FirebaseUid("olga".to_owned())).await.unwrap();
    let society = json!({"name": "Lotus Park", "city": "Pune"});
    let society = id_of(&operator.post("/v1/admin/societies", society).await.data(201));
    let chair = somebody(&stack, "chandra", "+919811100002");
    chair.get("/v1/profile/me").await.data(200);
    let role = json!({"role": "society_admin", "scope_id": society, "phone": "+919811100002"});
    operator.post("/v1/admin/roles", role).await.data(201);

    // The committee brings who lives there; Rekha signs in and is at home.
    let csv = "block,flat_number,name,phone,role\nA,101,Rekha,9811100003,owner\nA,102,,,\n";
    let path = format!("/v1/admin/societies/{society}/imports");
    let import = id_of(&chair.post(&path, json!({"csv": csv})).await.data(201)["import"]);
    let done = chair.post(&format!("/v1/admin/imports/{import}/go-on"), json!({})).await.data(200);
    assert_eq!((&done["finished"], &done["flats_made"]), (&json!(true), &json!(2)), "{done}");
    let rekha = somebody(&stack, "rekha", "+919811100003");
    let flat = id_of_flat(&rekha.get("/v1/my-flats").await.data(200)[0]);

    // Two guards at one gate; each replaces the PIN that the chair told them.
    let gate =
        id_of(&chair.post("/v1/admin/gates", json!({"society_id": society, "name": "Main"})).await.data(201));
    let mut apps = Vec::new();
    for (name, pin) in [("Gopal", "604819"), ("Suresh", "918204")] {
        let guard = json!({"society_id": society, "name": name});
        let guard = chair.post_anew("/v1/admin/guards", guard).await.data(201);
        let code =
            chair.post_anew(&format!("/v1/admin/gates/{gate}/device-codes"), json!({})).await.data(201);
        let sign_in = json!({"guard_code": guard["guard_code"], "pin": guard["pin"], "new_pin": pin,
                             "device_identifier": Uuid::new_v4(), "device_code": code["device_code"]});
        let signed_in = chair.with_token("").post("/v1/auth/guard", sign_in).await.data(200);
        let url = format!("{}/_local/identitytoolkit/v1/accounts:signInWithCustomToken", stack.base_url());
        let body = json!({"token": signed_in["custom_token"], "returnSecureToken": true});
        let exchanged: Value = chair.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        apps.push(chair.with_token(exchanged["idToken"].as_str().unwrap()));
    }
    let [gopal, suresh] = &apps[..] else { panic!("two guards") };

    let mut phone = rekha.connect().await;
    phone.join("flat", &flat).await;
    let mut desk = gopal.connect().await;
    desk.join("society", &society).await;
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": flat});
    let visitor = id_of(&gopal.post("/v1/visitors", visitor).await.data(201)["visitor"]);
    assert_eq!(phone.event("visitor_request").await["data"]["visitor_id"], json!(visitor));
    rekha.post(&format!("/v1/visitors/{visitor}/respond"), json!({"decision": "accept"})).await.data(200);
    assert_eq!(desk.event("request_approved").await["data"]["visitor_id"], json!(visitor));
    let visit = id_of(&gopal.post("/v1/visits/checkin", json!({"visitor_id": visitor})).await.data(201));
    suresh.post("/v1/visits/checkout", json!({"visit_id": visit})).await.data(200);
    assert_eq!(rekha.get(&format!("/v1/visitors/{visitor}")).await.data(200)["status"], "checked_out");
    let chain = chair.get(&format!("/v1/admin/audit/verify?society_id={society}")).await.data(200);
    assert_eq!((&chain["verified"], &chain["problems"]), (&json!(true), &json!([])));
}

fn id_of_flat(home: &Value) -> String {
    home["flat_id"].as_str().unwrap().to_owned()
}

/// Where no database can be reached, the migrator appoints the first admin.
#[tokio::test]
async fn the_migrator_appoints_the_first_admin() {
    let world = World::open().await;
    let ask = async |event: Value| {
        let outcome = world.stack.lambda().invoke("migrator", event.to_string()).await.unwrap();
        match outcome {
            Outcome::Answered(answer) => {
                serde_json::from_str::<Value>(&answer).unwrap()["super_admin"].clone()
            }
            other => json!(format!("{other:?}")),
        }
    };
    let society = json!({"name": "Lotus Park", "city": "Pune"});
    world.stranger.post("/v1/admin/societies", society.clone()).await.refused(403, "FORBIDDEN");
    let by_phone = json!({"grant_super_admin": {"phone": "+919800000013"}});
    assert_eq!(ask(by_phone.clone()).await, "granted");
    assert_eq!(ask(by_phone).await, "held");
    assert_eq!(ask(json!({"grant_super_admin": {"firebase_uid": "nobody"}})).await, "held");
    assert_eq!(ask(json!({})).await, Value::Null);
    for unknown in
        [json!({"phone": "+919811111111"}), json!({"firebase_uid": "noone"}), json!({"phone": "abc"})]
    {
        let told = ask(json!({"grant_super_admin": unknown})).await;
        assert!(
            told.as_str()
                .is_some_and(|told| told.contains("sign in once") || told.contains("no phone number")),
            "{told}"
        );
    }
    world.stranger.post("/v1/admin/societies", society).await.data(201);
}

/// No two places below one are called the same, in any case, however many hands add them at once.
#[tokio::test]
async fn a_name_is_had_once_below_one_place() {
    let world = World::open().await;
    let add = |path: &'static str, body: Value| {
        let admin = world.admin.clone();
        async move { admin.post_anew(path, body).await }
    };
    for (path, body, table) in [
        ("/v1/admin/complexes", json!({"society_id": GREEN_ACRES, "name": "tower a"}), "complexes"),
        ("/v1/admin/blocks", json!({"complex_id": TOWER, "name": "BLOCK A"}), "blocks"),
    ] {
        let refused = add(path, body.clone()).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["details"][0]["code"], "TAKEN", "{refused}");
        let mut other = body;
        other["name"] = json!("Mango");
        let made = join_all((0..10).map(|place| {
            let mut one = other.clone();
            if place % 2 == 0 {
                one["name"] = json!("MANGO");
            }
            add(path, one)
        }))
        .await;
        let count = made.iter().filter(|reply| reply.status == 201).count();
        let refused = made.iter().filter(|reply| [400, 503].contains(&reply.status)).count();
        assert_eq!(
            (count, refused),
            (1, 9),
            "{path}: {:?}",
            made.iter().map(|reply| reply.status).collect::<Vec<_>>()
        );
        let kept = format!("SELECT count(*) FROM {table} WHERE lower(name) = 'mango'");
        assert_eq!(world.count(&kept).await, 1);
    }
    let flat = json!({"block_id": BLOCK_A, "flat_number": "7a"});
    add("/v1/admin/flats", flat).await.data(201);
    let refused = add("/v1/admin/flats", json!({"block_id": BLOCK_A, "flat_number": "7A"})).await;
    assert_eq!(refused.refused(400, "VALIDATION_FAILED")["details"][0]["field"], "flat_number");
    // Another block has flats of its own, and a flat may be called what it is called.
    add("/v1/admin/flats", json!({"block_id": "33333333-3333-3333-3333-33333333333b", "flat_number": "7A"}))
        .await
        .data(201);
    let same = world.admin.patch(&format!("/v1/admin/flats/{FLAT_101}"), json!({"flat_number": "101"})).await;
    same.data(200);
    let taken =
        world.admin.patch(&format!("/v1/admin/flats/{FLAT_101}"), json!({"flat_number": "102"})).await;
    assert_eq!(
        taken.refused(400, "VALIDATION_FAILED")["error"],
        "Another flat of this block has this number already."
    );
}

/// Neither complexes nor blocks nor flats grow without end.
#[tokio::test]
async fn a_society_has_room_for_so_many_places() {
    let world = World::open().await;
    let fill = "INSERT INTO complexes (society_id, name) SELECT $1, 'C' || n FROM generate_series(1, 99) n";
    world.db.execute(fill, &[&GREEN_ACRES]).await.unwrap();
    let one_more = json!({"society_id": GREEN_ACRES, "name": "One more"});
    let refused = world.admin.post("/v1/admin/complexes", one_more).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "too_many");
    let fill = "INSERT INTO blocks (complex_id, name) SELECT $1, 'B' || n FROM generate_series(1, 998) n";
    world.db.execute(fill, &[&TOWER]).await.unwrap();
    let one_more = json!({"complex_id": TOWER, "name": "One more"});
    world.admin.post("/v1/admin/blocks", one_more).await.refused(409, "WRONG_STATE");
    let fill =
        "INSERT INTO flats (block_id, flat_number) SELECT $1, 'F' || n FROM generate_series(1, 19996) n";
    world.db.execute(fill, &[&BLOCK_A]).await.unwrap();
    let flat = |number: &str| json!({"block_id": BLOCK_A, "flat_number": number});
    world.admin.post("/v1/admin/flats", flat("last")).await.data(201);
    world.admin.post("/v1/admin/flats", flat("one more")).await.refused(409, "WRONG_STATE");
}

/// A flat in which somebody lives, or has asked to, stays in the lists; so nobody is let into one that is not there.
#[tokio::test]
async fn a_flat_that_somebody_lives_in_stays_active() {
    let world = World::open().await;
    let close = async |flat: Uuid| {
        world.admin.patch(&format!("/v1/admin/flats/{flat}"), json!({"is_active": false})).await
    };
    let refused = close(FLAT_101).await.refused(409, "WRONG_STATE");
    assert_eq!(refused["data"]["status"], "resident");
    assert!(refused["error"].as_str().unwrap().starts_with("Somebody lives in this flat"), "{refused}");
    let moved_out = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE flat_id = $1";
    world.db.execute(moved_out, &[&FLAT_102]).await.unwrap();
    for round in 0..5 {
        let newcomer = world.newcomer(Identity::of(&format!("newcomer-{round}")));
        let ask = json!({"flat_id": FLAT_102, "requested_role": "owner"});
        let asked =
            newcomer.post("/v1/resident-requests", ask).await.data(201)["id"].as_str().unwrap().to_owned();
        let approve = format!("/v1/resident-requests/{asked}/approve");
        let (closed, approved) = tokio::join!(close(FLAT_102), world.admin.post(&approve, json!({})));
        assert!([409, 503].contains(&closed.status), "{}", closed.body);
        assert!([200, 503].contains(&approved.status), "{}", approved.body);
        world.db.execute(moved_out, &[&FLAT_102]).await.unwrap();
        let rejected =
            "UPDATE resident_requests SET status = 'rejected', processed_at = now() WHERE status = 'pending'";
        world.db.batch_execute(rejected).await.unwrap();
    }
    assert_eq!(close(FLAT_102).await.data(200)["is_active"], false);
    let newcomer = world.newcomer(Identity::of("late"));
    let ask = json!({"flat_id": FLAT_102, "requested_role": "owner"});
    newcomer.post("/v1/resident-requests", ask).await.refused(404, "NOT_FOUND");
}

/// What the code says of each policy is what the database lets a society decide, and what the API takes.
#[tokio::test]
async fn every_policy_is_what_the_database_checks() {
    let world = World::open().await;
    let check = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'policies_value_check'";
    let check: String = world.db.query_one(check, &[]).await.unwrap().get(0);
    let named: BTreeSet<String> = check
        .split("WHEN '")
        .chain(check.split("WHEN (name = '"))
        .skip(1)
        .filter_map(|rest| rest.split_once('\''))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'))
        .collect();
    assert_eq!(named, policy::ALL.iter().map(|policy| policy.name().to_owned()).collect());
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/policies");
    let shown = world.admin.get(&path).await.data(200)["policies"].take();
    for (policy, shown) in policy::ALL.iter().zip(shown.as_array().unwrap()) {
        assert_eq!((&shown["name"], &shown["is_decided"]), (&json!(policy.name()), &json!(false)));
        assert_eq!(shown["value"], shown["default"]);
        let (taken, refused) = match policy {
            Policy::Number(NumberPolicy { least, most, default, .. }) => {
                assert_eq!((&shown["least"], &shown["most"]), (&json!(least), &json!(most)));
                (
                    vec![json!(least), json!(most), json!(default)],
                    vec![json!(least - 1), json!(most + 1), json!(1.5), json!("12"), json!(true)],
                )
            }
            Policy::Switch(_) => (vec![json!(true), json!(false)], vec![json!(1), json!("true"), json!([])]),
            Policy::List(ListPolicy { most, .. }) => (
                vec![json!([]), json!(["+91", "+1415"]), json!(vec!["+91"; *most])],
                vec![
                    json!(vec!["+91"; most + 1]),
                    json!(["91"]),
                    json!(["+0"]),
                    json!(["+12345678"]),
                    json!([7]),
                    json!("+91"),
                ],
            ),
        };
        let decide = "INSERT INTO policies (society_id, name, value) VALUES ($1, $2, $3)
                      ON CONFLICT (society_id, name) DO UPDATE SET value = excluded.value";
        let sent = |value: &Value| json!({policy.name(): value});
        for value in &taken {
            world.db.execute(decide, &[&GREEN_ACRES, &policy.name(), value]).await.unwrap();
            let decided = world.admin.put(&path, sent(value)).await.data(200);
            let now = decided["policies"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["name"] == policy.name())
                .unwrap();
            assert_eq!((&now["value"], &now["is_decided"]), (value, &json!(true)));
        }
        for value in &refused {
            assert!(
                world.db.execute(decide, &[&GREEN_ACRES, &policy.name(), value]).await.is_err(),
                "{} {value}",
                policy.name()
            );
            let body = world.admin.put(&path, sent(value)).await.refused(400, "VALIDATION_FAILED");
            assert_eq!(body["details"][0]["field"], policy.name());
        }
    }
}

/// What is decided is whole: what is not named has its default again, of two who decide at once one decides, and the audit
/// says what was before. Nothing is audited where nothing changed.
#[tokio::test]
async fn policies_are_decided_as_a_whole() {
    let world = World::open().await;
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/policies");
    let (one, other) =
        (json!({"invites_a_day": 5}), json!({"guest_pass_max_days": 7, "event_retention_hours": 100}));
    for _ in 0..10 {
        let replies = join_all((0..8).map(|place| {
            let (who, what) =
                if place % 2 == 0 { (&world.admin, &one) } else { (&world.super_admin, &other) };
            who.put(&path, what.clone())
        }))
        .await;
        assert!(replies.iter().all(|reply| [200, 503].contains(&reply.status)), "{replies:?}");
        let decided = "SELECT coalesce(jsonb_object_agg(name, value), '{}') FROM policies";
        let decided: Value = world.db.query_one(decided, &[]).await.unwrap().get(0);
        assert!(decided == one || decided == other, "{decided}");
    }
    // Who decides has the society to themselves meanwhile.
    let other_hand = world.stack.database().await.unwrap();
    let held = format!("BEGIN; SELECT FROM societies WHERE id = '{GREEN_ACRES}' FOR NO KEY UPDATE");
    other_hand.batch_execute(&held).await.unwrap();
    world.admin.put(&path, json!({"invites_a_day": 6})).await.refused(503, "UNAVAILABLE");
    other_hand.batch_execute("ROLLBACK").await.unwrap();
    world.admin.put(&path, json!({})).await.data(200);
    world.admin.put(&path, json!({"invites_a_day": null})).await.data(200);
    assert_eq!(world.count("SELECT count(*) FROM policies").await, 0);
    let last =
        "SELECT details FROM audit_logs WHERE action = 'policies.set' ORDER BY created_at DESC LIMIT 1";
    let last: Value = world.db.query_one(last, &[]).await.unwrap().get(0);
    assert_eq!(last["after"], json!({}));
    assert!(last["before"] == one || last["before"] == other, "{last}");
}

/// Who is asked next is what the society has decided, for the next visitor; without steps of its own it is asked by default.
#[tokio::test]
async fn a_society_decides_whom_it_asks() {
    let world = World::open().await;
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/escalation-steps");
    let usual = world.admin.get(&path).await.data(200);
    assert_eq!((&usual["is_default"], usual["steps"].as_array().unwrap().len()), (&json!(true), 3));
    let steps = json!([{"after_seconds": 30, "channel": "push", "audience": "all"}, {"after_seconds": 90, "channel": "sms", "audience": "primary"}]);
    let set = world.admin.put(&path, json!({"steps": steps})).await.data(200);
    assert_eq!(set, json!({"is_default": false, "steps": steps}));
    assert_eq!(world.admin.get(&path).await.data(200), set);
    world.log_visitor().await;
    assert_eq!(world.count("SELECT count(*) FROM visitor_escalations").await, 2);
    for wrong in [
        json!([{"after_seconds": 90, "channel": "sms", "audience": "all"}, {"after_seconds": 30, "channel": "sms", "audience": "all"}]),
        json!([{"after_seconds": 0, "channel": "sms", "audience": "all"}]),
        json!([{"after_seconds": 5, "channel": "fax", "audience": "all"}]),
        json!([{"after_seconds": 5, "channel": "sms"}]),
        json!(["sms"]),
        json!(vec![json!({"after_seconds": 5, "channel": "sms", "audience": "all"}); 21]),
        json!({}),
    ] {
        let refused = world.admin.put(&path, json!({"steps": wrong})).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["details"][0]["field"], "steps", "{refused}");
    }
    for none in [json!({"steps": []}), json!({"steps": null}), json!({})] {
        assert_eq!(world.admin.put(&path, none).await.data(200), usual);
    }
    let audited = "SELECT count(*) FROM audit_logs WHERE action = 'escalation_steps.set'";
    assert_eq!(world.count(audited).await, 2, "where nothing changed nothing is audited");
}

/// A text for phones holds only what can be filled, and is approved with the id that it was registered under.
#[tokio::test]
async fn a_text_can_be_filled_and_is_registered() {
    let world = World::open().await;
    let path = "/v1/admin/message-templates";
    let text = |body: &str| json!({"kind": "invite", "channel": "sms", "language": "hi", "body": body});
    for (body, said) in [
        ("{visitor_name} for {flat}", "The text has {flat}, which nothing fills"),
        ("{visitor_name", "The text has {, which nothing fills"),
        ("Answer: {link}", "An invitation has no link"),
    ] {
        let refused = world.super_admin.post(path, text(body)).await.refused(400, "VALIDATION_FAILED");
        assert!(refused["error"].as_str().unwrap().starts_with(said), "{refused}");
        assert_eq!(refused["details"][0]["field"], "body");
    }
    let made = world.super_admin.post(path, text("{visitor_name}: {access_code}")).await.data(201);
    assert_eq!(made["approval"], "draft");
    let twice =
        world.super_admin.post_anew(path, text("{visitor_name}")).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(twice["details"][0]["code"], "TAKEN");
    let one = format!("/v1/admin/message-templates/{}", id_of(&made));
    let refused = world
        .super_admin
        .patch(&one, json!({"approval": "approved"}))
        .await
        .refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["details"][0]["field"], "dlt_template_id");
    let approved = json!({"approval": "approved", "dlt_template_id": "1007000000000000009"});
    assert_eq!(world.super_admin.patch(&one, approved).await.data(200)["approval"], "approved");
    let reworded =
        world.super_admin.patch(&one, json!({"body": "{visitor_name}, {access_code}"})).await.data(200);
    assert_eq!(reworded["approval"], "draft", "another text is not the one that was approved");
    world.admin.get(path).await.refused(403, "FORBIDDEN");
    let unknown = format!("/v1/admin/message-templates/{}", Uuid::nil());
    world.super_admin.patch(&unknown, json!({})).await.refused(404, "NOT_FOUND");
}

/// An admin finds in the audit what they look for, newest first, and a call looks at so many rows at most.
#[tokio::test]
async fn the_audit_is_searched_page_by_page() {
    let world = World::open().await;
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/audit");
    world.admin.patch(&format!("/v1/admin/flats/{FLAT_101}"), json!({"bhk": "3"})).await.data(200);
    let many = "INSERT INTO audit_logs (actor_user_id, action, resource_type, resource_id, society_id, created_at)
                SELECT $1, 'test.filler', 'test', $2, $3, now() + n * interval '1 microsecond' FROM generate_series(1, 6000) n";
    world.db.execute(many, &[&world.guard.user_id, &FLAT_102, &GREEN_ACRES]).await.unwrap();
    let newest = world.admin.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!(
        (&newest["data"][0]["action"], &newest["data"][0]["actor_name"]),
        (&json!("test.filler"), &json!("Gopal"))
    );
    for filter in [
        "action=flat.change".to_owned(),
        "resource_type=flat".to_owned(),
        format!("resource_id={FLAT_101}"),
        format!("actor_user_id={}", world.admin.user_id),
    ] {
        let first = world.admin.get(&format!("{path}?{filter}")).await.expect(200);
        assert_eq!(first["data"], json!([]), "{filter}");
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = world.admin.get(&format!("{path}?{filter}&cursor={cursor}")).await.expect(200);
        assert_eq!(second["next_cursor"], Value::Null);
        let row = &second["data"][0];
        assert_eq!(second["data"].as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(
            (&row["details"]["before"]["bhk"], &row["details"]["after"]["bhk"]),
            (&json!(null), &json!("3"))
        );
    }
    for (period, count) in
        [("from=2020-01-01&to=2020-12-31", 0), ("from=2200-01-01", 0), ("from=2020-01-01&limit=3", 3)]
    {
        let Some(days) = period.strip_prefix("from=2200") else {
            let found = world.admin.get(&format!("{path}?{period}")).await.data(200);
            assert_eq!(found.as_array().unwrap().len(), count, "{period}");
            continue;
        };
        world.admin.get(&format!("{path}?from=2200{days}")).await.refused(400, "VALIDATION_FAILED");
    }
}

/// A super admin finds any society by the beginning of its name, others their own.
#[tokio::test]
async fn societies_are_found_by_their_names() {
    let world = World::open().await;
    let many = "INSERT INTO societies (name, city) SELECT 'Green ' || n, 'Pune' FROM generate_series(1, 5) n";
    world.db.batch_execute(many).await.unwrap();
    let names = async |actor: &Actor, query: &str| {
        let list = actor.get(&format!("/v1/admin/societies{query}")).await.data(200);
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&world.super_admin, "?q=gREEN").await.len(), 6);
    assert_eq!(names(&world.super_admin, "?q=green%20a").await, ["Green Acres"]);
    assert_eq!(names(&world.super_admin, "").await.len(), 7);
    for actor in [&world.admin, &world.block_admin] {
        assert_eq!(names(actor, "").await, ["Green Acres"]);
        assert!(names(actor, "?q=blue").await.is_empty());
    }
    assert!(names(&world.resident, "").await.is_empty() && names(&world.stranger, "").await.is_empty());
    // What is not of this society does not exist for its admin.
    world
        .admin
        .patch(&format!("/v1/admin/flats/{BLUE_FLAT}"), json!({"bhk": "1"}))
        .await
        .refused(404, "NOT_FOUND");
}
