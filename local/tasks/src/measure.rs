//! What a request costs in round trips to PostgreSQL, counted on the wire for every endpoint while it
//! is warm, and in what PostgreSQL reads and writes for it; and the table of it in `docs/performance.md`.

use std::{fs, path::Path};

use serde_json::{Value, json};
use stack::{
    Identity, Progress, Seed, Stack,
    faults::{Fault, Kind},
};
use tokio_postgres::Client;
use uuid::{Uuid, uuid};

use crate::{Error, budget, crowd, emulator, explain, rings, stuck};

const END: &str = "<!-- end of what the command writes -->";

const SOCIETY: &str = "11111111-1111-1111-1111-111111111111";
const COMPLEX: &str = "22222222-2222-2222-2222-222222222222";
const BLOCK: &str = "33333333-3333-3333-3333-333333333333";
pub(crate) const FLAT: &str = "44444444-4444-4444-4444-444444444444";

/// A resident of the flat.
pub const RESIDENT: Uuid = uuid!("55555555-5555-5555-000a-000000000101");

/// What one warm request cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Method and route.
    pub endpoint: String,
    /// Times it waited for PostgreSQL.
    pub round_trips: u64,
    /// Statements it sent.
    pub statements: u64,
    /// Pages that PostgreSQL looked at for it.
    pub buffers: u64,
    /// Bytes that PostgreSQL wrote ahead for it.
    pub wal: u64,
}

impl Cost {
    /// Whether the endpoint changes something.
    pub fn is_write(&self) -> bool {
        !self.endpoint.starts_with("GET ")
            && !matches!(self.endpoint.as_str(), "POST /v1/auth/firebase" | "POST /v1/decide/visitor")
    }
}

/// Times that every endpoint is called, of which the cheapest counts: at the first one nothing has been read yet.
const PASSES: usize = 3;
/// Nothing but the requests reads or writes, and what each statement reads is known at once.
const COUNTING: [&str; 6] = [
    "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
    "ALTER SYSTEM SET autovacuum = off",
    "ALTER SYSTEM SET wal_level = minimal",
    "ALTER SYSTEM SET max_wal_senders = 0",
    "ALTER SYSTEM SET checkpoint_timeout = '1d'",
    "ALTER SYSTEM SET max_wal_size = '10GB'",
];

/// Calls every endpoint of the demo society warm, as its apps do, and counts.
pub async fn round_trips(progress: Progress) -> Result<Vec<Cost>, Error> {
    let stack = Stack::builder().progress(progress).seed(Seed::Demo).own_server().start().await?;
    let superuser = stack.database_as_superuser().await?;
    for setting in COUNTING {
        superuser.batch_execute(setting).await?;
    }
    stack.postgres().restart().await?;
    let superuser = stack.database_as_superuser().await?;
    superuser.batch_execute("CREATE EXTENSION pg_stat_statements").await?;
    progress.say("Calling every endpoint");
    // The dispatcher's statements are not those of the request that rang it.
    stack.faults().set([Fault::new(Kind::InvokeRefused)])?;
    let mut meter = Meter { stack: &stack, http: reqwest::Client::new(), superuser, costs: Vec::new() };
    let mut cheapest = call_all(&mut meter, 1).await?;
    for turn in 2..=PASSES {
        for (cheapest, cost) in cheapest.iter_mut().zip(call_all(&mut meter, turn).await?) {
            cheapest.round_trips = cheapest.round_trips.min(cost.round_trips);
            cheapest.statements = cheapest.statements.min(cost.statements);
            cheapest.buffers = cheapest.buffers.min(cost.buffers);
            cheapest.wal = cheapest.wal.min(cost.wal);
        }
    }
    Ok(cheapest)
}

/// Calls every endpoint once.
async fn call_all(meter: &mut Meter<'_>, turn: usize) -> Result<Vec<Cost>, Error> {
    let stack = meter.stack;
    let token = |uid: &str| stack.issuer().token(&Identity::of(uid));
    let (resident, admin) = (token("demo-resident-101a")?, token("demo-admin")?);
    // Signing in notes a token that was never seen, however fast the passes follow each other.
    let mut claims = stack.issuer().claims(&Identity::of("demo-guard-1"));
    claims.insert("pass".to_owned(), turn.into());
    let guard = stack.issuer().sign(&claims)?;
    let spouse = token("demo-resident-101b")?;
    let newcomer = token(&format!("newcomer-{turn}"))?;

    meter.get("/health", "/health", "").await?;
    meter.post("/v1/auth/firebase", "/v1/auth/firebase", "", json!({"idToken": guard})).await?;
    meter.get("/v1/cities", "/v1/cities", &guard).await?;
    meter.get("/v1/societies", "/v1/societies?city=Bengaluru", &guard).await?;
    meter.get("/v1/complexes", &format!("/v1/complexes?society_id={SOCIETY}"), &guard).await?;
    meter.get("/v1/blocks", &format!("/v1/blocks?complex_id={COMPLEX}"), &guard).await?;
    meter.get("/v1/flats", &format!("/v1/flats?block_id={BLOCK}"), &guard).await?;
    meter.get("/v1/profile/me", "/v1/profile/me", &guard).await?;
    meter.patch("/v1/profile/me", &guard, json!({"language": "kn"})).await?;

    let phone = format!("98765432{turn:02}");
    let visitor = |name: &str| json!({"visitor_name": name, "phone": phone, "flat_id": FLAT});
    let made = meter.post("/v1/visitors", "/v1/visitors", &guard, visitor("Kiran")).await?;
    let id = text(&made["visitor"]["id"]);
    meter.get("/v1/visitors", "/v1/visitors", &guard).await?;
    meter.get("/v1/visitors/{id}", &format!("/v1/visitors/{id}"), &guard).await?;
    meter.get("/v1/visitors/pending", "/v1/visitors/pending", &resident).await?;
    meter
        .get("/v1/visitors/pending-count", &format!("/v1/visitors/pending-count?flat_id={FLAT}"), &guard)
        .await?;
    // The resident's phone is told of the second visitor, and says that the message came.
    meter
        .call(reqwest::Method::POST, "/v1/fcm-token", &spouse, Some(json!({"token": "of-the-spouse"})))
        .await?;
    let asked = meter.call(reqwest::Method::POST, "/v1/visitors", &guard, Some(visitor("Leela"))).await?;
    let profile = meter.call(reqwest::Method::GET, "/v1/profile/me", &spouse, None).await?;
    let receipt = format!("/v1/notifications/{}/receipt", text(&profile["recent_notifications"][0]["id"]));
    let delivered = json!({"event": "delivered"});
    meter.post("/v1/notifications/{id}/receipt", &receipt, &spouse, delivered).await?;
    let link = stack.decision_token(id_of(&asked["visitor"])?, RESIDENT).await?;
    meter.post("/v1/decide/visitor", "/v1/decide/visitor", "", json!({"token": link})).await?;
    meter.post("/v1/decide", "/v1/decide", "", json!({"token": link, "decision": "deny"})).await?;
    let path = format!("/v1/visitors/{id}/respond");
    meter.post("/v1/visitors/{id}/respond", &path, &resident, json!({"decision": "accept"})).await?;
    let visit =
        meter.post("/v1/visits/checkin", "/v1/visits/checkin", &guard, json!({"visitor_id": id})).await?;
    meter
        .post("/v1/visits/checkout", "/v1/visits/checkout", &guard, json!({"visit_id": visit["id"]}))
        .await?;
    meter.get("/v1/visits", "/v1/visits", &guard).await?;

    let made =
        meter.post("/v1/visitors/guest-pass", "/v1/visitors/guest-pass", &resident, visitor("Leela")).await?;
    let pass = &made["visitor"];
    let by_qr = format!("/v1/visitors/by-qr/{}", text(&pass["qr_code"]));
    meter.get("/v1/visitors/by-qr/{qr_code+}", &by_qr, &guard).await?;
    let by_code = format!("/v1/visitors/by-access-code/{}", text(&pass["access_code"]));
    meter.get("/v1/visitors/by-access-code/{code}", &by_code, &guard).await?;
    let path = |action: &str| format!("/v1/visitors/{}/{action}", text(&pass["id"]));
    meter.post("/v1/visitors/{id}/send-invite", &path("send-invite"), &resident, json!({})).await?;
    let deny = json!({"decision": "deny"});
    meter.post("/v1/visitors/{id}/guard-respond", &path("guard-respond"), &guard, deny).await?;
    let made = meter
        .call(reqwest::Method::POST, "/v1/visitors/guest-pass", &resident, Some(visitor("Omar")))
        .await?;
    let path = format!("/v1/visitors/{}/withdraw", text(&made["visitor"]["id"]));
    meter.post("/v1/visitors/{id}/withdraw", &path, &resident, json!({})).await?;
    meter.delete("/v1/visitors/rejected", &guard, json!({})).await?;

    let expected = format!("/v1/society/{SOCIETY}/expected-visitors");
    meter.get("/v1/society/{society_id}/expected-visitors", &expected, &guard).await?;
    for page in ["verify", "export"] {
        let path = format!("/v1/admin/audit/{page}");
        meter.get(&path, &format!("{path}?society_id={SOCIETY}"), &admin).await?;
    }
    let device = json!({"fcm_token": "measured", "device_info": {"platform": "android"}});
    meter.post("/v1/guards/register-device", "/v1/guards/register-device", &guard, device).await?;
    meter.post("/v1/fcm-token", "/v1/fcm-token", &resident, json!({"token": "measured"})).await?;
    let path = "/v1/notification-preferences";
    meter.get(path, path, &resident).await?;
    meter.post(path, path, &resident, json!({"whatsapp": true})).await?;
    meter.get("/v1/fcm-tokens", "/v1/fcm-tokens", &resident).await?;
    meter.delete("/v1/fcm-token", &resident, json!({"token": "measured"})).await?;

    let request = json!({"flat_id": FLAT, "requested_role": "tenant"});
    let made = meter.post("/v1/resident-requests", "/v1/resident-requests", &newcomer, request).await?;
    meter.get("/v1/resident-requests", "/v1/resident-requests", &admin).await?;
    let path = format!("/v1/resident-requests/{}/approve", text(&made["id"]));
    meter.post("/v1/resident-requests/{id}/approve", &path, &admin, json!({})).await?;
    let request = json!({"flat_id": FLAT, "requested_role": "tenant"});
    let rejected = token(&format!("another-newcomer-{turn}"))?;
    let made = meter.call(reqwest::Method::POST, "/v1/resident-requests", &rejected, Some(request)).await?;
    let path = format!("/v1/resident-requests/{}/reject", text(&made["id"]));
    meter.post("/v1/resident-requests/{id}/reject", &path, &admin, json!({})).await?;
    let path = "/v1/resident-requests/reject";
    meter.post(path, path, &admin, json!({"ids": [made["id"]]})).await?;
    meter.get("/v1/my-flats", "/v1/my-flats", &newcomer).await?;
    meter.post("/v1/ensure-occupancy", "/v1/ensure-occupancy", &newcomer, json!({"flat_id": FLAT})).await?;

    let made = meter.post("/v1/emergencies", "/v1/emergencies", &resident, json!({"flat_id": FLAT})).await?;
    let path = |step: &str| format!("/v1/emergencies/{}/{step}", text(&made["id"]));
    meter.post("/v1/emergencies/{id}/address", &path("address"), &guard, json!({})).await?;
    meter.post("/v1/emergencies/{id}/resolve", &path("resolve"), &guard, json!({})).await?;
    meter.get("/v1/emergencies", "/v1/emergencies", &guard).await?;
    let path = "/v1/emergencies/resolve";
    meter.post(path, path, &guard, json!({"flat_id": FLAT})).await?;
    Ok(std::mem::take(&mut meter.costs))
}

/// Measures what `command` names and writes its table into `docs/performance.md` of the checkout. Fails after that
/// where a bound is broken.
pub async fn write_table(command: &str, checkout: &Path, progress: Progress) -> Result<(), Error> {
    let mut bounds = Ok(());
    let table = match command {
        "crowd" => crowd::table(&crowd::pushes(progress).await?),
        "emulate" => {
            let measured = emulator::measure(checkout, progress).await?;
            bounds = emulator::check(&measured);
            emulator::table(&measured)
        }
        "stuck" => stuck::table(&stuck::measure(progress).await?),
        "rings" => rings::table(&rings::measure(progress).await?),
        "explain" => explain::table(&explain::plans(progress).await?),
        _ => table(&round_trips(progress).await?),
    };
    write_between(checkout, command, &table, progress)?;
    bounds
}

/// Counts what every endpoint costs, and makes that its budget.
pub async fn write_budget(checkout: &Path, progress: Progress) -> Result<(), Error> {
    budget::write(checkout, &round_trips(progress).await?, progress)
}

/// Writes a table into `docs/performance.md` of the checkout, between the marks that name the command.
pub(crate) fn write_between(
    checkout: &Path,
    command: &str,
    table: &str,
    progress: Progress,
) -> Result<(), Error> {
    let path = checkout.join("docs").join("performance.md");
    let page = fs::read_to_string(&path).map_err(Error::io("reading docs/performance.md"))?;
    let start = format!("<!-- written by `cargo dev {command}` -->");
    let no_place = || Error::Failed(format!("docs/performance.md has no `{start}` with `{END}` after it"));
    let (before, rest) = page.split_once(&start).ok_or_else(no_place)?;
    let (_, after) = rest.split_once(END).ok_or_else(no_place)?;
    fs::write(&path, format!("{before}{start}\n\n{table}\n{END}{after}"))
        .map_err(Error::io("writing docs/performance.md"))?;
    progress.say(format_args!("Written: {}", path.display()));
    Ok(())
}

fn table(costs: &[Cost]) -> String {
    let mut table = String::from(
        "| Endpoint | Round trips | Statements | Buffers | WAL, bytes |\n|---|---|---|---|---|\n",
    );
    for Cost { endpoint, round_trips, statements, buffers, wal } in costs {
        table.push_str(&format!("| `{endpoint}` | {round_trips} | {statements} | {buffers} | {wal} |\n"));
    }
    table
}

struct Meter<'a> {
    stack: &'a Stack,
    http: reqwest::Client,
    superuser: Client,
    costs: Vec<Cost>,
}

impl Meter<'_> {
    async fn get(&mut self, route: &str, path: &str, token: &str) -> Result<Value, Error> {
        // The first call may open a connection and fetch keys; the second one is warm.
        self.call(reqwest::Method::GET, path, token, None).await?;
        self.count(reqwest::Method::GET, route, path, token, None).await
    }

    async fn post(&mut self, route: &str, path: &str, token: &str, body: Value) -> Result<Value, Error> {
        self.count(reqwest::Method::POST, route, path, token, Some(body)).await
    }

    async fn patch(&mut self, route: &str, token: &str, body: Value) -> Result<Value, Error> {
        self.count(reqwest::Method::PATCH, route, route, token, Some(body)).await
    }

    async fn delete(&mut self, route: &str, token: &str, body: Value) -> Result<Value, Error> {
        self.count(reqwest::Method::DELETE, route, route, token, Some(body)).await
    }

    async fn count(
        &mut self,
        method: reqwest::Method,
        route: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        if method != reqwest::Method::GET {
            // A body that is no object warms the function and changes nothing.
            self.send(&method, path, token, Some(json!([]))).await?;
        }
        let (before, reading) = (self.stack.wire().total(), self.read().await?);
        let answer = self.call(method.clone(), path, token, body).await?;
        let spent = self.stack.wire().total() - before;
        let (buffers, wal) = self.read().await?;
        self.costs.push(Cost {
            endpoint: format!("{method} {route}"),
            round_trips: spent.round_trips,
            statements: spent.statements,
            buffers: buffers.saturating_sub(reading.0),
            wal: wal.saturating_sub(reading.1),
        });
        Ok(answer)
    }

    /// Pages that statements of the functions' have looked at, and bytes written ahead, since the start.
    async fn read(&self) -> Result<(u64, u64), Error> {
        let sql = "SELECT coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint,
                          pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
                     FROM pg_stat_statements WHERE userid = 'society360_lambda'::regrole";
        let row = self.superuser.query_one(sql, &[]).await?;
        let figure = |place: usize| row.try_get::<_, i64>(place).map(i64::unsigned_abs);
        Ok((figure(0)?, figure(1)?))
    }

    /// `data` of a successful answer; anything else is an error.
    async fn call(
        &self,
        method: reqwest::Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let mut answer = self.send(&method, path, token, body).await?;
        if answer["success"] != true {
            return Err(Error::Failed(format!("{method} {path} answered {answer}")));
        }
        Ok(answer["data"].take())
    }

    async fn send(
        &self,
        method: &reqwest::Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.stack.base_url()));
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let failed = |error: reqwest::Error| Error::Failed(format!("{method} {path}: {error}"));
        let answer = request.send().await.map_err(failed)?;
        // Lines are no JSON of ours that says whether it is a success.
        let success = answer.status().is_success();
        let text = answer.text().await.map_err(failed)?;
        Ok(serde_json::from_str(&text)
            .ok()
            .filter(|body: &Value| body.get("success").is_some())
            .unwrap_or_else(|| json!({ "success": success, "data": text })))
    }
}

fn id_of(thing: &Value) -> Result<Uuid, Error> {
    text(&thing["id"]).parse().map_err(|_| Error::Failed(format!("{thing} has no id")))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
