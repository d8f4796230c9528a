//! SMS through Amazon SNS (SNS: "Sending SMS messages to India"): each message names its sender, and the
//! registrations of the sender's company and of the text.

use std::time::Duration;

use aws_sdk_sns::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::ProvideErrorMetadata,
    types::MessageAttributeValue,
};

use super::{
    Channel, Message, Outcome, SEND_TIMEOUT,
    text::{self, Links},
};
use crate::{
    config::{RealtimeConfig, SmsConfig},
    realtime::aws,
};

/// How long opening a connection may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// SMS in the name of one registered sender.
#[derive(Clone)]
pub(super) struct Sms {
    client: Client,
    sender_id: String,
    entity_id: String,
    max_price: String,
    links: Links,
}

impl Sms {
    pub(super) fn new(config: SmsConfig, aws: &RealtimeConfig, links: Links) -> Self {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(SEND_TIMEOUT).build();
        let mut builder = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws.region.clone()))
            .credentials_provider(aws::credentials(aws))
            .http_client(aws::http_client())
            .timeout_config(timeouts)
            // The database repeats.
            .retry_config(RetryConfig::disabled());
        builder.set_endpoint_url(config.endpoint.clone());
        let client = Client::from_conf(builder.build());
        let SmsConfig { sender_id, entity_id, max_price, .. } = config;
        Self { client, sender_id, entity_id, max_price: max_price.to_string(), links }
    }
}

impl Channel for Sms {
    async fn send(&self, message: &Message) -> Outcome {
        let (Some(template), Some(parameters)) = (&message.template, text::parameters(message, &self.links))
        else {
            return Outcome::failed("template_not_filled");
        };
        let dlt_template_id = template.dlt_template_id.as_deref().unwrap_or_default();
        let publish = self
            .client
            .publish()
            .phone_number(message.address())
            .message(text::filled(template, &parameters))
            .set_message_attributes(attributes(&[
                ("AWS.SNS.SMS.SenderID", "String", &self.sender_id),
                ("AWS.SNS.SMS.SMSType", "String", "Transactional"),
                ("AWS.SNS.SMS.MaxPrice", "Number", &self.max_price),
                ("AWS.MM.SMS.EntityId", "String", &self.entity_id),
                ("AWS.MM.SMS.TemplateId", "String", dlt_template_id),
            ]));
        match publish.send().await {
            Ok(_) => Outcome::Sent,
            Err(error) => {
                let Message { id, request_id, .. } = message;
                let cause = aws::cause(&error);
                tracing::warn!(message_id = %id, request_id, cause, "an SMS could not be handed over");
                let status = error.raw_response().map(|response| response.status().as_u16());
                judge(error.code(), status)
            }
        }
    }
}

/// Each with its name, its type and its value.
fn attributes(
    all: &[(&str, &str, &str)],
) -> Option<std::collections::HashMap<String, MessageAttributeValue>> {
    let attribute = |(name, kind, value): &(&str, &str, &str)| {
        let value = MessageAttributeValue::builder().data_type(*kind).string_value(*value).build().ok()?;
        Some(((*name).to_owned(), value))
    };
    all.iter().map(attribute).collect()
}

/// What a failure means (SNS: "Publish", errors).
fn judge(code: Option<&str>, status: Option<u16>) -> Outcome {
    match (code, status) {
        (Some("Throttled" | "ThrottledException" | "Throttling" | "KMSThrottling"), _) | (_, Some(429)) => {
            Outcome::retry("throttled", None)
        }
        (_, None) => Outcome::retry("unreachable", None),
        (_, Some(500..)) => Outcome::retry("unavailable", None),
        (Some("OptedOut" | "OptedOutException"), _) => Outcome::failed("opted_out"),
        _ => Outcome::failed("refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_judged() {
        assert_eq!(judge(Some("Throttled"), Some(400)), Outcome::retry("throttled", None));
        assert_eq!(judge(None, None), Outcome::retry("unreachable", None));
        assert_eq!(judge(Some("InternalError"), Some(500)), Outcome::retry("unavailable", None));
        assert_eq!(judge(Some("OptedOut"), Some(400)), Outcome::failed("opted_out"));
        assert_eq!(judge(Some("InvalidParameter"), Some(400)), Outcome::failed("refused"));
    }
}
