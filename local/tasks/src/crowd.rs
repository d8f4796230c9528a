//! What a push to a crowded room costs, and the table of it in `docs/performance.md`.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt, future::try_join_all};
use gateway::{PostCount, WebSocketLimits};
use serde_json::json;
use stack::{Identity, Progress, Seed, Stack};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{Error, measure::FLAT};

/// Rooms that are measured.
const SIZES: [usize; 4] = [1, 50, 200, 500];
/// Pushes of which the quickest counts.
const TRIES: usize = 5;
/// How far the gateway is away.
const POST: Duration = Duration::from_millis(20);
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one push cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Push {
    connections: usize,
    posted: PostCount,
    /// Requests to DynamoDB.
    requests: u64,
    /// From the request that rings until its answer.
    time: Duration,
}

/// Rings rooms of different sizes and counts.
pub(crate) async fn pushes(progress: Progress) -> Result<Vec<Push>, Error> {
    let limits = WebSocketLimits { post: POST, ..WebSocketLimits::default() };
    let stack = Stack::builder().progress(progress).seed(Seed::Demo).websocket_limits(limits).start().await?;
    let mut crowd = Vec::new();
    let mut pushes = Vec::new();
    for size in SIZES {
        progress.say(format_args!("Pushing to {size} connections, {TRIES} times"));
        while crowd.len() < size {
            let batch = (size - crowd.len()).min(32);
            let (base, websocket) = (stack.base_url(), stack.websocket_url());
            let token = stack.issuer().token(&Identity::of("demo-resident-101a"))?;
            crowd.extend(try_join_all((0..batch).map(|_| listen(base, &websocket, &token))).await?);
        }
        let mut tries = Vec::with_capacity(TRIES);
        for _ in 0..TRIES {
            tries.push(push(&stack, &mut crowd).await?);
        }
        pushes.extend(tries.into_iter().min_by_key(|push| push.time));
    }
    Ok(pushes)
}

pub(crate) type Listener = WebSocketStream<TcpStream>;

/// A connection of a resident's in the room of the flat.
pub(crate) async fn listen(base_url: &str, websocket_url: &str, token: &str) -> Result<Listener, Error> {
    let url = format!("{websocket_url}?token={token}");
    let address = base_url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.map_err(Error::io("connecting"))?;
    let (mut listener, _) = client_async(url, stream).await.map_err(failed)?;
    let join = json!({"action": "join_room", "room_type": "flat", "room_id": FLAT, "since": 0});
    listener.send(Message::text(join.to_string())).await.map_err(failed)?;
    hear(&mut listener, "room_joined").await?;
    Ok(listener)
}

/// Has a visitor logged, and everybody hear of them.
async fn push(stack: &Stack, crowd: &mut [Listener]) -> Result<Push, Error> {
    let token = stack.issuer().token(&Identity::of("demo-guard-1"))?;
    let visitor = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT});
    let request = reqwest::Client::new().post(format!("{}/v1/visitors", stack.base_url())).bearer_auth(token);
    stack.take_posts();
    let (requests, started) = (stack.dynamodb().requests(), Instant::now());
    let answer = request.json(&visitor).send().await.map_err(failed)?;
    let time = started.elapsed();
    if !answer.status().is_success() {
        return Err(failed(answer.status()));
    }
    try_join_all(crowd.iter_mut().map(|listener| hear(listener, "visitor_request"))).await?;
    let requests = stack.dynamodb().requests() - requests;
    Ok(Push { connections: crowd.len(), posted: stack.take_posts(), requests, time })
}

/// Waits for a frame of this event.
async fn hear(listener: &mut Listener, event: &str) -> Result<(), Error> {
    let hearing = async {
        while let Some(Ok(frame)) = listener.next().await {
            if frame.to_text().is_ok_and(|text| is_event(text, event)) {
                return Ok(());
            }
        }
        Err(failed("a listener was cut off"))
    };
    timeout(PATIENCE, hearing).await.map_err(|_| failed("a listener heard nothing"))?
}

/// Whether a frame is this event, wherever its name stands.
pub(crate) fn is_event(frame: &str, event: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(frame).is_ok_and(|frame| frame["event"] == event)
}

/// The table.
pub(crate) fn table(pushes: &[Push]) -> String {
    let mut table = String::from(
        "| Connections | Posts | Posts at once | Requests to DynamoDB | Time, against a room of one | Against posts one by one |\n|---|---|---|---|---|---|\n",
    );
    let one = pushes.first().map_or(1.0, |push| push.time.as_secs_f64());
    for Push { connections, posted: PostCount { posts, at_once }, requests, time } in pushes {
        let (ratio, millis) = (time.as_secs_f64() / one, time.as_millis());
        let share =
            time.as_secs_f64() / (POST * u32::try_from(*connections).unwrap_or(u32::MAX)).as_secs_f64();
        table.push_str(&format!(
            "| {connections} | {posts} | {at_once} | {requests} | {ratio:.1} ({millis} ms here) | {share:.2} |\n"
        ));
    }
    table
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Failed(format!("a push could not be measured: {cause}"))
}
