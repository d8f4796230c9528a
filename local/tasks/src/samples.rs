//! Sample events served: each does what it is for, once its placeholders hold what they stand for.

use std::fs;

use gateway::Outcome;
use serde_json::Value;
use shared::catalogue::{LINK_TOKEN, Person};
use stack::{Stack, checkout};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    catalogue::{endpoints, renewed},
    events::{DIRECTORY, ID_TOKEN, OPENED_AT, RESPONSE_URL, TOKEN},
    measure,
};

const RESIDENT: &str = "demo-resident-101a";
/// The status of a function that answers nothing.
const DONE: u64 = 0;

/// Events that are no request of the HTTP API: whose token they are served with, the status they are answered with, and
/// the event that is served before.
const OTHERS: [(&str, &str, u64, Option<&str>); 18] = [
    ("dispatcher/drain", "", DONE, None),
    ("dispatcher/greet", "", DONE, None),
    ("dispatcher/scheduled", "", DONE, None),
    ("dispatcher/send", "", DONE, None),
    ("dispatcher/watch", "", DONE, None),
    ("janitor/scheduled", "", DONE, None),
    ("migrator/by_hand", "", DONE, None),
    ("migrator/create", "", DONE, None),
    ("migrator/delete", "", DONE, None),
    ("migrator/grant_super_admin", "", DONE, None),
    ("migrator/update", "", DONE, None),
    ("realtime/connect", RESIDENT, 200, None),
    ("realtime/connect_socket_io", RESIDENT, 200, None),
    ("realtime/disconnect", RESIDENT, 200, Some("realtime/connect")),
    ("realtime/hello_socket_io", RESIDENT, 200, Some("realtime/connect_socket_io")),
    ("realtime/join_room", RESIDENT, 200, Some("realtime/connect")),
    ("realtime/leave_room", RESIDENT, 200, Some("realtime/connect")),
    ("realtime/ping", RESIDENT, 200, Some("realtime/connect")),
];

/// How an event is served.
struct Sample {
    /// Such as `visits/check_in`.
    name: String,
    /// Whose token it is served with.
    uid: String,
    /// The status it is answered with.
    status: u64,
    /// The event that is served before, and where its answer names what stands for something in this one.
    given: Option<(String, Option<(&'static str, &'static str)>)>,
}

fn all() -> Vec<Sample> {
    let endpoints = endpoints();
    let name = |operation: &str| {
        let maker = endpoints.iter().find(|one| one.operation == operation);
        maker.map(|one| format!("{}/{operation}", one.function)).unwrap_or_default()
    };
    let requests = endpoints.iter().map(|one| Sample {
        name: name(&one.operation),
        uid: uid(one.entry.caller),
        status: one.entry.status().into(),
        // A list is served just as well where it is empty.
        given: one
            .entry
            .given
            .as_ref()
            .filter(|given| given.named.is_some() || one.method != "GET")
            .map(|given| (name(given.by), given.named)),
    });
    let others = OTHERS.iter().map(|(name, uid, status, given)| Sample {
        name: (*name).to_owned(),
        uid: (*uid).to_owned(),
        status: *status,
        given: given.map(|given| (given.to_owned(), None)),
    });
    requests.chain(others).collect()
}

/// Who that is in the demo society.
pub(crate) fn uid(person: Person) -> String {
    match person {
        Person::Guard => "demo-guard-1".to_owned(),
        Person::Resident => RESIDENT.to_owned(),
        Person::Admin => "demo-admin".to_owned(),
        Person::SuperAdmin => "demo-super-admin".to_owned(),
        Person::Newcomer => format!("newcomer-{}", Uuid::new_v4()),
    }
}

/// The names of a function's events, such as `visits/check_in`.
pub fn of(function: &str) -> Vec<String> {
    let is_its = |name: &String| name.split_once('/').is_some_and(|(owner, _)| owner == function);
    let mut names: Vec<String> = all().into_iter().map(|sample| sample.name).filter(is_its).collect();
    names.sort_unstable();
    names
}

/// Has a function of the stack serve an event, in this process.
pub async fn in_process(stack: &Stack, function: &str, event: String) -> Result<Value, Error> {
    match stack.lambda().invoke(function, event).await {
        Ok(Outcome::Answered(answer)) => Ok(read(&answer)),
        other => Err(Error::Lambda(format!("{function}: {other:?}"))),
    }
}

/// Has `invoke` serve an event after what it needs, and answers the body. Another status than the one that
/// belongs to the event is an error, and so is a refused message.
pub async fn serve(
    stack: &Stack,
    invoke: &impl AsyncFn(&str, String) -> Result<Value, Error>,
    name: &str,
) -> Result<Value, Error> {
    // Another one each time: what is still on its way to an earlier connection of that name is not for this one.
    let opened_at = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    serve_at(opened_at, &all(), stack, invoke, name).await
}

/// Messages on a connection that was opened long ago are not heard, and all of one connection name the same time,
/// `opened_at`.
async fn serve_at(
    opened_at: i128,
    samples: &[Sample],
    stack: &Stack,
    invoke: &impl AsyncFn(&str, String) -> Result<Value, Error>,
    name: &str,
) -> Result<Value, Error> {
    let wrong = |what: &str| Error::Lambda(format!("{name}: {what}"));
    let sample = samples.iter().find(|sample| sample.name == name);
    let Sample { uid, status, given, .. } = sample.ok_or_else(|| wrong("nobody says what is answered"))?;
    let (function, _) = name.split_once('/').unwrap_or_default();
    let path = checkout().join(DIRECTORY).join(format!("{name}.json"));
    let mut event = fs::read_to_string(&path).map_err(Error::path(path))?;
    if let Some((maker, named)) = given {
        let made = Box::pin(serve_at(opened_at, samples, stack, invoke, maker)).await?;
        if let Some((pointer, example)) = named {
            let id = made.pointer(pointer).and_then(Value::as_str);
            let id =
                id.filter(|_| event.contains(example)).ok_or_else(|| wrong(&format!("{maker}: {made}")))?;
            let known = match (*example, id.parse()) {
                (LINK_TOKEN, Ok(visitor)) => stack.decision_token(visitor, measure::RESIDENT).await?,
                _ => id.to_owned(),
            };
            event = event.replace(example, &known);
        }
    }
    let token = stack.token(uid)?;
    event = renewed(event)
        .replace(ID_TOKEN, &token)
        .replace(TOKEN, &token)
        .replace(RESPONSE_URL, &format!("{}/_local/cloudformation", stack.base_url()))
        .replace(&OPENED_AT.to_string(), &opened_at.to_string());
    let answer = invoke(function, event).await?;
    let body = answer["body"].as_str().map(read).unwrap_or_default();
    // A refused message is answered with 200, too.
    if answer["statusCode"].as_u64().unwrap_or(DONE) != *status || body["event"] == "error" {
        return Err(wrong(&answer.to_string()));
    }
    Ok(body)
}

/// JSON, or null: Socket.IO's packets are none.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
