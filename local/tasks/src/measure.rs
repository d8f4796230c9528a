//! What a request costs in round trips to PostgreSQL, counted on the wire for every endpoint while it
//! is warm, and in what PostgreSQL reads and writes for it; and the table of it in `docs/performance.md`.

use std::{collections::HashMap, fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};
use shared::catalogue::{EXAMPLE_ID, LINK_TOKEN, Person};
use stack::{
    Identity, Progress, Seed, Stack,
    faults::{Fault, Kind},
    wire,
};
use tokio_postgres::Client;
use uuid::{Uuid, uuid};

use crate::{
    Error, budget,
    catalogue::{EXAMPLE_PHONE, Endpoint, endpoints, fresh},
    crowd, emulator, explain, rings, samples, stuck,
};

const END: &str = "<!-- end of what the command writes -->";

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

/// A page without anything from the database.
const NOT_COUNTED: &str = "show_decide_page";

/// Calls every endpoint once, as its catalogue says, in the order of the API reference; first those that read what is there,
/// while there is little.
async fn call_all(meter: &mut Meter<'_>, turn: usize) -> Result<Vec<Cost>, Error> {
    let mut endpoints = endpoints();
    let reads_a_list = |endpoint: &Endpoint| {
        endpoint.method == "GET" && endpoint.entry.given.as_ref().is_none_or(|given| given.named.is_none())
    };
    endpoints.sort_by_key(|endpoint| !reads_a_list(endpoint));
    let mut pass = Pass { meter, endpoints: &endpoints, turn, made: HashMap::new() };
    for endpoint in &endpoints {
        if endpoint.operation == endpoint.entry.operation && endpoint.operation != NOT_COUNTED {
            pass.call(endpoint, true).await?;
        }
    }
    Ok(std::mem::take(&mut meter.costs))
}

/// One pass over the catalogue.
struct Pass<'a, 'b> {
    meter: &'a mut Meter<'b>,
    endpoints: &'a [Endpoint],
    turn: usize,
    /// What each operation answered last, and whether another one has changed that since.
    made: HashMap<&'static str, (Value, bool)>,
}

impl Pass<'_, '_> {
    /// Calls an endpoint after what it needs, and answers its `data`.
    async fn call(&mut self, endpoint: &Endpoint, is_counted: bool) -> Result<Value, Error> {
        let (method, operation) = (&endpoint.method, endpoint.entry.operation);
        let uid = match endpoint.entry.caller {
            // Somebody who is new in each pass.
            Person::Newcomer => format!("newcomer-{}", Uuid::new_v4()),
            caller @ (Person::Guard | Person::Resident | Person::Admin | Person::SuperAdmin) => {
                samples::uid(caller)
            }
        };
        let token = self.token(operation, &uid)?;
        let phone = format!("+9198{:08}", Uuid::new_v4().as_u128() % 100_000_000);
        let mut known = vec![(EXAMPLE_PHONE, phone)];
        known.extend(fresh());
        if let Some(id_token) = endpoint.body.as_ref().and_then(|body| body["idToken"].as_str()) {
            known.push((id_token, token.clone()));
        }
        for field in ["token", "fcm_token"] {
            // Each phone has its own.
            let shown = endpoint.body.as_ref().and_then(|body| body[field].as_str());
            known
                .extend(shown.filter(|shown| *shown != LINK_TOKEN).map(|shown| (shown, format!("of-{uid}"))));
        }
        if let Some(given) = &endpoint.entry.given {
            let made = self.make(given.by, given.named.is_some(), method == "GET").await?;
            if let Some((pointer, example)) = given.named {
                let id = made.pointer(&pointer.replacen("/data", "", 1)).map(text).unwrap_or_default();
                let named = match (example, id.parse()) {
                    (LINK_TOKEN, Ok(visitor)) => self.meter.stack.decision_token(visitor, RESIDENT).await?,
                    _ => id,
                };
                known.push((example, named));
            }
        }
        if operation == "note_receipt" {
            known.push((EXAMPLE_ID, self.message().await?));
        }
        let known: Vec<_> = known.iter().map(|(example, value)| (*example, value.as_str())).collect();
        let (path, body) = endpoint.request(&known);
        let token = if endpoint.is_open { "" } else { &token };
        let method = method.parse().map_err(|_| Error::Failed(format!("{method} is no method")))?;
        if is_counted && endpoint.entry.left_out.is_some() {
            // What each of many costs is counted at the endpoint for one; here it is what asking costs.
            self.meter.call(Method::clone(&method), &path, token, body.clone()).await?;
        }
        let answer = match is_counted {
            // Of one that nobody here may call it is what a refusal costs.
            true if endpoint.entry.status() >= 400 => {
                self.meter.count_refusal(method, &endpoint.route, &path, token, body).await?
            }
            true => self.meter.count(method, &endpoint.route, &path, token, body).await?,
            false => self.meter.call(method, &path, token, body).await?,
        };
        self.made.insert(operation, (answer.clone(), false));
        Ok(answer)
    }

    /// What another operation has made in this pass. It makes another one where that is named and was changed since.
    async fn make(&mut self, operation: &'static str, is_named: bool, is_read: bool) -> Result<Value, Error> {
        if !self.made.get(operation).is_some_and(|(_, is_changed)| !is_named || !is_changed) {
            self.call_uncounted(operation).await?;
        }
        let (answer, is_changed) = self.made.entry(operation).or_default();
        *is_changed |= !is_read;
        Ok(answer.clone())
    }

    async fn call_uncounted(&mut self, operation: &str) -> Result<Value, Error> {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.operation == operation);
        let endpoint = endpoint.ok_or_else(|| Error::Failed(format!("no catalogue has {operation}")))?;
        Box::pin(self.call(endpoint, false)).await
    }

    /// A message to the resident's phone.
    async fn message(&mut self) -> Result<String, Error> {
        self.call_uncounted("register_token").await?;
        self.call_uncounted("create_visitor").await?;
        let resident = self.token("note_receipt", &samples::uid(Person::Resident))?;
        let profile = self.meter.call(Method::GET, "/v1/profile/me", &resident, None).await?;
        Ok(text(&profile["recent_notifications"][0]["id"]))
    }

    fn token(&self, operation: &str, uid: &str) -> Result<String, Error> {
        let issuer = self.meter.stack.issuer();
        let mut claims = issuer.claims(&Identity::of(uid));
        if operation == "sign_in" {
            // It notes a token that was never seen, however fast the passes follow each other.
            claims.insert("pass".to_owned(), self.turn.into());
        }
        Ok(issuer.sign(&claims)?)
    }
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
    async fn count(
        &mut self,
        method: Method,
        route: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        if method == Method::GET {
            // The first call may open a connection and fetch keys; the second one is warm.
            self.call(method.clone(), path, token, None).await?;
        } else {
            // A body that is no object warms the function and changes nothing.
            self.send(&method, path, token, Some(json!([]))).await?;
        }
        let started = (self.stack.wire().total(), self.read().await?);
        let answer = self.call(method.clone(), path, token, body).await?;
        self.note(started, &method, route).await?;
        Ok(answer)
    }

    /// The same, of a call that is refused.
    async fn count_refusal(
        &mut self,
        method: Method,
        route: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, Error> {
        self.send(&method, path, token, body.clone()).await?;
        let started = (self.stack.wire().total(), self.read().await?);
        let mut answer = self.send(&method, path, token, body).await?;
        self.note(started, &method, route).await?;
        Ok(answer["data"].take())
    }

    /// Notes what a call has cost since it was started.
    async fn note(
        &mut self,
        started: (wire::Count, (u64, u64)),
        method: &Method,
        route: &str,
    ) -> Result<(), Error> {
        let (before, reading) = started;
        let spent = self.stack.wire().total() - before;
        let (buffers, wal) = self.read().await?;
        self.costs.push(Cost {
            endpoint: format!("{method} {route}"),
            round_trips: spent.round_trips,
            statements: spent.statements,
            buffers: buffers.saturating_sub(reading.0),
            wal: wal.saturating_sub(reading.1),
        });
        Ok(())
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
        method: Method,
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
        method: &Method,
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

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
