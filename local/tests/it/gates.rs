//! An admin sets up the gates of a society, its guards and their phones.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    World,
    world::{BLOCK_A, GREEN_ACRES, SECOND_POST},
};

/// A gate of Green Acres with a phone that is not registered yet, and a guard.
pub struct Gate {
    pub id: String,
    /// What the app calls its phone.
    pub phone: String,
}

/// A guard whom an admin has made.
pub struct Made {
    pub id: String,
    pub user_id: Uuid,
    pub code: String,
    /// The PIN as the admin was answered it.
    pub given: String,
}

impl World {
    pub async fn make_gate(&self, name: &str) -> Gate {
        let gate = json!({"society_id": GREEN_ACRES, "name": name});
        let gate = self.admin.post("/v1/admin/gates", gate).await.data(201);
        Gate { id: text(&gate["id"]), phone: Uuid::new_v4().to_string() }
    }

    pub async fn device_code(&self, gate: &Gate) -> String {
        let path = format!("/v1/admin/gates/{}/device-codes", gate.id);
        text(&self.admin.post(&path, json!({})).await.data(201)["device_code"])
    }

    pub async fn make_guard(&self, name: &str) -> Made {
        let guard = json!({"society_id": GREEN_ACRES, "name": name});
        let made = self.admin.post("/v1/admin/guards", guard).await.data(201);
        Made {
            id: text(&made["id"]),
            user_id: text(&made["user_id"]).parse().unwrap(),
            code: text(&made["guard_code"]),
            given: text(&made["pin"]),
        }
    }

    /// A guard as the admin sees them.
    pub async fn guard_listed(&self, guard: &Made) -> Value {
        let path = format!("/v1/admin/societies/{GREEN_ACRES}/guards?q={}", guard.code);
        let listed = self.admin.get(&path).await.data(200);
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        listed[0].clone()
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Gates are made, renamed and closed; each change is audited with what was before and after.
#[tokio::test]
async fn an_admin_makes_and_closes_gates() {
    let world = World::open().await;
    let gate = world.make_gate("Main gate").await;
    world.make_gate("East gate").await;
    let path = format!("/v1/admin/gates/{}", gate.id);
    let changed = world.admin.patch(&path, json!({"name": "North gate", "active": false})).await.data(200);
    assert_eq!((&changed["name"], &changed["active"]), (&json!("North gate"), &json!(false)));
    let gates = world.super_admin.get(&format!("/v1/admin/societies/{GREEN_ACRES}/gates")).await.data(200);
    let names: Vec<_> = gates.as_array().unwrap().iter().map(|gate| gate["name"].clone()).collect();
    assert_eq!(names, [json!("East gate"), json!("North gate")]);
    let audited = "SELECT details FROM audit_logs WHERE action = 'gate.change'";
    let details: Value = world.db.query_one(audited, &[]).await.unwrap().get(0);
    assert_eq!(details["before"], json!({"name": "Main gate", "active": true}));
    assert_eq!(details["after"], json!({"name": "North gate", "active": false}));
    world.admin.patch(&path, json!({"active": "yes"})).await.refused(400, "VALIDATION_FAILED");
    world.blue_admin.patch(&path, json!({"active": true})).await.refused(404, "NOT_FOUND");
    world.block_admin.patch(&path, json!({"active": true})).await.refused(403, "FORBIDDEN");
}

/// A PIN is answered once: a repetition under the key gets the guard without it, and no PIN is anywhere in the database.
#[tokio::test]
async fn a_pin_is_answered_once_and_kept_nowhere() {
    let world = World::open().await;
    let body = json!({"society_id": GREEN_ACRES, "name": "Gopal Singh", "phone": "9811122233"});
    let make = || world.admin.send(Method::POST, "/v1/admin/guards", Some(body.clone()), Some("k1"));
    let made = make().await.data(201);
    let again = make().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let again = again.data(200);
    assert_eq!((&again["pin"], &again["id"]), (&Value::Null, &made["id"]));
    assert_eq!(text(&made["guard_code"]).len(), 6);
    let pin = text(&made["pin"]);
    for table in ["idempotency_keys", "audit_logs", "outbox", "guards", "users", "guard_pins"] {
        let sql = format!("SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%\"' || $1 || '\"%'");
        let found: i64 = world.db.query_one(&sql, &[&pin]).await.unwrap().get(0);
        assert_eq!(found, 0, "{table}");
    }
    let hash: String = world.db.query_one("SELECT hash FROM guard_pins", &[]).await.unwrap().get(0);
    assert!(hash.starts_with("$argon2id$"), "{hash}");
}

/// Guards are found by part of a name, the beginning of a code and of a number; a code or number that another guard has is
/// refused.
#[tokio::test]
async fn guards_are_found_and_changed() {
    let world = World::open().await;
    let body = json!({"society_id": GREEN_ACRES, "name": "Gopal Singh", "phone": "9811122233", "guard_code": "abcdef"});
    let first = world.admin.post("/v1/admin/guards", body.clone()).await.data(201);
    assert_eq!(first["guard_code"], "ABCDEF");
    let sentence = "Another guard has this code. Please choose another one.";
    assert_eq!(
        world.admin.post("/v1/admin/guards", body).await.refused(400, "VALIDATION_FAILED")["error"],
        sentence
    );
    let second = world.make_guard("Mohan Lal").await;
    let path = format!("/v1/admin/guards/{}", second.id);
    world.admin.patch(&path, json!({"phone": "9811122233"})).await.refused(400, "VALIDATION_FAILED");
    let changed = json!({"name": "Mohan Das", "phone": "9811122244", "block_id": BLOCK_A});
    let changed = world.admin.patch(&path, changed).await.data(200);
    assert_eq!((&changed["name"], &changed["block_id"]), (&json!("Mohan Das"), &json!(BLOCK_A)));
    let list = format!("/v1/admin/societies/{GREEN_ACRES}/guards");
    let count = async |query: &str| {
        world.admin.get(&format!("{list}{query}")).await.data(200).as_array().unwrap().len()
    };
    for (query, expected) in [
        ("", 4),
        ("?q=das", 1),
        ("?q=ABC", 1),
        ("?q=98111222", 2),
        ("?q=%2B91981112224", 1),
        ("?q=nobody-at-all", 0),
        ("?active=false", 0),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    world.admin.get(&format!("{list}?active=1")).await.refused(400, "VALIDATION_FAILED");
    // A guard who signs in by themselves gets no PIN, which would open all that their account may do.
    let pin = world.admin.post(&format!("/v1/admin/guards/{SECOND_POST}/pin"), json!({})).await;
    pin.refused(409, "WRONG_STATE");
    let name = json!({"name": "Another"});
    world
        .admin
        .patch(&format!("/v1/admin/guards/{SECOND_POST}"), name)
        .await
        .refused(400, "VALIDATION_FAILED");
}

/// Assignments and shifts are replaced as a whole; what does not fit is named.
#[tokio::test]
async fn an_admin_says_where_and_when_a_guard_stands() {
    let world = World::open().await;
    let (gate, guard) = (world.make_gate("Main gate").await, world.make_guard("Gopal Singh").await);
    let assignments_path = format!("/v1/admin/guards/{}/assignments", guard.id);
    let shifts_path = format!("/v1/admin/guards/{}/shifts", guard.id);
    let assignments = json!({"assignments": [
        {"gate_id": gate.id, "from": "2026-01-01"},
        {"block_id": BLOCK_A, "from": "2025-01-01", "until": "2025-12-31"}
    ]});
    let set = world.admin.put(&assignments_path, assignments).await.data(200);
    assert_eq!(set, world.admin.get(&assignments_path).await.data(200));
    assert_eq!((&set[0]["block_name"], &set[1]["gate_name"]), (&json!("Block A"), &json!("Main gate")));
    let shifts =
        json!({"shifts": [{"weekdays": [7, 1], "starts": "22:00", "ends": "06:00", "from": "2026-01-01"}]});
    let set = world.admin.put(&shifts_path, shifts).await.data(200);
    assert_eq!(set, world.admin.get(&shifts_path).await.data(200));
    assert_eq!(set[0]["weekdays"], json!([1, 7]));
    assert_eq!((&set[0]["starts"], &set[0]["ends"]), (&json!("22:00"), &json!("06:00")));
    for (path, body, sentence) in [
        (
            &shifts_path,
            json!({"shifts": [{"weekdays": [8], "starts": "1:00", "ends": "06:00"}]}),
            "Entry 1 of the list: The weekdays must be days from 1 (Monday) to 7, each once.",
        ),
        (
            &assignments_path,
            json!({"assignments": [{"gate_id": Uuid::new_v4()}]}),
            "The assignments must name gates and blocks of the society.",
        ),
        (
            &assignments_path,
            json!({"assignments": [{}]}),
            "Entry 1 of the list: The gate is required where there is no block_id.",
        ),
        (
            &assignments_path,
            json!({"assignments": [{"gate_id": gate.id, "until": "2020-01-01"}]}),
            "The assignments must not end before they begin.",
        ),
        (&shifts_path, json!({"shifts": {}}), "The shifts must be a list."),
    ] {
        let refused = world.admin.put(path, body).await;
        assert_eq!(refused.refused(400, "VALIDATION_FAILED")["error"], sentence);
    }
    let none = world.admin.put(&shifts_path, json!({"shifts": []})).await.data(200);
    assert_eq!(none, json!([]));
}

/// A code registers one phone, once; the list shows it, and the revoked one too.
#[tokio::test]
async fn a_code_registers_one_phone() {
    let world = World::open().await;
    let (gate, guard) = (world.make_gate("Main gate").await, world.make_guard("Gopal Singh").await);
    let code = world.device_code(&gate).await;
    let with = |phone: &str| {
        json!({"guard_code": guard.code, "pin": guard.given, "device_identifier": phone, "device_code": code,
               "new_pin": "604819"})
    };
    let others = (0..8).map(|_| Uuid::new_v4().to_string()).collect::<Vec<_>>();
    let tries =
        others.iter().map(|phone| async { world.nobody().post("/v1/auth/guard", with(phone)).await.status });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 7, "{statuses:?}");
    let list = format!("/v1/admin/societies/{GREEN_ACRES}/gate-devices");
    let devices = world.admin.get(&list).await.data(200);
    assert_eq!(devices.as_array().unwrap().len(), 1, "{devices}");
    // One that is older than a quarter of an hour registers nobody.
    let late = world.device_code(&gate).await;
    world.db.execute("UPDATE gate_device_codes SET expires_at = now()", &[]).await.unwrap();
    let mut body = with(&gate.phone);
    body["device_code"] = json!(late);
    world.nobody().post("/v1/auth/guard", body).await.refused(403, "DEVICE_NOT_REGISTERED");
    let path = format!("/v1/admin/gate-devices/{}/revoke", text(&devices[0]["id"]));
    world.guard.post(&path, json!({})).await.refused(403, "FORBIDDEN");
    world.blue_admin.post(&path, json!({})).await.refused(404, "NOT_FOUND");
    let revoked = world.admin.post(&path, json!({})).await.data(200);
    assert_eq!(revoked["revoked_by"], json!(world.admin.user_id));
    assert_eq!(world.admin.post(&path, json!({})).await.data(200), revoked);
}
