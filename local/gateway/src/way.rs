//! What the gateway says of the way a request came, in headers. No function believes them: any caller can send
//! some, too. The address that counts is in the event's context.

use std::net::SocketAddr;

use uuid::Uuid;

use crate::epoch_millis;

/// There is no TLS here.
pub(crate) const PROTO: &str = "http";

/// `X-Forwarded-For`: the client that the gateway sees, behind whatever the client says.
pub(crate) fn forwarded_for(said: Option<&str>, client: SocketAddr) -> String {
    let seen = client.ip();
    said.map_or_else(|| seen.to_string(), |said| format!("{said}, {seen}"))
}

/// The port in `host:port`.
pub(crate) fn port(domain: &str) -> &str {
    domain.rsplit(':').next().unwrap_or_default()
}

/// `X-Amzn-Trace-Id`, for a request that brings none.
pub(crate) fn new_trace_id() -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{}", epoch_millis() / 1000, &random[..24])
}
