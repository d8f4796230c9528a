//! Where messages to phones arrive on this machine: the endpoints of Google's token service and FCM, of SNS, and of
//! WhatsApp, which check what they are sent as the real ones do, keep it, and answer as they are told to.

mod google;
mod sms;
mod whatsapp;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use google::ACCOUNT;
pub use google::service_account;
pub(crate) use whatsapp::TOKEN as WHATSAPP_TOKEN;

/// A service that carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Firebase Cloud Messaging.
    Fcm,
    /// SMS through Amazon SNS.
    Sms,
    /// Meta's Cloud API.
    Whatsapp,
}

/// A message that a service was handed.
#[derive(Clone, Debug, Serialize)]
pub struct Handed {
    /// The service.
    pub service: Service,
    /// A push token or a phone number.
    pub to: String,
    /// What was said, in the service's own form.
    pub message: Value,
    /// The status that was answered; none where nothing was.
    pub status: Option<u16>,
    /// When it arrived.
    #[serde(skip)]
    pub at: Instant,
}

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It takes the message.
    Accept,
    /// The app is no longer there (FCM), the number has opted out (SNS) or has no WhatsApp.
    Unregistered,
    /// Too much at once, try again after so many seconds.
    Throttle(u64),
    /// It is broken.
    Fail,
    /// It never answers.
    Hang,
    /// The access token is not good any more.
    Unauthorised,
}

/// What a service is to answer to messages for somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    to: String,
    reply: Reply,
    /// How often; without it, always.
    times: Option<u32>,
}

/// All that arrived, and what is answered. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Messages(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    handed: Vec<Handed>,
    orders: HashMap<String, (Reply, Option<u32>)>,
    /// Access tokens of Google that are good.
    access_tokens: Vec<String>,
    /// How far FCM is away.
    distance: Duration,
}

impl Messages {
    /// What arrived so far, in order, tries that were not accepted too.
    pub fn handed(&self) -> Vec<Handed> {
        self.inner().handed.clone()
    }

    /// What was accepted for somebody.
    pub fn accepted_by(&self, to: &str) -> Vec<Handed> {
        let accepted = |handed: &Handed| handed.to == to && handed.status == Some(200);
        self.handed().into_iter().filter(accepted).collect()
    }

    /// Messages for somebody are answered in this way, so often, or from now on.
    pub fn answer(&self, to: impl Into<String>, reply: Reply, times: Option<u32>) {
        self.inner().orders.insert(to.into(), (reply, times));
    }

    /// From now on FCM takes so long to answer.
    pub fn take_time(&self, distance: Duration) {
        self.inner().distance = distance;
    }

    /// Forgets all that arrived.
    pub fn clear(&self) {
        self.inner().handed.clear();
    }

    pub(crate) fn report(&self) -> Value {
        let inner = self.inner();
        let of = |service| inner.handed.iter().filter(|handed| handed.service == service).collect::<Vec<_>>();
        json!({"fcm": of(Service::Fcm), "sms": of(Service::Sms), "whatsapp": of(Service::Whatsapp)})
    }

    pub(crate) fn order(&self, text: &[u8]) -> Result<(), serde_json::Error> {
        let Order { to, reply, times } = serde_json::from_slice(text)?;
        self.answer(to, reply, times);
        Ok(())
    }

    /// Notes a message; answers what its service is to say.
    fn take(
        &self,
        service: Service,
        to: &str,
        message: Value,
        status: impl Fn(Reply) -> StatusCode,
    ) -> Reply {
        let mut inner = self.inner();
        let reply = match inner.orders.get_mut(to) {
            Some((_, Some(0))) | None => Reply::Accept,
            Some((reply, times)) => {
                *times = times.map(|times| times - 1);
                *reply
            }
        };
        let status = (reply != Reply::Hang).then(|| status(reply).as_u16());
        inner.handed.push(Handed { service, to: to.to_owned(), message, status, at: Instant::now() });
        reply
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is ever answered; the caller goes away by itself.
async fn hang() -> axum::response::Response {
    std::future::pending().await
}
