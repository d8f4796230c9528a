//! `$connect`: any user with a valid token may connect; which rooms they may join is asked later.
//!
//! Permissions: any user with a valid Firebase ID token. The token comes as `Authorization: Bearer`,
//! as one of the offered subprotocols (`society360, <token>`; a browser cannot set headers), or as
//! the query parameter `token`, in this order. Where the protocol begins with a hello, the token may
//! come with that instead; nothing else is listened to before, and not for long. One that is sent and
//! not valid is refused here.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
};
use shared::{
    auth::Counting,
    http::ApiError,
    input::{Problem, ProblemCode},
    realtime::{Greeting, Protocol, Task},
};
use uuid::Uuid;

use crate::{Realtime, Source, answer};

impl Realtime {
    /// Notes the connection with the identity of its token.
    pub(crate) async fn connect(
        &self,
        source: &Source,
        request: &ApiGatewayWebsocketProxyRequest,
    ) -> Result<ApiGatewayProxyResponse, ApiError> {
        let query = |name| request.query_string_parameters.first(name);
        let protocol = Protocol::of_query(query("EIO"), query("transport")).map_err(|_| unspoken())?;
        let offered = offered_protocols(&request.headers, &request.multi_value_headers);
        let token = bearer_token(&request.headers)
            .or(offered.token)
            .or_else(|| query("token"))
            .filter(|token| !token.is_empty());
        let user_id = match token {
            Some(token) => Some(self.identify(token, source, Counting::Ordinary).await?),
            None if protocol.has_handshake() => {
                self.app.let_wait(&source.meta(Counting::Ordinary)).await?;
                None
            }
            None => {
                let meta = source.meta(Counting::Ordinary);
                return Err(self.app.unverified(ApiError::TokenMissing, &meta).await);
            }
        };
        let Source { connection_id, connected_at, .. } = source;
        self.connections().open(connection_id, *connected_at, user_id, protocol).await?;
        if protocol.has_handshake() {
            self.ask_for_greeting(source).await?;
        }
        let mut response = answer::empty();
        if let Some(name) = offered.name.and_then(|name| HeaderValue::from_str(name).ok()) {
            response.headers.insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        Ok(response)
    }

    /// The user of a token.
    pub(crate) async fn identify(
        &self,
        token: &str,
        source: &Source,
        counting: Counting,
    ) -> Result<Uuid, ApiError> {
        Ok(*self.app.identify(token, &source.meta(counting)).await?.caller.user_id())
    }

    /// Has the dispatcher speak first: nothing can be sent to a connection before this event is
    /// answered. Without it the client would wait in vain, so it is better refused.
    async fn ask_for_greeting(&self, source: &Source) -> Result<(), ApiError> {
        let Source { connection_id, connected_at, .. } = source;
        let greeting = Greeting { connection_id: connection_id.clone(), connected_at: *connected_at };
        let invoked = self.dispatcher.invoke(&Task::Greet(greeting)).await;
        if invoked.is_err() {
            self.connections().close(connection_id, *connected_at).await?;
        }
        Ok(invoked?)
    }
}

fn unspoken() -> ApiError {
    let spoken = "must be EIO=4 with transport=websocket, or neither";
    ApiError::Invalid(vec![Problem::new(ProblemCode::WrongFormat, spoken).of("transport")])
}

/// What stands in `Sec-WebSocket-Protocol`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offered<'a> {
    /// The first name that is not a token. Where a client offers one, a browser insists on hearing
    /// it back (RFC 6455, section 4.1), and the gateway does not add it by itself.
    name: Option<&'a str>,
    token: Option<&'a str>,
}

fn offered_protocols<'a>(single: &'a HeaderMap, multiple: &'a HeaderMap) -> Offered<'a> {
    let headers = if multiple.contains_key(SEC_WEBSOCKET_PROTOCOL) { multiple } else { single };
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|line| line.to_str().ok());
    let mut offered = Offered::default();
    for entry in lines.flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty()) {
        let place = if is_token(entry) { &mut offered.token } else { &mut offered.name };
        place.get_or_insert(entry);
    }
    offered
}

/// Whether it has the form of a signed token: three parts with dots between (RFC 7515, section 3.1).
/// No name of a subprotocol looks like that.
fn is_token(entry: &str) -> bool {
    let mut parts = entry.split('.');
    let first_two = parts.next().is_some_and(|part| part.len() > 8) && parts.next().is_some();
    first_two && parts.next().is_some() && parts.next().is_none()
}

/// The token of `Authorization: Bearer` (RFC 6750, section 2.1).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_";

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (SEC_WEBSOCKET_PROTOCOL, line.parse().unwrap())).collect()
    }

    #[test]
    fn the_token_is_found_among_the_subprotocols_and_the_name_is_echoed() {
        let both = |lines: &[&str]| {
            let (headers, none) = (headers(lines), HeaderMap::new());
            let Offered { name, token } = offered_protocols(&none, &headers);
            assert_eq!(offered_protocols(&headers, &none), Offered { name, token });
            (name.map(str::to_owned), token.map(str::to_owned))
        };
        let (name, token) = (|text: &str| Some(text.to_owned()), Some(TOKEN.to_owned()));
        assert_eq!(both(&[]), (None, None));
        assert_eq!(both(&[""]), (None, None));
        assert_eq!(both(&[" , ,"]), (None, None));
        assert_eq!(both(&["society360"]), (name("society360"), None));
        assert_eq!(both(&[TOKEN]), (None, token.clone()));
        assert_eq!(both(&[&format!("society360, {TOKEN}")]), (name("society360"), token.clone()));
        assert_eq!(both(&[&format!("bearer,{TOKEN}")]), (name("bearer"), token.clone()));
        assert_eq!(both(&[&format!("{TOKEN}, v1.json , v2.json")]), (name("v1.json"), token.clone()));
        assert_eq!(both(&["society360", TOKEN]), (name("society360"), token));
        assert_eq!(both(&["bearer, not-a-token"]), (name("bearer"), None));
        assert_eq!(both(&["a.b.c"]), (name("a.b.c"), None));
    }

    #[test]
    fn the_bearer_header_is_read_in_any_case() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("BEARER abc", Some("abc")),
            ("Bearer ", Some("")),
            ("Bearer", None),
            ("Basic abc", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(bearer_token(&headers), token, "{value}");
        }
        assert_eq!(bearer_token(&HeaderMap::new()), None);
    }
}
