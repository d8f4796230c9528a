//! The hello of a protocol that begins with one: the connection is let in as the user of its token.
//!
//! Permissions: any user with a valid Firebase ID token, from `$connect` or from the hello itself. A
//! token that is not valid is told why; the connection may say hello again until its time is over.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::{
    auth::Counting,
    http::ApiError,
    realtime::{Connection, HELLO_TIMEOUT},
};

use crate::{Realtime, Source};

impl Realtime {
    /// Lets the connection in, and answers the frame that says so or why not. A hello that is said
    /// twice, as a greeting that came twice makes a client do, is answered twice.
    pub(crate) async fn hello(
        &self,
        connection: &Connection,
        source: &Source,
        token: Option<String>,
    ) -> String {
        let protocol = connection.protocol;
        if connection.admitted {
            return protocol.welcome();
        }
        // A client that has shown its token may come back after a goodbye at any time.
        if connection.user_id.is_none() && is_late(connection) {
            return self.hang_up(connection).await;
        }
        match self.let_in(connection, source, token).await {
            Ok(true) => protocol.welcome(),
            Ok(false) => self.hang_up(connection).await,
            Err(error) => {
                if error.status().is_server_error() {
                    tracing::error!(request_id = source.request_id, ?error, "a hello failed");
                }
                protocol.rejection(error.code().as_str(), &error.message())
            }
        }
    }

    /// Whether the connection is in now; it may have been closed meanwhile.
    async fn let_in(
        &self,
        connection: &Connection,
        source: &Source,
        token: Option<String>,
    ) -> Result<bool, ApiError> {
        let user_id = match (connection.user_id, token) {
            (Some(user_id), _) => user_id,
            (None, Some(token)) => self.identify(&token, source, Counting::Arrival).await?,
            (None, None) => {
                let meta = source.meta(Counting::Arrival);
                return Err(self.app.unverified(ApiError::TokenMissing, &meta).await);
            }
        };
        Ok(self.connections().admit(connection, user_id).await?)
    }
}

fn is_late(connection: &Connection) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let open_for = i64::try_from(now).unwrap_or(i64::MAX) - connection.connected_at;
    u128::try_from(open_for).is_ok_and(|open_for| open_for > HELLO_TIMEOUT.as_millis())
}
