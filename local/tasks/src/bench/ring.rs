//! How long a visitor takes from the gate to a flat: from the guard's request to the frame that the resident's app
//! hears, and to the push that is handed over for another one's phone.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};

use super::{
    gate::{guard, resident, visitor},
    system::{System, failed},
};
use crate::{
    Error,
    crowd::{is_event, listen},
};

/// Rings before those that count.
const WARMING: usize = 20;
/// Longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long rings took, from the shortest on.
#[derive(Default)]
pub(super) struct Rings {
    pub(super) frames: Vec<Duration>,
    pub(super) pushes: Vec<Duration>,
}

/// Rings a flat again and again.
pub(super) async fn rings(system: &System, count: usize) -> Result<Rings, Error> {
    let token = json!({"token": "of-the-spouse"});
    system.ask(Method::POST, "/v1/fcm-token", "demo-resident-101b", Some(&token)).await?;
    system.fleet.let_ring(true);
    let mut pushes = system.fleet.pushes();
    let mut listener =
        listen(&system.base_url, &system.websocket_url, &system.token(&resident(0)).await?).await?;
    let (heard, mut frames) = mpsc::unbounded_channel();
    let listening = tokio::spawn(async move {
        while let Some(Ok(frame)) = listener.next().await {
            let text = frame.to_text().unwrap_or_default();
            // What was told before is told again to a listener who is new.
            if is_event(text, "visitor_request") {
                let _ = heard.send((Instant::now(), text.to_owned()));
            }
        }
    });
    let mut rings = Rings::default();
    for number in 0..WARMING + count {
        let call = system.call(Method::POST, "/v1/visitors", &guard(0), Some(&visitor(0))).await?;
        let began = Instant::now();
        let made = system.drive(1, vec![call]).await?;
        let id = made.answers.first().and_then(|made| made["visitor"]["id"].as_str()).unwrap_or_default();
        let told = async {
            let frame = loop {
                match frames.recv().await {
                    Some((at, frame)) if frame.contains(id) => break at,
                    Some(_) => {}
                    None => return Err(failed("a listener was cut off")),
                }
            };
            let push = loop {
                match pushes.recv().await {
                    Some(push) if push.visitor == id => break push.at,
                    Some(_) => {}
                    None => return Err(failed("nobody hears of pushes")),
                }
            };
            Ok((frame, push))
        };
        let (frame, push) =
            timeout(PATIENCE, told).await.map_err(|_| failed("a visitor was told to nobody"))??;
        if number >= WARMING {
            rings.frames.push(frame.duration_since(began));
            rings.pushes.push(push.duration_since(began));
        }
        let respond = format!("/v1/visitors/{id}/respond");
        let deny = json!({"decision": "deny"});
        system.ask(Method::POST, &respond, &resident(0), Some(&deny)).await?;
    }
    listening.abort();
    system.fleet.let_ring(false);
    rings.frames.sort_unstable();
    rings.pushes.sort_unstable();
    Ok(rings)
}
