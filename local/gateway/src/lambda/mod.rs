//! Lambda: functions are called with an event and answer with a result, both JSON text as on AWS.
//!
//! As on AWS an environment serves one request at a time and has its own database connection, so
//! two requests at once are two environments, and races are real. Idle ones are reused, the last
//! one first, and end after a while, with their connections. An invocation goes on when its caller has gone.
//!
//! An asynchronous one that fails or finds no free environment is repeated twice. Lambda waits one and
//! two minutes before that, and keeps on for six hours where it has no environment; here it is sooner
//! over.

mod host;
mod remote;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tokio::{
    sync::Semaphore,
    task::JoinHandle,
    time::{sleep, timeout},
};
use uuid::Uuid;

use template::{Error, Function};

use crate::{ACCOUNT, At, Fault, Faults};
pub use host::{Environment, Failed, Host, read_event, write_answer};
use remote::Remote;

/// Environments of one function at a time. AWS allows 1000 in a region; here each holds one of the
/// server's connections.
const MAX_ENVIRONMENTS: usize = 60;
/// How long an invocation waits for one of them before it is refused; on AWS, where there are
/// many more, it would not have to wait.
const THROTTLED_AFTER: Duration = Duration::from_secs(10);
/// Environments that start at once. On AWS each has a processor of its own; here twenty would share one, and none
/// would reach its stores within the time that a start has for that.
const STARTS_AT_ONCE: usize = 2;
/// How long an environment waits for its next event; on AWS some minutes.
const IDLE_FOR: Duration = Duration::from_secs(120);
/// The waits before an asynchronous invocation is repeated.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(400)];

/// What functions are started with.
pub struct Functions {
    /// Each with its environment variables.
    pub deployed: Vec<(Function, HashMap<String, String>)>,
    /// The region they pretend to be in.
    pub region: String,
    /// What goes wrong on purpose.
    pub faults: Arc<dyn Faults>,
}

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Answered(String),
    /// The function failed, ran out of time or panicked; the text is the error as JSON.
    Failed(String),
}

/// Why there was no invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such function.
    Unknown,
    /// All environments stayed busy.
    Throttled,
    /// The event is no JSON.
    Malformed,
    /// The Invoke endpoint, which is elsewhere, cannot be reached.
    Unreachable(String),
}

/// All functions. Clones are handles of the same ones.
#[derive(Clone)]
pub struct Lambda {
    transport: Transport,
    functions: Arc<HashMap<String, Arc<Deployed>>>,
    region: Arc<str>,
    faults: Arc<dyn Faults>,
}

#[derive(Clone)]
enum Transport {
    InProcess(Arc<dyn Host>),
    Remote(Box<Remote>),
}

/// A function with its environments.
struct Deployed {
    name: String,
    limit: Duration,
    variables: HashMap<String, String>,
    region: Arc<str>,
    faults: Arc<dyn Faults>,
    idle: Mutex<Vec<Idle>>,
    free: Arc<Semaphore>,
    /// The same for all functions.
    starting: Arc<Semaphore>,
    usage: Mutex<Usage>,
}

/// What a function was used for, as the bill sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Invocations that have ended.
    pub invocations: u64,
    /// Invocations under way now.
    pub under_way: u64,
    /// The most of them at one time.
    pub at_once: u64,
    /// How long they took, all together.
    pub time: Duration,
}

/// An environment that waits, and since when.
type Idle = (Instant, Box<dyn Environment>);

impl Lambda {
    /// Functions that run in this process. Fails where the host lacks one of them.
    pub fn in_process(functions: Functions, host: Arc<dyn Host>) -> Result<Self, Error> {
        let mut names = functions.deployed.iter().map(|(function, _)| function);
        if let Some(unknown) = names.find(|function| !host.contains(&function.name)) {
            return Err(Error(format!(
                "{} has the binary `{}`, which the local stack does not contain",
                unknown.logical_id, unknown.name
            )));
        }
        Ok(Self::new(Transport::InProcess(host), functions))
    }

    /// Functions behind another Invoke endpoint, such as `http://localhost:9000`.
    pub fn remote(functions: Functions, endpoint: &str) -> Self {
        Self::new(Transport::Remote(Box::new(Remote::new(endpoint))), functions)
    }

    fn new(transport: Transport, functions: Functions) -> Self {
        let starting = Arc::new(Semaphore::new(STARTS_AT_ONCE));
        let Functions { deployed, region, faults } = functions;
        let region: Arc<str> = region.into();
        let deploy = |(function, variables): (Function, _)| {
            let deployed = Deployed {
                name: function.name.clone(),
                limit: Duration::from_secs(function.timeout_seconds),
                variables,
                region: region.clone(),
                faults: faults.clone(),
                idle: Mutex::default(),
                free: Arc::new(Semaphore::new(MAX_ENVIRONMENTS)),
                starting: starting.clone(),
                usage: Mutex::default(),
            };
            (function.name, Arc::new(deployed))
        };
        let functions = Arc::new(deployed.into_iter().map(deploy).collect());
        tokio::spawn(end_idle(Arc::downgrade(&functions)));
        Self { transport, functions, region, faults }
    }

    /// What goes wrong on purpose.
    pub(crate) fn faults(&self) -> &dyn Faults {
        &*self.faults
    }

    /// The region that functions pretend to be in.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The names of all functions, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.functions.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The environment of a function.
    pub fn variables(&self, function: &str) -> Option<&HashMap<String, String>> {
        self.functions.get(function).map(|deployed| &deployed.variables)
    }

    /// Calls a function and waits for its answer.
    pub async fn invoke(&self, function: &str, event: String) -> Result<Outcome, Refused> {
        let deployed = self.functions.get(function).ok_or(Refused::Unknown)?.clone();
        match &self.transport {
            Transport::Remote(remote) => remote.invoke(function, event, deployed.limit).await,
            Transport::InProcess(host) => {
                let invocation = tokio::spawn(deployed.invoke(host.clone(), event));
                invocation
                    .await
                    .unwrap_or_else(|_| Ok(Outcome::Failed(error("Runtime.ExitError", "it was cut off"))))
            }
        }
    }

    /// Has a function called without waiting; answers the calls under way. Fails only where the event would not be
    /// taken.
    pub fn send(&self, function: &str, event: String) -> Result<Vec<JoinHandle<()>>, Refused> {
        if !self.functions.contains_key(function) {
            return Err(Refused::Unknown);
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&event).is_err() {
            return Err(Refused::Malformed);
        }
        let at = At { function: Some(function), ..At::default() };
        if self.faults.strikes(Fault::InvokeRefused, at) {
            return Err(Refused::Throttled);
        }
        let times = if self.faults.strikes(Fault::InvokeDuplicated, at) { 2 } else { 1 };
        let call = |_| {
            let (lambda, function, event) = (self.clone(), function.to_owned(), event.clone());
            tokio::spawn(async move { lambda.deliver(&function, &event).await })
        };
        Ok((0..times).map(call).collect())
    }

    /// Calls a function, and again where it fails.
    async fn deliver(&self, function: &str, event: &str) {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            let (reason, wait) = match self.invoke(function, event.to_owned()).await {
                Ok(Outcome::Answered(_)) => return,
                Ok(Outcome::Failed(reason)) => (reason, waits.next()),
                Err(Refused::Throttled) => ("no environment was free".to_owned(), waits.next()),
                Err(reason @ (Refused::Unknown | Refused::Malformed | Refused::Unreachable(_))) => {
                    (format!("{reason:?}"), None)
                }
            };
            let Some(wait) = wait else {
                tracing::warn!(function, reason, "an asynchronous invocation is given up");
                return;
            };
            sleep(wait).await;
        }
    }

    /// What a function was used for since this was last asked.
    pub fn take_usage(&self, function: &str) -> Option<Usage> {
        let mut usage = self.functions.get(function)?.usage();
        let under_way = usage.under_way;
        Some(std::mem::replace(&mut *usage, Usage { under_way, at_once: under_way, ..Usage::default() }))
    }

    /// Ends all idle environments, as AWS does after a while; the next requests start new ones.
    pub fn recycle(&self) {
        for deployed in self.functions.values() {
            deployed.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

impl Deployed {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn invoke(self: Arc<Self>, host: Arc<dyn Host>, event: String) -> Result<Outcome, Refused> {
        let waiting = timeout(THROTTLED_AFTER, self.free.clone().acquire_owned());
        let Ok(Ok(_permit)) = waiting.await else {
            return Err(Refused::Throttled);
        };
        let began = Instant::now();
        {
            let mut usage = self.usage();
            usage.under_way += 1;
            usage.at_once = usage.at_once.max(usage.under_way);
        }
        let outcome = self.serve(&*host, event).await;
        let mut usage = self.usage();
        usage.under_way -= 1;
        usage.invocations += 1;
        usage.time += began.elapsed();
        drop(usage);
        outcome
    }

    async fn start(&self, host: &dyn Host) -> Result<Box<dyn Environment>, String> {
        // The semaphore is never closed.
        let _turn = self.starting.acquire().await;
        host.start(&self.name, &self.variables).await
    }

    async fn serve(&self, host: &dyn Host, event: String) -> Result<Outcome, Refused> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let environment = match idle {
            Some((_, environment)) => environment,
            None => match self.start(host).await {
                Ok(environment) => environment,
                Err(reason) => return Ok(Outcome::Failed(error("Runtime.ExitError", &reason))),
            },
        };
        let context = context(&self.name, &self.region, self.limit);
        let request_id = context.request_id.clone();
        let killed = self.faults.killed(&self.name);
        // In a task of its own, so that a panic ends the environment and nothing else.
        let mut serving = tokio::spawn(async move {
            tokio::select! {
                // Asked first, so that nothing more is done once it is killed.
                biased;
                () = killed => None,
                outcome = environment.serve(event, context) => Some((environment, outcome)),
            }
        });
        match timeout(self.limit, &mut serving).await {
            Ok(Ok(None)) => Ok(Outcome::Failed(error("Runtime.ExitError", "the environment was killed"))),
            Ok(Ok(Some((environment, outcome)))) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), environment));
                match outcome {
                    Ok(answer) => Ok(Outcome::Answered(answer)),
                    Err(Failed::Event(reason)) => Ok(Outcome::Failed(error("Runtime.UserError", &reason))),
                    Err(Failed::NoJson) => Err(Refused::Malformed),
                }
            }
            Ok(Err(_)) => Ok(Outcome::Failed(error("Runtime.Panic", "the function panicked"))),
            Err(_) => {
                serving.abort();
                let text =
                    format!("{request_id} Task timed out after {:.2} seconds", self.limit.as_secs_f64());
                Ok(Outcome::Failed(error("Sandbox.Timedout", &text)))
            }
        }
    }
}

/// Ends environments that have waited for long, until there are no functions any more.
async fn end_idle(functions: Weak<HashMap<String, Arc<Deployed>>>) {
    while let Some(functions) = functions.upgrade() {
        for deployed in functions.values() {
            let mut idle = deployed.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|(since, _)| since.elapsed() < IDLE_FOR);
        }
        drop(functions);
        sleep(IDLE_FOR / 4).await;
    }
}

fn context(function: &str, region: &str, limit: Duration) -> lambda_runtime::Context {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + limit;
    let mut context = lambda_runtime::Context::default();
    context.request_id = Uuid::new_v4().to_string();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    context.invoked_function_arn = format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{function}");
    context
}

fn error(kind: &str, message: &str) -> String {
    json!({"errorType": kind, "errorMessage": message}).to_string()
}
