//! WhatsApp through Meta's Cloud API: template messages, the only ones a business may begin with
//! (WhatsApp Cloud API: "Send Message Templates", "Error Codes").

use std::sync::Arc;

use http::{Request, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Channel, Message, Outcome, SEND_TIMEOUT,
    text::{self, Links},
};
use crate::{
    config::WhatsappConfig,
    outbound::{Outbound, Reply},
};

/// Error codes that pass with time: rate limits of the app, the number and the pair, and a service that is down.
const PASSING: [i64; 7] = [4, 80007, 130429, 131000, 131016, 131048, 131056];

/// Messages from one business number.
#[derive(Clone)]
pub(super) struct Whatsapp {
    url: Arc<str>,
    token: SecretString,
    outbound: Outbound,
    links: Links,
}

impl Whatsapp {
    pub(super) fn new(config: WhatsappConfig, outbound: Outbound, links: Links) -> Self {
        let url = format!("{}/{}/messages", config.endpoint, config.phone_number_id);
        Self { url: url.into(), token: config.token, outbound, links }
    }
}

impl Channel for Whatsapp {
    async fn send(&self, message: &Message) -> Outcome {
        let Some(body) = body(message, &self.links) else { return Outcome::failed("template_not_filled") };
        let request = Request::post(&*self.url)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        let Ok(request) = request else { return Outcome::failed("not_configured") };
        match self.outbound.send(request, SEND_TIMEOUT).await {
            Ok(reply) => judge(&reply, message),
            Err(cause) => {
                let Message { id, request_id, .. } = message;
                tracing::warn!(message_id = %id, request_id, cause, "a WhatsApp message could not be handed over");
                Outcome::retry("unreachable", None)
            }
        }
    }
}

fn body(message: &Message, links: &Links) -> Option<Value> {
    let template = message.template.as_ref()?;
    let parameters = text::parameters(message, links)?;
    let parameters: Vec<_> =
        parameters.into_iter().map(|(_, value)| json!({"type": "text", "text": value})).collect();
    Some(json!({
        "messaging_product": "whatsapp",
        "to": message.address(),
        "type": "template",
        "template": {
            "name": template.whatsapp_name,
            "language": {"code": template.language},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }))
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: RefusalError,
}

#[derive(Default, Deserialize)]
struct RefusalError {
    #[serde(default)]
    code: i64,
}

fn judge(reply: &Reply, message: &Message) -> Outcome {
    if reply.status.is_success() {
        return Outcome::Sent;
    }
    let code = serde_json::from_slice::<Refusal>(&reply.body).unwrap_or_default().error.code;
    match reply.status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::retry("throttled", reply.retry_after()),
        status if status.is_server_error() => Outcome::retry("unavailable", reply.retry_after()),
        _ if PASSING.contains(&code) => Outcome::retry("throttled", reply.retry_after()),
        status => {
            let (Message { id, request_id, .. }, status) = (message, status.as_u16());
            tracing::error!(message_id = %id, request_id, status, code, "a WhatsApp message was refused");
            Outcome::failed("refused")
        }
    }
}
