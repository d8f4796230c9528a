//! Whether a stack answers as it should, seen from outside, by its URLs alone.

use std::{
    env,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Request, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION, DATE,
        ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use serde_json::Value;
use shared::outbound::{Outbound, Reply};
use stack::own_template;
use template::Template;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use url::Url;

use super::Findings;
use crate::Error;

/// Holds an ID token; on the command line, the list of processes would show it.
const TOKEN: &str = "SOCIETY360_TOKEN";
/// How long an answer may take; a cold start is part of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Answered to signed-in users, and never to others.
const PROFILE: &str = "/v1/profile/me";
/// Any; the API answers all origins.
const PAGE: &str = "https://example.com";
/// Seconds that a clock may be off before something depends on it.
const SKEW: i64 = 5;
/// Seconds from which AWS refuses what is signed (IAM user guide, "Signature Version 4").
const MOST_SKEW: i64 = 300;

/// A stack that is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Base URL of the HTTP API.
    pub url: String,
    /// URL of the WebSocket API; a local stack tells its own.
    pub websocket: Option<String>,
}

/// One examination.
struct Examination<'a> {
    outbound: Outbound,
    base: &'a str,
    findings: &'a mut Findings,
}

impl Deployed {
    pub(super) async fn find(&self, findings: &mut Findings) -> Result<(), Error> {
        let (url, _) = read_url(&self.url, "http", "--url")?;
        let websocket = match &self.websocket {
            Some(websocket) => Some(read_url(websocket, "ws", "--websocket")?),
            None => None,
        };
        let outbound = Outbound::new().map_err(|error| Error::Failed(error.to_string()))?;
        let mut examination = Examination { outbound, base: self.url.trim_end_matches('/'), findings };
        if !examination.address("address", &url).await || !examination.health().await {
            return Ok(());
        }
        examination.stranger().await;
        examination.preflight(&own_template()?).await;
        let token = env::var(TOKEN).ok().filter(|token| !token.is_empty());
        match &token {
            Some(token) => examination.signed_in(token).await,
            None => examination.findings.warning(
                "signed in",
                "not checked",
                format_args!("put an ID token of the app's into {TOKEN}"),
            ),
        }
        let websocket = match websocket {
            Some(websocket) => Some(websocket),
            None => match stack::ask_info(examination.base).await {
                Some(info) => {
                    Some(read_url(info["websocket_url"].as_str().unwrap_or_default(), "ws", "--websocket")?)
                }
                None => None,
            },
        };
        match websocket {
            Some((websocket, over_http)) => {
                let is_same = websocket.host() == url.host();
                if is_same || examination.address("WebSocket host", &websocket).await {
                    examination.websocket(&over_http, token.as_deref()).await;
                }
            }
            None => examination.findings.warning(
                "WebSocket",
                "not checked",
                "give --websocket, the stack's output WebSocketUrl",
            ),
        }
        Ok(())
    }
}

impl Examination<'_> {
    /// Whether the host has an address; what is sent to others than this machine has to be secret.
    async fn address(&mut self, what: &str, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let looking = {
            let url = url.clone();
            tokio::task::spawn_blocking(move || url.socket_addrs(|| None).map_err(|error| error.to_string()))
        };
        let found = match tokio::time::timeout(PATIENCE, looking).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        match found {
            Err(reason) => {
                let to_do = "is that the stack's output, and does DNS work here?";
                self.findings.wrong(what, format_args!("{host} is not found: {reason}"), to_do);
                return false;
            }
            Ok(addresses)
                if ["http", "ws"].contains(&url.scheme())
                    && !addresses.iter().all(|address| address.ip().is_loopback()) =>
            {
                let to_do = "tokens can be read on the way; use https and wss";
                self.findings.warning(what, format_args!("{host} is asked without TLS"), to_do);
            }
            Ok(_) => self.findings.ok(what, format_args!("{host} is found")),
        }
        true
    }

    /// Whether anybody answers; what `/health` says, and how late it is there.
    async fn health(&mut self) -> bool {
        let (started, before) = (Instant::now(), OffsetDateTime::now_utc());
        let reply = match self.send(Method::GET, "/health", &[]).await {
            Ok(reply) => reply,
            Err(reason) => {
                self.findings.wrong("health", format_args!("no answer: {reason}"), unreachable(&reason));
                return false;
            }
        };
        let took = started.elapsed();
        let answer = json(&reply);
        let says = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = format!("{}, {} ms", told(&reply), took.as_millis());
        match (reply.status, &*says("status")) {
            (StatusCode::OK, "healthy") => self.findings.ok(
                "health",
                format_args!(
                    "healthy, database {}, version {}, {} ms",
                    says("database"),
                    says("version"),
                    took.as_millis()
                ),
            ),
            (StatusCode::SERVICE_UNAVAILABLE, "unhealthy") => self.findings.wrong(
                "health",
                format_args!("503, unhealthy: database {}", says("database")),
                "see the database's alarms in docs/operations.md, and the log of the function `health`",
            ),
            (status, _) if status.is_server_error() => self.findings.wrong(
                "health",
                found,
                "the function cannot start or ends; its log says why, such as a missing variable",
            ),
            _ => {
                let to_do = "this is not the API: --url is the stack's output ApiUrl, without a path";
                self.findings.wrong("health", found, to_do);
                return false;
            }
        }
        clock(self.findings, &reply.headers, before + took / 2);
        true
    }

    /// A caller without a sign-in is told so, in the API's own form.
    async fn stranger(&mut self) {
        let what = "without token";
        match self.send(Method::GET, PROFILE, &[]).await {
            Ok(reply) if reply.status == StatusCode::UNAUTHORIZED => {
                if json(&reply)["error_code"] == "TOKEN_MISSING" {
                    self.findings.ok(what, "refused with 401 TOKEN_MISSING");
                } else {
                    let to_do = "an authorizer or a proxy answers in place of the function";
                    self.findings.wrong(what, told(&reply), to_do);
                }
            }
            Ok(reply) => {
                let to_do = if reply.status.is_success() {
                    "anybody gets in: is that the API?"
                } else {
                    "401 was expected; the log of the function `profile` says more"
                };
                self.findings.wrong(what, told(&reply), to_do);
            }
            Err(reason) => self.findings.wrong(what, &reason, unreachable(&reason)),
        }
    }

    /// Browsers may do what the template says.
    async fn preflight(&mut self, template: &Template) {
        let cors = template.cors.clone().unwrap_or_default();
        let asked = [
            (ORIGIN, PAGE),
            (ACCESS_CONTROL_REQUEST_METHOD, "POST"),
            (ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type"),
        ];
        let reply = match self.send(Method::OPTIONS, PROFILE, &asked).await {
            Ok(reply) => reply,
            Err(reason) => return self.findings.wrong("CORS", &reason, unreachable(&reason)),
        };
        let missing: Vec<String> = [
            (ACCESS_CONTROL_ALLOW_ORIGIN, &cors.allow_origins),
            (ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods),
            (ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers),
        ]
        .iter()
        .flat_map(|(name, wanted)| lacking(&reply.headers, name, wanted))
        .collect();
        if missing.is_empty() && reply.status.is_success() {
            self.findings.ok("CORS", "browsers may call it, as the template says");
        } else {
            let found =
                format!("a preflight is answered with {}, without {}", reply.status, missing.join(", "));
            self.findings.wrong(
                "CORS",
                found,
                "compare CorsConfiguration of template.yaml; what stands before the API?",
            );
        }
    }

    async fn signed_in(&mut self, token: &str) {
        let what = "signed in";
        match self.send(Method::GET, PROFILE, &[(AUTHORIZATION, &format!("Bearer {token}"))]).await {
            Ok(reply) if reply.status == StatusCode::OK => self.findings.ok(what, "the token is accepted"),
            Ok(reply) => self.findings.wrong(what, told(&reply), to_do_for(reply.status)),
            Err(reason) => self.findings.wrong(what, &reason, unreachable(&reason)),
        }
    }

    /// A connection needs a token; one with a token is closed again at once.
    async fn websocket(&mut self, url: &str, token: Option<&str>) {
        match self.upgrade(url, None).await {
            Ok(Upgrade::Refused(reply))
                if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&reply.status) =>
            {
                self.findings.ok("WebSocket", format_args!("refused with {} without token", reply.status.as_u16()));
            }
            Ok(Upgrade::Refused(reply)) => self.findings.wrong(
                "WebSocket",
                format_args!("{} without token", told(&reply)),
                "401 was expected: --websocket is the stack's output WebSocketUrl; the log of `realtime` says more",
            ),
            Ok(Upgrade::Accepted) => {
                self.findings.wrong("WebSocket", "connected without token", "anybody gets in: is that the API?");
            }
            Err(reason) => return self.findings.wrong("WebSocket", &reason, unreachable(&reason)),
        }
        let Some(token) = token else { return };
        let what = "WebSocket token";
        match self.upgrade(url, Some(token)).await {
            Ok(Upgrade::Accepted) => self.findings.ok(what, "the token is accepted"),
            Ok(Upgrade::Refused(reply)) => self.findings.wrong(what, told(&reply), to_do_for(reply.status)),
            Err(reason) => self.findings.wrong(what, &reason, unreachable(&reason)),
        }
    }

    /// Asks for a WebSocket (RFC 6455, section 4.1). One that is granted ends with the answer.
    async fn upgrade(&self, url: &str, token: Option<&str>) -> Result<Upgrade, String> {
        let key = generate_key();
        let request = Request::get(url)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let request = match token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        let request = request.body(Bytes::new().into()).map_err(|error| error.to_string())?;
        let reply = self.outbound.send(request, PATIENCE).await?;
        if reply.status != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Upgrade::Refused(reply));
        }
        match reply.headers.get(SEC_WEBSOCKET_ACCEPT) {
            Some(accept) if accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes() => {
                Ok(Upgrade::Accepted)
            }
            Some(_) | None => Err("what answers does not speak WebSocket".to_owned()),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<Reply, String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Bytes::new().into()).map_err(|error| error.to_string())?;
        self.outbound.send(request, PATIENCE).await
    }
}

/// How a wish for a WebSocket ended.
enum Upgrade {
    Accepted,
    Refused(Reply),
}

/// The URL, whose scheme is `scheme` or that with an s; and the same with a scheme of HTTP.
fn read_url(text: &str, scheme: &str, option: &str) -> Result<(Url, String), Error> {
    let wrong =
        || Error::Failed(format!("{option} is an address that begins with {scheme}s:// or {scheme}://"));
    let url = Url::parse(text).map_err(|_| wrong())?;
    let rest = url.scheme().strip_prefix(scheme).ok_or_else(wrong)?;
    if !["", "s"].contains(&rest) || url.host_str().is_none() {
        return Err(wrong());
    }
    let over_http = text.get(url.scheme().len()..).map(|after| format!("http{rest}{after}"));
    Ok((url, over_http.ok_or_else(wrong)?))
}

fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// The status and, where the answer is one of the API's or the gateway's, what it says.
fn told(reply: &Reply) -> String {
    let answer = json(reply);
    let says = ["error_code", "error", "message"]
        .into_iter()
        .find_map(|key| answer.get(key)?.as_str().map(str::to_owned));
    match says {
        Some(says) => format!("{} {says}", reply.status.as_u16()),
        None => reply.status.as_u16().to_string(),
    }
}

/// What of `wanted` the header does not name.
fn lacking(headers: &HeaderMap, name: &HeaderName, wanted: &[String]) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let said: Vec<String> =
        values.flat_map(|value| value.split(',')).map(|word| word.trim().to_lowercase()).collect();
    let is_said = |word: &str| said.iter().any(|said| said == word || said == "*");
    wanted.iter().filter(|word| !is_said(&word.to_lowercase())).cloned().collect()
}

/// Whether this machine and the stack agree on the time.
fn clock(findings: &mut Findings, headers: &HeaderMap, ours: OffsetDateTime) {
    let Some(theirs) = date(headers) else {
        return findings.warning("clock", "the answer has no Date", "something on the way changes answers");
    };
    let ahead = (ours - theirs).whole_seconds();
    let found = format!("this machine is {} s {}", ahead.abs(), if ahead < 0 { "behind" } else { "ahead" });
    match ahead.abs() {
        off if off <= SKEW => findings.ok("clock", "the same, within seconds"),
        off if off <= MOST_SKEW => {
            findings.warning("clock", found, "set it by NTP: tokens seem to expire at another time");
        }
        _ => findings.wrong("clock", found, "set it by NTP: AWS refuses what is signed five minutes off"),
    }
}

fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(headers.get(DATE)?.to_str().ok()?, &Rfc2822).ok()
}

/// What to do where nobody answers.
fn unreachable(reason: &str) -> &'static str {
    if reason.contains("certificate") {
        "the certificate is not one that phones trust, or not this host's"
    } else {
        "is the address right, and is there a way from here (firewall, proxy)?"
    }
}

/// What to do where somebody with a token is refused.
fn to_do_for(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "take a new token; if that one is refused, too, FirebaseProjectId is not the app's project"
        }
        StatusCode::TOO_MANY_REQUESTS => "wait a quarter of an hour, or raise RateLimitMaxRequests",
        _ => "the function's log says more",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::found, *};

    #[test]
    fn an_address_has_one_of_two_schemes() {
        let (url, over_http) = read_url("wss://a.example/live", "ws", "--websocket").unwrap();
        assert_eq!((url.scheme(), &*over_http), ("wss", "https://a.example/live"));
        assert_eq!(
            read_url("ws://127.0.0.1:3000/ws", "ws", "--websocket").unwrap().1,
            "http://127.0.0.1:3000/ws"
        );
        for (text, scheme) in
            [("https://a.example", "ws"), ("a.example", "http"), ("httpx://a.example", "http")]
        {
            let said = read_url(text, scheme, "--url").unwrap_err().to_string();
            assert!(said.contains("--url"), "{said}");
        }
    }

    #[test]
    fn what_browsers_are_not_allowed_is_named() {
        let headers = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_METHODS, "GET, post".parse().unwrap())]);
        let wanted = ["GET", "POST", "DELETE"].map(str::to_owned);
        assert_eq!(lacking(&headers, &ACCESS_CONTROL_ALLOW_METHODS, &wanted), ["DELETE"]);
        let all = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_METHODS, "*".parse().unwrap())]);
        assert!(lacking(&all, &ACCESS_CONTROL_ALLOW_METHODS, &wanted).is_empty());
    }

    #[test]
    fn a_clock_that_is_off_is_said_with_its_direction() {
        let headers = HeaderMap::from_iter([(DATE, "Mon, 23 Nov 2026 15:00:45 GMT".parse().unwrap())]);
        let theirs = time::macros::datetime!(2026-11-23 15:00:45 UTC);
        for (ahead, verdict, said) in [
            (0, "ok", "the same"),
            (-5, "ok", "the same"),
            (6, "warning", "6 s ahead"),
            (-300, "warning", "300 s behind"),
            (301, "wrong", "301 s ahead"),
        ] {
            let ours = theirs + time::Duration::seconds(ahead);
            let (line, _) = found(|findings| clock(findings, &headers, ours));
            assert!(line.starts_with(verdict) && line.contains(said), "{ahead}: {line}");
        }
        let (line, _) = found(|findings| clock(findings, &HeaderMap::new(), theirs));
        assert!(line.starts_with("warning"), "{line}");
    }
}
