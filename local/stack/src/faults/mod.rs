//! Failures that are switched on, so that it can be seen what becomes of the system: over HTTP at
//! `/_local/faults`, in tests with `stack.faults()`. No function knows of them. They strike in what
//! is between the functions: the gateway, the Lambda service, the ways to the stores.
//!
//! `PUT` replaces all of them with an array, `GET` says which are on and how often each kind has
//! struck since the last `PUT`, `DELETE` switches all off. All three answer what `GET` answers.
//!
//! ```text
//! curl -X PUT http://127.0.0.1:3000/_local/faults -d '[
//!   {"kind": "post_lost", "times": 1},
//!   {"kind": "post_fails", "probability": 0.1, "function": "visitors"},
//!   {"kind": "function_killed", "function": "visitors", "point": "before_push"}]'
//! ```
//!
//! Where `probability` is below 1, the same seed strikes at the same calls, if these come in the same
//! order: `{"seed": 7, "faults": […]}` in place of the array. Fields are described at [`Fault`], kinds
//! at [`Kind`].
//!
//! Functions that run elsewhere (`--invoke`) cannot be killed, go to DynamoDB past all faults, and are
//! not known by name where they post.

mod fault;
mod random;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use gateway::At;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::Error;
pub(crate) use fault::Place;
pub use fault::{Fault, Kind, Point};
use random::Random;

/// The failures that are switched on. Clones are handles of the same ones.
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Sends when the faults are other ones than before.
    changed: watch::Sender<()>,
    /// For each function the sender that kills whatever it serves.
    functions: BTreeMap<String, watch::Sender<()>>,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    active: Vec<Active>,
    struck: BTreeMap<Kind, u64>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    /// One for each, so that faults do not change each other's luck.
    random: Random,
}

/// The longer form of what is `PUT`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an array of faults, or an object with seed and faults")]
struct Plan {
    #[serde(default)]
    seed: u64,
    faults: Vec<Fault>,
}

impl Faults {
    /// None yet, for these functions.
    pub fn new<'a>(functions: impl IntoIterator<Item = &'a str>) -> Self {
        let functions = functions.into_iter().map(|name| (name.to_owned(), watch::Sender::new(())));
        let shared = Shared {
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            functions: functions.collect(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Replaces all faults, and counts anew.
    ///
    /// # Errors
    /// One of them makes no sense; all stays as it was.
    pub fn set(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), Error> {
        self.set_seeded(0, faults)
    }

    /// Replaces all faults, and counts anew. Random ones strike as they did with the same seed.
    ///
    /// # Errors
    /// One of them makes no sense; all stays as it was.
    pub fn set_seeded(&self, seed: u64, faults: impl IntoIterator<Item = Fault>) -> Result<(), Error> {
        let mut seeds = Random::new(seed);
        let mut active = Vec::new();
        for fault in faults {
            let known = |name: &str| self.shared.functions.contains_key(name);
            fault.check(known).map_err(|problem| Error::Fault(format!("{}: {problem}", fault.kind())))?;
            active.push(Active { fault, random: Random::new(seeds.next()) });
        }
        *self.lock() = State { seed, active, struck: BTreeMap::new() };
        self.shared.changed.send_replace(());
        Ok(())
    }

    /// Switches all faults off. What they struck is still counted.
    pub fn clear(&self) {
        self.lock().active.clear();
        self.shared.changed.send_replace(());
    }

    /// How often each kind has struck since the faults were set.
    pub fn struck(&self) -> BTreeMap<Kind, u64> {
        self.lock().struck.clone()
    }

    /// Replaces all faults with those of a JSON text.
    pub(crate) fn put(&self, text: &[u8]) -> Result<(), Error> {
        let wrong = |error: serde_json::Error| Error::Fault(error.to_string());
        let mut plan: Value = serde_json::from_slice(text).map_err(wrong)?;
        if plan.is_array() {
            plan = json!({ "faults": plan });
        }
        let plan: Plan = serde_json::from_value(plan).map_err(wrong)?;
        self.set_seeded(plan.seed, plan.faults)
    }

    /// What `GET /_local/faults` answers.
    pub(crate) fn report(&self) -> Value {
        let state = self.lock();
        let faults: Vec<&Fault> = state.active.iter().map(|active| &active.fault).collect();
        json!({"seed": state.seed, "faults": faults, "struck": state.struck})
    }

    /// Whether a fault of this kind strikes now; then it is counted.
    pub(crate) fn strikes(&self, kind: Kind, place: Place<'_>) -> bool {
        let state = &mut *self.lock();
        let struck = state.active.iter_mut().find_map(|active| {
            let strikes =
                active.fault.applies(kind, place) && active.random.happens(active.fault.probability);
            strikes.then_some(active)
        });
        let Some(active) = struck else { return false };
        active.fault.times = active.fault.times.map(|times| times.saturating_sub(1));
        *state.struck.entry(kind).or_default() += 1;
        state.active.retain(|active| active.fault.times != Some(0));
        true
    }

    /// Whether the function is killed at this point; then all it serves has ended. An environment that
    /// is starting is at no point, unless another one serves meanwhile: whose call it is cannot be told.
    pub(crate) fn kills(&self, function: &str, point: Point) -> bool {
        let Some(killer) = self.shared.functions.get(function) else { return false };
        let place = Place { function: Some(function), point: Some(point), ..Place::default() };
        let kills = killer.receiver_count() > 0 && self.strikes(Kind::FunctionKilled, place);
        if kills {
            killer.send_replace(());
        }
        kills
    }

    /// Waits until the function is killed. As long as there is such a future, the function serves.
    pub(crate) fn killed(&self, function: &str) -> impl Future<Output = ()> + Send + use<> {
        let killer = self.shared.functions.get(function).map(watch::Sender::subscribe);
        async move {
            match killer {
                // The sender lives as long as the stack.
                Some(mut killer) => _ = killer.changed().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until the store is down for the function.
    pub(crate) async fn down(&self, kind: Kind, function: Option<&str>) {
        let mut changed = self.shared.changed.subscribe();
        while !self.strikes(kind, Place { function, ..Place::default() }) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl gateway::Faults for Faults {
    fn strikes(&self, fault: gateway::Fault, At { function, connection }: At<'_>) -> bool {
        let kind = match fault {
            gateway::Fault::PostHangs => Kind::PostHangs,
            gateway::Fault::PostLate => Kind::PostLate,
            gateway::Fault::PostGone => Kind::PostGone,
            gateway::Fault::PostThrottled => Kind::PostThrottled,
            gateway::Fault::PostFails => Kind::PostFails,
            gateway::Fault::PostLost => Kind::PostLost,
            gateway::Fault::ConnectionCut => Kind::ConnectionCut,
            gateway::Fault::InvokeDuplicated => Kind::InvokeDuplicated,
            gateway::Fault::InvokeRefused => Kind::InvokeRefused,
            gateway::Fault::DisconnectLost => Kind::DisconnectLost,
            gateway::Fault::CallerKilled => {
                return function.is_some_and(|function| self.kills(function, Point::DuringPush));
            }
        };
        self.strikes(kind, Place { function, connection, ..Place::default() })
    }

    fn killed(&self, function: &str) -> BoxFuture<'static, ()> {
        Box::pin(self.killed(function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        Faults::new(["visitors", "realtime"])
    }

    #[test]
    fn what_is_put_is_told_and_runs_out() {
        let faults = faults();
        faults.put(br#"[{"kind": "post_lost", "times": 2, "connection": "c"}]"#).unwrap();
        let at = |connection| Place { connection: Some(connection), ..Place::default() };
        assert!(!faults.strikes(Kind::PostLost, at("other")));
        assert!(!faults.strikes(Kind::PostGone, at("c")));
        assert!(faults.strikes(Kind::PostLost, at("c")));
        let left = json!([{"kind": "post_lost", "probability": 1.0, "times": 1, "connection": "c"}]);
        assert_eq!(faults.report(), json!({"seed": 0, "faults": left, "struck": {"post_lost": 1}}));
        assert!(faults.strikes(Kind::PostLost, at("c")));
        assert!(!faults.strikes(Kind::PostLost, at("c")));
        assert_eq!(faults.report(), json!({"seed": 0, "faults": [], "struck": {"post_lost": 2}}));
    }

    #[test]
    fn luck_repeats_with_its_seed() {
        let strikes = |seed| {
            let faults = faults();
            faults.set_seeded(seed, [Fault::new(Kind::PostFails).probability(0.3)]).unwrap();
            (0..1000).map(|_| faults.strikes(Kind::PostFails, Place::default())).collect::<Vec<_>>()
        };
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
        let often = strikes(7).into_iter().filter(|struck| *struck).count();
        assert!((250..350).contains(&often), "{often} of 1000");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let faults = faults();
        faults.set([Fault::new(Kind::PostgresDown)]).unwrap();
        for (text, named) in [
            ("[", "EOF"),
            ("1", "an array of faults"),
            (r#"[{"kind": "post_eaten"}]"#, "post_eaten"),
            (r#"[{"kind": "post_lost", "often": 1}]"#, "often"),
            (r#"[{"kind": "post_lost", "probability": 1.5}]"#, "probability"),
            (r#"[{"kind": "post_lost", "times": 0}]"#, "times"),
            (r#"[{"kind": "post_lost", "function": "vistors"}]"#, "vistors"),
            (r#"[{"kind": "disconnect_lost", "function": "realtime"}]"#, "function"),
            (r#"[{"kind": "invoke_refused", "connection": "c"}]"#, "connection"),
            (r#"[{"kind": "post_lost", "point": "before_push"}]"#, "point"),
            (r#"[{"kind": "function_killed", "point": "before_push"}]"#, "function"),
            (r#"[{"kind": "function_killed", "function": "visitors"}]"#, "point"),
            (r#"[{"kind": "postgres_down", "times": 1}]"#, "times"),
            (r#"[{"kind": "dynamodb_down", "probability": 0.5}]"#, "probability"),
            (r#"{"sed": 1, "faults": []}"#, "sed"),
        ] {
            let said = faults.put(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(named), "{text}: {said}");
        }
        assert_eq!(faults.report()["faults"][0]["kind"], "postgres_down", "nothing was replaced");
    }
}
