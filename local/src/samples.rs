//! Sample events served: each does what it is for, once its placeholders hold what they stand for.

use std::fs;

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error, Outcome, Stack, checkout,
    events::{DIRECTORY, EXAMPLE_ID, ID_TOKEN, LINK_TOKEN, OPENED_AT, RESPONSE_URL, TOKEN},
    measure,
};

/// What has to be made before an event can be served: by which event, where its answer names it, and
/// what stands for that in the event.
type Given = Option<(&'static str, &'static str, &'static str)>;

/// The token of a link about the visitor, made for [`RESIDENT`].
const LINK: Given = Some(("visitors/create_visitor", "/data/visitor/id", LINK_TOKEN));
const VISITOR: Given = Some(("visitors/create_visitor", "/data/visitor/id", EXAMPLE_ID));
const ACCEPTED: Given = Some(("visitors/respond", "/data/visitor_id", EXAMPLE_ID));
const PASS: Given = Some(("visitors/create_guest_pass", "/data/visitor/id", EXAMPLE_ID));
const QR: Given =
    Some(("visitors/create_guest_pass", "/data/visitor/qr_code", "0b8f6c1e-2d4a-4c57-9a3e-7f1d2c3b4a59"));
const CODE: Given = Some(("visitors/create_guest_pass", "/data/visitor/access_code", "K7PQ2M"));
const VISIT: Given = Some(("visits/check_in", "/data/id", EXAMPLE_ID));
const REQUEST: Given = Some(("residents/submit_request", "/data/id", EXAMPLE_ID));
const EMERGENCY: Given = Some(("emergencies/report_emergency", "/data/id", EXAMPLE_ID));
const ADDRESSED: Given = Some(("emergencies/address_emergency", "/data/id", EXAMPLE_ID));
const PUSH_TOKEN: Given = Some(("devices/register_token", "", ""));
const CONNECTION: Given = Some(("realtime/connect", "", ""));
const SOCKET_IO: Given = Some(("realtime/connect_socket_io", "", ""));

const GUARD: &str = "demo-guard-1";
const RESIDENT: &str = "demo-resident-101a";
const ADMIN: &str = "demo-admin";
/// Somebody else in each event.
const NEWCOMER: &str = "newcomer";

/// The status of a function that answers nothing.
const DONE: u64 = 0;

/// Each event, whose token it is served with, the status it is answered with, and what is there before.
const SERVED: [(&str, &str, u64, Given); 70] = [
    ("admin/export_audit", ADMIN, 200, None),
    ("admin/verify_audit", ADMIN, 200, None),
    ("auth/sign_in", GUARD, 200, None),
    ("devices/forget_token", RESIDENT, 200, PUSH_TOKEN),
    ("devices/list_tokens", RESIDENT, 200, None),
    ("devices/register_token", RESIDENT, 200, None),
    ("dispatcher/drain", "", DONE, None),
    ("dispatcher/greet", "", DONE, None),
    ("dispatcher/scheduled", "", DONE, None),
    ("dispatcher/send", "", DONE, None),
    ("dispatcher/watch", "", DONE, None),
    ("emergencies/address_emergency", GUARD, 200, EMERGENCY),
    ("emergencies/list_emergencies", GUARD, 200, None),
    ("emergencies/report_emergency", RESIDENT, 201, None),
    ("emergencies/resolve_emergency", GUARD, 200, ADDRESSED),
    ("emergencies/resolve_many_emergencies", GUARD, 200, EMERGENCY),
    ("guards/list_expected", GUARD, 200, None),
    ("guards/list_expected_alias", GUARD, 200, None),
    ("guards/register_device", GUARD, 200, None),
    ("health/get_health", "", 200, None),
    ("janitor/scheduled", "", DONE, None),
    ("migrator/by_hand", "", DONE, None),
    ("migrator/create", "", DONE, None),
    ("migrator/delete", "", DONE, None),
    ("migrator/update", "", DONE, None),
    ("notifications/get_preferences", RESIDENT, 200, None),
    // Its message was never sent.
    ("notifications/note_receipt", RESIDENT, 404, None),
    ("notifications/set_preferences", RESIDENT, 200, None),
    ("onboarding/list_blocks", GUARD, 200, None),
    ("onboarding/list_cities", GUARD, 200, None),
    ("onboarding/list_complexes", GUARD, 200, None),
    ("onboarding/list_flats", GUARD, 200, None),
    ("onboarding/list_societies", GUARD, 200, None),
    ("profile/change_me", GUARD, 200, None),
    ("profile/get_me", GUARD, 200, None),
    ("realtime/connect", RESIDENT, 200, None),
    ("realtime/connect_socket_io", RESIDENT, 200, None),
    ("realtime/disconnect", RESIDENT, 200, CONNECTION),
    ("realtime/hello_socket_io", RESIDENT, 200, SOCKET_IO),
    ("realtime/join_room", RESIDENT, 200, CONNECTION),
    ("realtime/leave_room", RESIDENT, 200, CONNECTION),
    ("realtime/ping", RESIDENT, 200, CONNECTION),
    ("residents/approve_request", ADMIN, 200, REQUEST),
    ("residents/ensure_occupancy", RESIDENT, 200, None),
    ("residents/ensure_occupancy_alias", RESIDENT, 200, None),
    ("residents/list_my_flats", RESIDENT, 200, None),
    ("residents/list_my_flats_alias", RESIDENT, 200, None),
    ("residents/list_requests", ADMIN, 200, None),
    ("residents/reject_many_requests", ADMIN, 200, REQUEST),
    ("residents/reject_request", ADMIN, 200, REQUEST),
    ("residents/submit_request", NEWCOMER, 201, None),
    ("visitors/clear_rejected", GUARD, 200, None),
    ("visitors/count_pending", RESIDENT, 200, None),
    ("visitors/create_guest_pass", RESIDENT, 201, None),
    ("visitors/create_visitor", GUARD, 201, None),
    ("visitors/decide", "", 200, LINK),
    ("visitors/find_by_access_code", GUARD, 200, CODE),
    ("visitors/find_by_qr", GUARD, 200, QR),
    ("visitors/get_visitor", GUARD, 200, VISITOR),
    ("visitors/guard_respond", GUARD, 200, VISITOR),
    ("visitors/list_pending", RESIDENT, 200, None),
    ("visitors/list_visitors", GUARD, 200, None),
    ("visitors/respond", RESIDENT, 200, VISITOR),
    ("visitors/send_invite", RESIDENT, 200, PASS),
    ("visitors/show_decide_page", "", 200, None),
    ("visitors/show_visitor", "", 200, LINK),
    ("visitors/withdraw", RESIDENT, 200, PASS),
    ("visits/check_in", GUARD, 201, ACCEPTED),
    ("visits/check_out", GUARD, 200, VISIT),
    ("visits/list_visits", GUARD, 200, None),
];

/// The names of a function's events, such as `visits/check_in`.
pub fn of(function: &str) -> impl Iterator<Item = &'static str> {
    let is_its = move |name: &&str| name.split_once('/').is_some_and(|(owner, _)| owner == function);
    SERVED.iter().map(|row| row.0).filter(is_its)
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
    serve_at(opened_at, stack, invoke, name).await
}

/// Messages on a connection that was opened long ago are not heard, and all of one connection name the same time,
/// `opened_at`.
async fn serve_at(
    opened_at: i128,
    stack: &Stack,
    invoke: &impl AsyncFn(&str, String) -> Result<Value, Error>,
    name: &str,
) -> Result<Value, Error> {
    let wrong = |what: &str| Error::Lambda(format!("{name}: {what}"));
    let row = SERVED.iter().find(|row| row.0 == name).ok_or_else(|| wrong("nobody says what is answered"))?;
    let (_, uid, expected, given) = row;
    let (function, _) = name.split_once('/').unwrap_or_default();
    let path = checkout().join(DIRECTORY).join(format!("{name}.json"));
    let mut event = fs::read_to_string(&path).map_err(Error::path(path))?;
    if let Some((maker, pointer, example)) = given {
        let made = Box::pin(serve_at(opened_at, stack, invoke, maker)).await?;
        if !example.is_empty() {
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
    let uid = if *uid == NEWCOMER { format!("newcomer-{}", Uuid::new_v4()) } else { (*uid).to_owned() };
    let token = stack.token(&uid)?;
    event = event
        .replace(ID_TOKEN, &token)
        .replace(TOKEN, &token)
        .replace(RESPONSE_URL, &format!("{}/_local/cloudformation", stack.base_url()))
        .replace(&OPENED_AT.to_string(), &opened_at.to_string());
    let answer = invoke(function, event).await?;
    let body = answer["body"].as_str().map(read).unwrap_or_default();
    // A refused message is answered with 200, too.
    if answer["statusCode"].as_u64().unwrap_or(DONE) != *expected || body["event"] == "error" {
        return Err(wrong(&answer.to_string()));
    }
    Ok(body)
}

/// JSON, or null: Socket.IO's packets are none.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
