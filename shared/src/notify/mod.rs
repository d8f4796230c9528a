//! Messages to people whose app is closed: push, SMS, WhatsApp. What is sent to whom is decided in the
//! database (`claim_notifications`); here it is put into the form of each service and handed over.

mod fcm;
mod google_token;
mod message;
mod outcome;
mod sms;
mod text;
mod whatsapp;

use std::time::Duration;

pub use message::{Message, Template};
pub use outcome::{Outcome, Settlement};
pub use text::unknown_place;

use crate::{
    StartError,
    config::{NotifyConfig, RealtimeConfig},
    decision_link::DecisionLinks,
    outbound::Outbound,
    vocabulary,
};

/// How long handing over one message may take; shorter than its lease in the database.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// A service that carries messages.
trait Channel {
    /// Hands a message over; says what came of it and never fails.
    async fn send(&self, message: &Message) -> Outcome;
}

/// The services that are configured.
#[derive(Clone)]
pub struct Channels {
    push: Option<fcm::Fcm>,
    sms: Option<sms::Sms>,
    whatsapp: Option<whatsapp::Whatsapp>,
}

impl Channels {
    /// The services that the configuration names. Nothing is opened yet.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn start(config: NotifyConfig, aws: &RealtimeConfig) -> Result<Self, StartError> {
        let outbound = Outbound::new()?;
        let links = text::Links { signed: DecisionLinks::new(&config.links), base_url: config.base_url };
        Ok(Self {
            push: config.push.map(|push| fcm::Fcm::new(push, outbound.clone())).transpose()?,
            sms: config.sms.map(|sms| sms::Sms::new(sms, aws, links.clone())),
            whatsapp: config.whatsapp.map(|config| whatsapp::Whatsapp::new(config, outbound, links)),
        })
    }

    /// Sends a message, unless the database said why not.
    pub async fn send(&self, message: &Message) -> Outcome {
        if let Some(refusal) = &message.refusal {
            return Outcome::failed(refusal);
        }
        let sent = match message.channel {
            vocabulary::Channel::Push => over(self.push.as_ref(), message).await,
            vocabulary::Channel::Sms => over(self.sms.as_ref(), message).await,
            vocabulary::Channel::Whatsapp => over(self.whatsapp.as_ref(), message).await,
        };
        sent.unwrap_or_else(|| Outcome::failed("not_configured"))
    }
}

async fn over(channel: Option<&impl Channel>, message: &Message) -> Option<Outcome> {
    Some(channel?.send(message).await)
}
