//! What is asked for in a day at the gate of the demo society, by its guards and the residents of its forty flats.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::system::{Call, System};
use crate::Error;

/// The society of the demo.
pub(super) const SOCIETY: &str = "11111111-1111-1111-1111-111111111111";
/// Flats of the demo society.
const FLATS: usize = 40;
const GUARDS: usize = 4;
/// A page of a list is so much dearer that fewer make a figure.
const PAGES: usize = 4;

/// How many requests of a kind are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// At once, each by an environment of its own.
    pub(super) callers: usize,
    /// Before those that count, after which PostgreSQL keeps the plans it will use (it plans the first five anew).
    pub(super) warming: usize,
    /// That count.
    pub(super) counted: usize,
}

impl Size {
    fn all(self) -> usize {
        self.warming + self.counted
    }

    /// Fewer of those that count.
    fn fewer(self) -> Self {
        Self { counted: (self.counted / PAGES).max(self.callers), ..self }
    }
}

/// Measures requests of one kind.
pub(super) trait Meter {
    /// Sends all of them, the first ones to warm up, and answers what was answered.
    async fn measure(
        &mut self,
        system: &System,
        endpoint: &'static str,
        size: Size,
        calls: Vec<Call>,
    ) -> Result<Vec<Value>, Error>;
}

/// A flat's id, by its place among the flats.
pub(super) fn flat(place: usize) -> String {
    match number(place) {
        101 => "44444444-4444-4444-4444-444444444444".to_owned(),
        number => format!("44444444-4444-4444-4444-{number:012}"),
    }
}

fn number(place: usize) -> usize {
    let place = place % FLATS;
    (place / 4 + 1) * 100 + place % 4 + 1
}

/// A resident of a flat.
pub(super) fn resident(place: usize) -> String {
    format!("demo-resident-{}a", number(place))
}

/// A guard of the society.
pub(super) fn guard(place: usize) -> String {
    format!("demo-guard-{}", place % GUARDS + 1)
}

/// A visitor as a guard logs them, another one each time: the same one at once again would be taken for a repeat.
pub(super) fn visitor(place: usize) -> Value {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let phone = format!("98{:08}", NEXT.fetch_add(1, Ordering::Relaxed));
    json!({"visitor_name": "Kiran", "phone": phone, "flat_id": flat(place)})
}

/// Sends all that is asked for in a day.
pub(super) async fn day(system: &System, size: Size, meter: &mut impl Meter) -> Result<(), Error> {
    let (get, post) = (Method::GET, Method::POST);
    let call = async |method: &Method, path: &str, uid: &str, body: Option<Value>| {
        system.call(method.clone(), path, uid, body.as_ref()).await
    };
    let mut calls = Vec::new();
    for place in 0..size.all() {
        calls.push(call(&get, "/v1/profile/me", &resident(place), None).await?);
    }
    meter.measure(system, "GET /v1/profile/me", size, calls).await?;

    let waiting = log(system, FLATS).await?;
    let mut calls = Vec::new();
    for place in 0..size.all() {
        calls.push(call(&get, "/v1/visitors/pending", &resident(place), None).await?);
    }
    meter.measure(system, "GET /v1/visitors/pending, one waits", size, calls).await?;
    let mut calls = Vec::new();
    for (place, visitor) in waiting.iter().enumerate() {
        calls
            .push(call(&post, &respond(visitor), &resident(place), Some(json!({"decision": "deny"}))).await?);
    }
    system.drive(GUARDS, calls).await?;

    let mut calls = Vec::new();
    for place in 0..size.all() {
        calls.push(call(&post, "/v1/visitors", &guard(place), Some(visitor(place))).await?);
    }
    let made = meter.measure(system, "POST /v1/visitors", size, calls).await?;
    let mut calls = Vec::new();
    for (place, made) in made.iter().enumerate() {
        let accept = json!({"decision": "accept"});
        calls.push(call(&post, &respond(&made["visitor"]), &resident(place), Some(accept)).await?);
    }
    meter.measure(system, "POST /v1/visitors/{id}/respond", size, calls).await?;

    let few = size.fewer();
    let mut calls = Vec::new();
    for place in 0..few.all() {
        calls.push(call(&get, "/v1/visitors?status=accepted&limit=100", &guard(place), None).await?);
    }
    meter.measure(system, "GET /v1/visitors?status=accepted, a page of 100", few, calls).await?;

    let mut calls = Vec::new();
    for (place, made) in made.iter().enumerate() {
        let visitor = json!({"visitor_id": made["visitor"]["id"]});
        calls.push(call(&post, "/v1/visits/checkin", &guard(place), Some(visitor)).await?);
    }
    let visits = meter.measure(system, "POST /v1/visits/checkin", size, calls).await?;
    let mut calls = Vec::new();
    for (place, visit) in visits.iter().enumerate() {
        let visit = json!({"visit_id": visit["id"]});
        calls.push(call(&post, "/v1/visits/checkout", &guard(place), Some(visit)).await?);
    }
    meter.measure(system, "POST /v1/visits/checkout", size, calls).await?;

    let mut calls = Vec::new();
    for place in 0..size.all() {
        calls.push(call(&post, "/v1/visitors/guest-pass", &resident(place), Some(visitor(place))).await?);
    }
    let passes = meter.measure(system, "POST /v1/visitors/guest-pass", size, calls).await?;
    let mut calls = Vec::new();
    for (place, pass) in passes.iter().enumerate() {
        let code = pass["visitor"]["access_code"].as_str().unwrap_or_default();
        calls.push(call(&get, &format!("/v1/visitors/by-access-code/{code}"), &guard(place), None).await?);
    }
    meter.measure(system, "GET /v1/visitors/by-access-code/{code}", size, calls).await?;
    let mut calls = Vec::new();
    for place in 0..few.all() {
        let path = format!("/v1/society/{SOCIETY}/expected-visitors");
        calls.push(call(&get, &path, &guard(place), None).await?);
    }
    meter.measure(system, "GET /v1/society/{id}/expected-visitors, a page", few, calls).await?;

    system.ask(post.clone(), "/v1/emergencies", &resident(0), Some(&json!({"flat_id": flat(0)}))).await?;
    let mut calls = Vec::new();
    for place in 0..size.all() {
        calls.push(call(&get, "/v1/emergencies", &guard(place), None).await?);
    }
    meter.measure(system, "GET /v1/emergencies, one is open", size, calls).await?;
    Ok(())
}

/// Has so many visitors logged, and answers them.
async fn log(system: &System, number: usize) -> Result<Vec<Value>, Error> {
    let mut calls = Vec::new();
    for place in 0..number {
        let (post, guard) = (Method::POST, guard(place));
        calls.push(system.call(post, "/v1/visitors", &guard, Some(&visitor(place))).await?);
    }
    let made = system.drive(GUARDS, calls).await?;
    Ok(made.answers.into_iter().map(|mut made| made["visitor"].take()).collect())
}

fn respond(visitor: &Value) -> String {
    format!("/v1/visitors/{}/respond", visitor["id"].as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flats_are_those_of_the_demo() {
        assert_eq!(flat(0), crate::measure::FLAT);
        assert_eq!(flat(39), "44444444-4444-4444-4444-000000001004");
        assert_eq!((resident(4), guard(7)), ("demo-resident-201a".to_owned(), "demo-guard-4".to_owned()));
        let all: std::collections::BTreeSet<_> = (0..100).map(flat).collect();
        assert_eq!(all.len(), FLATS);
    }
}
