//! What is asked for in a day at the gate of the demo society, by its guards and the residents of its forty flats.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use shared::catalogue::{ACCESS_CODE, EXAMPLE_ID};

use super::system::{Call, System, failed};
use crate::{
    Error,
    catalogue::{EXAMPLE_PHONE, Endpoint, endpoints},
    measure::FLAT,
};

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
        101 => FLAT.to_owned(),
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

/// A number of a visitor, another one each time: the same visitor at once again would be taken for a repeat.
fn phone() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("+9198{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A visitor as a guard logs them, another one each time.
pub(super) fn visitor(place: usize) -> Value {
    json!({"visitor_name": "Kiran", "phone": phone(), "flat_id": flat(place)})
}

/// The requests of the catalogues.
struct Requests<'a> {
    system: &'a System,
    endpoints: Vec<Endpoint>,
}

impl Requests<'_> {
    /// The request that the reference shows of an operation, of somebody's, with the flat at that place, a visitor of their
    /// own and what else is known.
    async fn call(
        &self,
        operation: &str,
        uid: &str,
        place: usize,
        known: &[(&str, &str)],
    ) -> Result<Call, Error> {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.operation == operation);
        let endpoint = endpoint.ok_or_else(|| failed(format!("no catalogue has {operation}")))?;
        let (flat, phone) = (flat(place), phone());
        let known: Vec<_> =
            [(FLAT, &*flat), (EXAMPLE_PHONE, &*phone)].into_iter().chain(known.iter().copied()).collect();
        let (path, body) = endpoint.request(&known);
        let method = endpoint.method.parse().map_err(failed)?;
        self.system.call(method, &path, uid, body.as_ref()).await
    }

    /// As [`Requests::call`], of all places up to this one, by the caller of each.
    async fn calls(
        &self,
        operation: &str,
        uid: impl Fn(usize) -> String,
        number: usize,
    ) -> Result<Vec<Call>, Error> {
        let mut calls = Vec::new();
        for place in 0..number {
            calls.push(self.call(operation, &uid(place), place, &[]).await?);
        }
        Ok(calls)
    }

    /// One for each of these things, with what stands there in the place of what stands for it in the example.
    async fn calls_of(
        &self,
        operation: &str,
        uid: impl Fn(usize) -> String,
        things: &[Value],
        (pointer, example): (&str, &str),
    ) -> Result<Vec<Call>, Error> {
        let mut calls = Vec::new();
        for (place, thing) in things.iter().enumerate() {
            let named = thing.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            calls.push(self.call(operation, &uid(place), place, &[(example, named)]).await?);
        }
        Ok(calls)
    }
}

/// Sends all that is asked for in a day.
pub(super) async fn day(system: &System, size: Size, meter: &mut impl Meter) -> Result<(), Error> {
    let requests = Requests { system, endpoints: endpoints() };
    let calls = requests.calls("get_me", resident, size.all()).await?;
    meter.measure(system, "GET /v1/profile/me", size, calls).await?;

    let waiting = system.drive(GUARDS, requests.calls("create_visitor", guard, FLATS).await?).await?.answers;
    let calls = requests.calls("list_pending", resident, size.all()).await?;
    meter.measure(system, "GET /v1/visitors/pending, one waits", size, calls).await?;
    let visitor = ("/visitor/id", EXAMPLE_ID);
    let calls = requests.calls_of("respond", resident, &waiting, visitor).await?;
    system.drive(GUARDS, calls).await?;

    let calls = requests.calls("create_visitor", guard, size.all()).await?;
    let made = meter.measure(system, "POST /v1/visitors", size, calls).await?;
    let calls = requests.calls_of("respond", resident, &made, visitor).await?;
    meter.measure(system, "POST /v1/visitors/{id}/respond", size, calls).await?;

    let few = size.fewer();
    let mut calls = Vec::new();
    for place in 0..few.all() {
        let page = "/v1/visitors?status=accepted&limit=100";
        calls.push(system.call(Method::GET, page, &guard(place), None).await?);
    }
    meter.measure(system, "GET /v1/visitors?status=accepted, a page of 100", few, calls).await?;

    let calls = requests.calls_of("check_in", guard, &made, visitor).await?;
    let visits = meter.measure(system, "POST /v1/visits/checkin", size, calls).await?;
    let calls = requests.calls_of("check_out", guard, &visits, ("/id", EXAMPLE_ID)).await?;
    meter.measure(system, "POST /v1/visits/checkout", size, calls).await?;

    let calls = requests.calls("create_guest_pass", resident, size.all()).await?;
    let passes = meter.measure(system, "POST /v1/visitors/guest-pass", size, calls).await?;
    let code = ("/visitor/access_code", ACCESS_CODE);
    let calls = requests.calls_of("find_by_access_code", guard, &passes, code).await?;
    meter.measure(system, "GET /v1/visitors/by-access-code/{code}", size, calls).await?;
    let calls = requests.calls("list_expected", guard, few.all()).await?;
    meter.measure(system, "GET /v1/society/{id}/expected-visitors, a page", few, calls).await?;

    system.drive(1, requests.calls("report_emergency", resident, 1).await?).await?;
    let calls = requests.calls("list_emergencies", guard, size.all()).await?;
    meter.measure(system, "GET /v1/emergencies, one is open", size, calls).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flats_are_those_of_the_demo() {
        assert_eq!(flat(0), FLAT);
        assert_eq!(flat(39), "44444444-4444-4444-4444-000000001004");
        assert_eq!((resident(4), guard(7)), ("demo-resident-201a".to_owned(), "demo-guard-4".to_owned()));
        let all: std::collections::BTreeSet<_> = (0..100).map(flat).collect();
        assert_eq!(all.len(), FLATS);
    }
}
