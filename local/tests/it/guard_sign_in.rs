//! A guard signs in on the phone of a gate: the whole way, and what somebody gets who guesses.

use std::{net::IpAddr, process::Command};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    gates::{Gate, Made, text},
    support::{
        Actor, Reply, Scratch, World,
        world::{FLAT_101, GREEN_ACRES},
    },
};

const PIN: &str = "604819";

impl World {
    /// A guard at a gate whose phone is registered, with a PIN of their own.
    async fn gate_and_guard(&self) -> (Gate, Made) {
        let gate = self.make_gate("Main gate").await;
        let guard = self.guard_at(&gate).await;
        (gate, guard)
    }

    /// A guard who has replaced their PIN there, which registers the phone.
    async fn guard_at(&self, gate: &Gate) -> Made {
        let guard = self.make_guard("Gopal Singh").await;
        let code = self.device_code(gate).await;
        let first = json!({"guard_code": guard.code, "pin": guard.given, "device_identifier": gate.phone,
                           "device_code": code, "new_pin": PIN});
        self.nobody().post("/v1/auth/guard", first).await.data(200);
        guard
    }

    async fn sign_in(&self, guard: &Made, pin: &str, phone: &str) -> Reply {
        self.sign_in_from(&self.nobody(), guard, pin, phone).await
    }

    async fn sign_in_from(&self, caller: &Actor, guard: &Made, pin: &str, phone: &str) -> Reply {
        let body = json!({"guard_code": guard.code, "pin": pin, "device_identifier": phone});
        caller.post("/v1/auth/guard", body).await
    }

    /// Somebody at another address.
    fn at(&self, number: u8) -> Actor {
        let address = IpAddr::from([127, 0, 1, number]);
        Actor { http: reqwest::Client::builder().local_address(address).build().unwrap(), ..self.nobody() }
    }

    /// What Firebase answers an app with that shows a custom token.
    async fn exchange(&self, custom_token: &str) -> (u16, Value) {
        let url =
            format!("{}/_local/identitytoolkit/v1/accounts:signInWithCustomToken", self.nobody().base_url);
        let body = json!({"token": custom_token, "returnSecureToken": true});
        let reply = self.nobody().http.post(url).json(&body).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    /// The guard's app with its ID token.
    async fn signed_in(&self, guard: &Made, phone: &str) -> Actor {
        let token = text(&self.sign_in(guard, PIN, phone).await.data(200)["custom_token"]);
        let (status, exchanged) = self.exchange(&token).await;
        assert_eq!(status, 200, "{exchanged}");
        Actor { user_id: guard.user_id, ..self.nobody().with_token(text(&exchanged["idToken"])) }
    }

    /// Time passes for all counts.
    async fn time_passes(&self, interval: &str) {
        let sql = format!("UPDATE request_counts SET window_start = window_start - interval '{interval}'");
        self.db.batch_execute(&sql).await.unwrap();
    }
}

fn wrong(round: u32) -> String {
    format!("{:06}", 700_001 + round * 7)
}

/// From the PIN that an admin gave to a visitor who is logged, and on with a refreshed token.
#[tokio::test]
async fn a_guard_signs_in_and_logs_a_visitor() {
    let world = World::open().await;
    let (mut gate, guard) = (world.make_gate("Main gate").await, world.make_guard("Gopal Singh").await);
    // A UUID may look like an Aadhaar number.
    gate.phone = "9999b105-0000-4000-8000-999941057058".to_owned();
    // Step 1: the phone is unknown.
    world.sign_in(&guard, &guard.given, &gate.phone).await.refused(403, "DEVICE_NOT_REGISTERED");
    // Step 2: with a code it is registered, and the PIN has to be replaced.
    let mut body = json!({"guard_code": guard.code.to_lowercase(), "pin": guard.given,
                          "device_identifier": gate.phone, "device_code": world.device_code(&gate).await});
    let refused =
        world.nobody().post("/v1/auth/guard", body.clone()).await.refused(409, "PIN_CHANGE_REQUIRED");
    assert_eq!(refused["data"], json!({"status": "must_change_pin"}));
    assert_eq!(world.guard_listed(&guard).await["must_change_pin"], true);
    // Step 3: by another one, which is not trivial.
    for trivial in ["111111", "123456", "876543", "121212", &guard.given] {
        body["new_pin"] = json!(trivial);
        world.nobody().post("/v1/auth/guard", body.clone()).await.refused(400, "VALIDATION_FAILED");
    }
    body["new_pin"] = json!(PIN);
    let signed_in = world.nobody().post("/v1/auth/guard", body).await.data(200);
    assert_eq!((&signed_in["must_change_pin"], &signed_in["on_shift"]), (&json!(false), &json!(true)));
    assert_eq!(signed_in["guard"]["guard_id"], guard.id);
    // Step 4: Firebase takes the token.
    let (status, exchanged) = world.exchange(&text(&signed_in["custom_token"])).await;
    assert_eq!(status, 200, "{exchanged}");
    let app = world.nobody().with_token(text(&exchanged["idToken"]));
    let me = app.get("/v1/profile/me").await.data(200);
    assert_eq!((&me["user"]["name"], &me["guard"]["guard_id"]), (&json!("Gopal Singh"), &json!(guard.id)));
    assert_eq!(me["user"]["firebase_uid"], format!("guard:{}", guard.user_id));
    assert_eq!(me["guard"]["on_shift"], true);
    // Step 5: a visitor is logged, rung and let in.
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
    let logged = app.post("/v1/visitors", visitor).await.data(201)["visitor"]["id"].take();
    world.answer(text(&logged).parse().unwrap(), "accept").await;
    let visit = app.post("/v1/visits/checkin", json!({"visitor_id": logged})).await.data(201);
    assert_eq!(visit["guard_id"], guard.id);
    // Step 6: an hour later the app refreshes its token, which is good as well.
    let form = format!("grant_type=refresh_token&refresh_token={}", text(&exchanged["refreshToken"]));
    let url = format!("{}/_local/securetoken/v1/token", app.base_url);
    let refreshed: Value = app.http.post(url).body(form).send().await.unwrap().json().await.unwrap();
    app.with_token(text(&refreshed["id_token"])).get("/v1/visits").await.expect(200);
    for action in ["guard.sign_in", "guard.change_pin", "gate_device.register", "guard.foreign_device"] {
        let sql = format!(
            "SELECT count(*) FROM audit_logs WHERE action = '{action}' AND society_id = '{GREEN_ACRES}'"
        );
        assert_eq!(world.count(&sql).await, 1, "{action}");
    }
}

/// An account that a PIN opens on a phone that many hold is a guard's and nothing else.
#[tokio::test]
async fn a_guards_account_gets_no_other_role() {
    let world = World::open().await;
    let guard = world.make_guard("Gopal Singh").await;
    let role = json!({"role": "society_admin", "scope_id": GREEN_ACRES, "user_id": guard.user_id});
    world.admin.post("/v1/admin/roles", role.clone()).await.refused(400, "VALIDATION_FAILED");
    world.super_admin.post("/v1/admin/roles", role).await.refused(400, "VALIDATION_FAILED");
}

/// What the function signs is what Firebase documents, by a program that is not ours.
#[tokio::test]
async fn a_custom_token_is_one_for_openssl_too() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let token = text(&world.sign_in(&guard, PIN, &gate.phone).await.data(200)["custom_token"]);
    // One statement before the PIN is looked at, one after.
    let before = world.stack.wire().total();
    world.sign_in(&guard, PIN, &gate.phone).await.data(200);
    assert_eq!((world.stack.wire().total() - before).round_trips, 2);
    let account: Value = serde_json::from_str(&world.stack.variables()["FCM_SERVICE_ACCOUNT"]).unwrap();
    let scratch = Scratch::new();
    let script = r#"set -e
        openssl pkey -in key.pem -pubout -out public.pem
        decode() { tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | openssl base64 -d -A; }
        cut -d. -f3 token | tr -d '\n' | decode > signature
        cut -d. -f1,2 token | tr -d '\n' > signed
        openssl dgst -sha256 -verify public.pem -signature signature signed >&2
        cut -d. -f1 token | decode; echo; cut -d. -f2 token | decode; echo"#;
    std::fs::write(scratch.path().join("key.pem"), account["private_key"].as_str().unwrap()).unwrap();
    std::fs::write(scratch.path().join("token"), &token).unwrap();
    let run = Command::new("bash").args(["-c", script]).current_dir(scratch.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let said = String::from_utf8(run.stdout).unwrap();
    let parts: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parts[0], json!({"typ": "JWT", "alg": "RS256", "kid": account["private_key_id"]}));
    let claims = &parts[1];
    let aud = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit";
    assert_eq!(claims["aud"], aud);
    assert_eq!((&claims["iss"], &claims["sub"]), (&account["client_email"], &account["client_email"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["uid"], format!("guard:{}", guard.user_id));
    assert_eq!(claims["claims"], json!({"guard": guard.id, "society": GREEN_ACRES, "session": 0}));
    // No other secret leaves.
    assert_eq!(claims.as_object().unwrap().len(), 7, "{claims}");
    // One that was tampered with is none for Firebase.
    let mut forged = token.clone();
    forged.replace_range(token.len() - 8.., "AAAAAAAA");
    assert_eq!(world.exchange(&forged).await.0, 400);
    // Nor is it a token for our API.
    world.nobody().with_token(token).get("/v1/profile/me").await.refused(401, "TOKEN_INVALID");
}

/// Of fifty guesses at once five are looked at; the guard is locked, told for how long, and named to the admin, who
/// unlocks them. Nobody else is locked.
#[tokio::test]
async fn fifty_guesses_at_once_get_five_answers() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let colleague = world.guard_at(&gate).await;
    world.admin.register_phone("anita-phone").await;
    let mut admin = world.admin.connect().await;
    admin.join("society", GREEN_ACRES).await;
    // On phones of their own, so that only the guard's own bound holds.
    let mut phones = vec![gate.phone.clone()];
    for _ in 0..6 {
        let other = world.make_gate("Another gate").await;
        world.guard_at(&other).await;
        phones.push(other.phone);
    }
    let tries = (0..50_u32).map(|number| {
        let (world, guard, phone) = (&world, &guard, &phones[number as usize % phones.len()]);
        async move { world.sign_in(guard, &wrong(number), phone).await }
    });
    let replies = futures_util::future::join_all(tries).await;
    let told = "After five wrong PINs this guard is locked; an admin can unlock them. Please try again in 15 minutes.";
    for reply in &replies {
        assert!([401, 429].contains(&reply.status), "{} {}", reply.status, reply.body);
        if reply.status == 429 {
            assert_eq!(reply.body["error"], told);
            assert!(reply.headers.contains_key("retry-after"));
        }
    }
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'guard.wrong_pin'").await, 5);
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'guard.lock'").await, 1);
    let event = admin.event("guard_locked").await;
    assert_eq!(
        (&event["data"]["guard_id"], &event["data"]["guard_name"]),
        (&json!(guard.id), &json!("Gopal Singh"))
    );
    assert_eq!(world.handed("anita-phone", 1).await.len(), 1);
    // The right PIN is refused as well, and says nothing.
    assert_eq!(world.sign_in(&guard, PIN, &gate.phone).await.refused(429, "RATE_LIMITED")["error"], told);
    assert!(world.guard_listed(&guard).await["locked_seconds"].as_i64().unwrap() > 800);
    assert_eq!(world.guard_listed(&colleague).await["locked_seconds"], 0);
    world.sign_in(&colleague, PIN, &gate.phone).await.data(200);
    let unlock = format!("/v1/admin/guards/{}/unlock", guard.id);
    world.guard.post(&unlock, json!({})).await.refused(403, "FORBIDDEN");
    assert_eq!(world.admin.post(&unlock, json!({})).await.data(200)["locked_seconds"], 0);
    world.sign_in(&guard, PIN, &gate.phone).await.data(200);
    // By itself it is over after a quarter of an hour.
    for number in 0..5 {
        world.sign_in(&guard, &wrong(number), &phones[1]).await;
    }
    world.sign_in(&guard, PIN, &gate.phone).await.refused(429, "RATE_LIMITED");
    world.time_passes("15 minutes").await;
    world.sign_in(&guard, PIN, &gate.phone).await.data(200);
}

/// Guesses that get an answer in a day, from one address and from fifty: on a phone of no gate none, on a stolen one fifty.
#[tokio::test]
async fn a_day_of_guessing_gets_few_answers() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let stolen = world.make_gate("East gate").await;
    let colleague = world.guard_at(&stolen).await;
    let looked_at = || world.count("SELECT count(*) FROM audit_logs WHERE action = 'guard.wrong_pin'");
    for addresses in [1_u32, 50] {
        let callers: Vec<_> = (0..addresses).map(|number| world.at(number as u8 + 1)).collect();
        for (phone, expected) in [(Uuid::new_v4().to_string(), 0), (stolen.phone.clone(), 50)] {
            let before = looked_at().await;
            for quarter in 0..96 {
                let mut refused = 0;
                // Each address goes on until it is refused.
                for number in 0..100 {
                    let caller = &callers[number as usize % callers.len()];
                    let pin = wrong(quarter * 100 + number);
                    let reply = world.sign_in_from(caller, &guard, &pin, &phone).await;
                    refused += u32::from(reply.status == 429);
                    // What a phone of no gate is answered is the same in the first quarter and in the last.
                    if refused == addresses || refused > 3 || (expected == 0 && quarter > 0 && number > 2) {
                        break;
                    }
                }
                world.time_passes("15 minutes").await;
            }
            let answered = looked_at().await - before;
            assert_eq!(answered, expected, "of {addresses} addresses");
            // Meanwhile the guard works at another gate, and from tomorrow on so does the phone's.
            world.sign_in(&guard, PIN, &gate.phone).await.data(200);
            world.time_passes("1 day").await;
            world.sign_in(&colleague, PIN, &stolen.phone).await.data(200);
        }
    }
    // The admins were told of the phones of no gate, and not so often that they stop listening.
    let told = world.count("SELECT count(*) FROM audit_logs WHERE action = 'guard.foreign_device'").await;
    assert!((2..=20).contains(&told), "{told}");
}

/// Somebody who knows a guard's code locks nobody out from outside, and one phone locks out nobody but itself.
#[tokio::test]
async fn nobody_is_locked_out_by_others() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let bad = world.make_gate("East gate").await;
    let colleague = world.guard_at(&bad).await;
    for number in 0..80 {
        let reply = world.sign_in(&guard, &wrong(number), &Uuid::new_v4().to_string()).await;
        assert_eq!(reply.status, if number < 60 { 403 } else { 429 }, "{number}: {}", reply.body);
    }
    // From the same address a phone of a gate goes on.
    world.sign_in(&guard, PIN, &gate.phone).await.data(200);
    assert_eq!(world.guard_listed(&guard).await["locked_seconds"], 0);
    // Ten wrong PINs, for names that nobody has: the phone is locked, and no guard.
    for number in 0..10 {
        let body = json!({"guard_code": format!("ZZZZZ{}", 2 + number % 8), "pin": wrong(number),
                          "device_identifier": bad.phone});
        world.nobody().post("/v1/auth/guard", body).await.refused(401, "PIN_WRONG");
    }
    let refused = world.sign_in(&colleague, PIN, &bad.phone).await.refused(429, "RATE_LIMITED");
    let told = "Too many wrong PINs were typed on this phone. Please try again in 15 minutes.";
    assert_eq!(refused["error"], told);
    world.sign_in(&colleague, PIN, &gate.phone).await.data(200);
    world.time_passes("15 minutes").await;
    world.sign_in(&colleague, PIN, &bad.phone).await.data(200);
    // A locked guard who goes on trying locks no phone.
    for number in 0..30 {
        world.sign_in(&guard, &wrong(number), &gate.phone).await;
    }
    world.sign_in(&colleague, PIN, &gate.phone).await.data(200);
}

/// A phone that is taken off its gate in the middle of a shift: its guard's calls end, everywhere, and a new sign-in on
/// another phone brings a token that is good.
#[tokio::test]
async fn a_revoked_phone_ends_its_calls() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let other = world.make_gate("East gate").await;
    let colleague = world.guard_at(&other).await;
    let (app, elsewhere) =
        (world.signed_in(&guard, &gate.phone).await, world.signed_in(&colleague, &other.phone).await);
    app.get("/v1/visitors").await.expect(200);
    app.register_phone("gate-phone").await;
    let devices = world.admin.get(&format!("/v1/admin/societies/{GREEN_ACRES}/gate-devices")).await.data(200);
    let of_gate = devices.as_array().unwrap().iter().find(|device| device["gate_id"] == gate.id).unwrap();
    let revoke = format!("/v1/admin/gate-devices/{}/revoke", text(&of_gate["id"]));
    world.admin.post(&revoke, json!({})).await.data(200);
    app.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
    assert_eq!(app.try_connect().await.err(), Some(401));
    let rung = format!("SELECT count(*) FROM devices WHERE user_id = '{}' AND is_active", guard.user_id);
    assert_eq!(world.count(&rung).await, 0);
    elsewhere.get("/v1/visitors").await.expect(200);
    world.sign_in(&guard, PIN, &gate.phone).await.refused(403, "DEVICE_NOT_REGISTERED");
    world.signed_in(&guard, &other.phone).await.get("/v1/visitors").await.expect(200);
    app.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
}

/// A post that was ended is of no use with the next call, and hears nothing more.
#[tokio::test]
async fn a_deactivated_guard_is_out_at_once() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let app = world.signed_in(&guard, &gate.phone).await;
    let (mut current, mut former) = (world.guard.connect().await, app.connect().await);
    current.join("society", GREEN_ACRES).await;
    former.join("society", GREEN_ACRES).await;
    let deactivate = format!("/v1/admin/guards/{}/deactivate", guard.id);
    assert_eq!(world.admin.post(&deactivate, json!({})).await.data(200)["active"], false);
    app.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
    world.sign_in(&guard, PIN, &gate.phone).await.refused(401, "PIN_WRONG");
    world.make_pass().await;
    current.event("guest_pass_created").await;
    assert!(former.heard().await.is_empty());
    let activate = format!("/v1/admin/guards/{}/activate", guard.id);
    world.admin.post(&activate, json!({})).await.data(200);
    app.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
    world.signed_in(&guard, &gate.phone).await.get("/v1/visitors").await.expect(200);
}

/// A guard replaces their PIN; an admin gives another one, which ends what was signed in. Wrong PINs count as elsewhere.
#[tokio::test]
async fn a_pin_is_replaced() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let app = world.signed_in(&guard, &gate.phone).await;
    let change =
        async |pin: &str, new: &str| app.post("/v1/guards/pin", json!({"pin": pin, "new_pin": new})).await;
    for trivial in ["222222", "345678", "313131", PIN] {
        change(PIN, trivial).await.refused(400, "VALIDATION_FAILED");
    }
    change("700001", "480216").await.refused(401, "PIN_WRONG");
    change(PIN, "480216").await.data(200);
    world.sign_in(&guard, PIN, &gate.phone).await.refused(401, "PIN_WRONG");
    world.sign_in(&guard, "480216", &gate.phone).await.data(200);
    for number in 0..5 {
        change(&wrong(number), "913746").await;
    }
    change("480216", "913746").await.refused(429, "RATE_LIMITED");
    let given = world.admin.post(&format!("/v1/admin/guards/{}/pin", guard.id), json!({})).await.data(200);
    assert_eq!((&given["must_change_pin"], &given["locked_seconds"]), (&json!(true), &json!(0)));
    app.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
    let given = text(&given["pin"]);
    world.sign_in(&guard, &given, &gate.phone).await.refused(409, "PIN_CHANGE_REQUIRED");
    world.sign_in(&guard, "480216", &gate.phone).await.refused(401, "PIN_WRONG");
    world
        .guard
        .post("/v1/guards/pin", json!({"pin": PIN, "new_pin": "913746"}))
        .await
        .refused(403, "FORBIDDEN");
    // The end of a number that people know.
    let phone = json!({"phone": "9811913746"});
    world.admin.patch(&format!("/v1/admin/guards/{}", guard.id), phone).await.data(200);
    let mut body =
        json!({"phone": "9811913746", "pin": given, "device_identifier": gate.phone, "new_pin": "913746"});
    world.nobody().post("/v1/auth/guard", body.clone()).await.refused(400, "VALIDATION_FAILED");
    body["new_pin"] = json!("271828");
    world.nobody().post("/v1/auth/guard", body).await.data(200);
}

/// Of parallel sign-ins that each replace the PIN one does.
#[tokio::test]
async fn a_given_pin_is_replaced_once() {
    let world = World::open().await;
    let gate = world.make_gate("Main gate").await;
    world.guard_at(&gate).await;
    let guard = world.make_guard("Mohan Lal").await;
    let tries = (0..4_u32).map(|number| {
        let body = json!({"guard_code": guard.code, "pin": guard.given, "device_identifier": gate.phone,
                          "new_pin": format!("{:06}", 480_216 + number * 1111)});
        async { world.nobody().post("/v1/auth/guard", body).await.status }
    });
    let statuses = futures_util::future::join_all(tries).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

/// Outside of their shift a guard is warned, and refused where the society wants it so; a shift over midnight belongs to
/// the day on which it starts, by the society's clock.
#[tokio::test]
async fn a_shift_is_the_societys_own() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let app = world.signed_in(&guard, &gate.phone).await;
    let path = format!("/v1/admin/guards/{}", guard.id);
    // Where it is noon now there is no midnight near.
    let zone: String = world.db.query_one(
        "SELECT CASE WHEN o = 0 THEN 'Etc/GMT' ELSE 'Etc/GMT' || CASE WHEN o > 0 THEN '-' ELSE '+' END || abs(o) END
           FROM (SELECT (12 - extract(hour FROM now() AT TIME ZONE 'UTC'))::int AS o) x", &[]).await.unwrap().get(0);
    world
        .db
        .execute("UPDATE societies SET timezone = $1 WHERE id = $2", &[&zone, &GREEN_ACRES])
        .await
        .unwrap();
    let today: i32 = world
        .db
        .query_one(
            "SELECT extract(isodow FROM now() AT TIME ZONE timezone)::int FROM societies WHERE id = $1",
            &[&GREEN_ACRES],
        )
        .await
        .unwrap()
        .get(0);
    let (yesterday, tomorrow) = ((today + 5) % 7 + 1, today % 7 + 1);
    let on_shift = async |weekday: i32, starts: &str, ends: &str| {
        let shift = json!({"weekdays": [weekday], "starts": starts, "ends": ends, "from": "2020-01-01"});
        world.admin.put(&format!("{path}/shifts"), json!({"shifts": [shift]})).await.data(200);
        let me = app.get("/v1/profile/me").await.data(200);
        let signed_in = world.sign_in(&guard, PIN, &gate.phone).await.data(200);
        assert_eq!(me["guard"]["on_shift"], signed_in["on_shift"]);
        signed_in["on_shift"] == true
    };
    assert!(on_shift(today, "08:00", "20:00").await);
    assert!(!on_shift(today, "20:00", "23:00").await);
    assert!(!on_shift(tomorrow, "08:00", "20:00").await);
    assert!(on_shift(yesterday, "20:00", "19:00").await);
    assert!(!on_shift(yesterday, "20:00", "06:00").await);
    // Warned, and served.
    app.get("/v1/visitors").await.expect(200);
    let enforced =
        "INSERT INTO policies (society_id, name, value) VALUES ($1, 'guard_shift_enforced', 'true')";
    world.db.execute(enforced, &[&GREEN_ACRES]).await.unwrap();
    let refused = app.get("/v1/visitors").await.refused(403, "FORBIDDEN");
    assert_eq!(
        refused["error"],
        "Your shift is over or has not begun. Please ask an admin if you are on duty."
    );
    app.get("/v1/profile/me").await.expect(200);
    // Those without shifts are not asked, and those on duty are served.
    world.guard.get("/v1/visitors").await.expect(200);
    assert!(on_shift(today, "08:00", "20:00").await);
    app.get("/v1/visitors").await.expect(200);
}

/// A token of another sign-in than the last that is of use is refused, though it is signed well.
#[tokio::test]
async fn a_closed_gate_and_a_forged_session_sign_nobody_in() {
    let world = World::open().await;
    let (gate, guard) = world.gate_and_guard().await;
    let mut claims = world.stack.issuer().claims(&stack::Identity::of(&format!("guard:{}", guard.user_id)));
    world
        .nobody()
        .with_token(world.stack.issuer().sign(&claims).unwrap())
        .get("/v1/visitors")
        .await
        .expect(200);
    claims.insert("session".to_owned(), json!(1));
    let forged = world.nobody().with_token(world.stack.issuer().sign(&claims).unwrap());
    forged.get("/v1/visitors").await.refused(401, "TOKEN_INVALID");
    world.admin.patch(&format!("/v1/admin/gates/{}", gate.id), json!({"active": false})).await.data(200);
    world.sign_in(&guard, PIN, &gate.phone).await.refused(403, "DEVICE_NOT_REGISTERED");
    for (body, sentence) in [
        (
            json!({"pin": PIN, "device_identifier": gate.phone}),
            "Please give the guard's code or their phone number.",
        ),
        (
            json!({"guard_code": guard.code, "pin": 604_819, "device_identifier": gate.phone}),
            "The PIN must be a text.",
        ),
        (
            json!({"guard_code": guard.code, "pin": PIN, "device_identifier": "my phone"}),
            "The name of the phone must be a random text such as a UUID.",
        ),
    ] {
        let refused = world.nobody().post("/v1/auth/guard", body).await.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["error"], sentence);
    }
}
