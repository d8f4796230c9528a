//! The connections there are, and the way to each.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use http::{HeaderMap, header};
use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::{epoch_millis, text};

/// Messages that wait for a client which does not read. AWS refuses to take more, too.
const MAX_WAITING: usize = 256;

/// What is on its way to a client.
pub(super) enum Outgoing {
    Text(String),
    Binary(Vec<u8>),
    Close(CloseCode, &'static str),
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// On its way.
    Yes,
    /// There is no such connection, or not yet, or no longer.
    Gone,
    /// The client does not read what it has been sent.
    Full,
}

/// A connection, from `$connect` to its end.
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) connected_at: i64,
    pub(crate) source_ip: String,
    pub(crate) user_agent: String,
    last_active: AtomicI64,
    open: AtomicBool,
    cut: Notify,
    outgoing: mpsc::Sender<Outgoing>,
}

impl Connection {
    /// Milliseconds since 1970 of the last message in either direction.
    pub(crate) fn last_active(&self) -> i64 {
        self.last_active.load(Ordering::Acquire)
    }

    pub(super) fn touch(&self) {
        self.last_active.store(epoch_millis(), Ordering::Release);
    }

    /// `$connect` has allowed it.
    pub(super) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Nothing can be posted any more.
    pub(super) fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// The way to the client for what answers its own messages.
    pub(super) fn outgoing(&self) -> mpsc::Sender<Outgoing> {
        self.outgoing.clone()
    }

    /// Sends what was posted to `@connections`.
    pub(crate) fn post(&self, body: &[u8]) -> Posted {
        let message = match std::str::from_utf8(body) {
            Ok(text) => Outgoing::Text(text.to_owned()),
            Err(_) => Outgoing::Binary(body.to_vec()),
        };
        self.send(message)
    }

    /// Has the connection closed, as `DELETE` on `@connections` does.
    pub(crate) fn hang_up(&self) -> Posted {
        let posted = self.send(Outgoing::Close(CloseCode::Normal, "Connection Closed Normally"));
        if posted == Posted::Yes {
            self.close();
        }
        posted
    }

    /// Has the connection end without a word, as one does whose network is gone.
    pub(crate) fn cut(&self) {
        self.close();
        self.cut.notify_one();
    }

    /// Waits until it is cut.
    pub(super) async fn until_cut(&self) {
        self.cut.notified().await;
    }

    fn send(&self, message: Outgoing) -> Posted {
        if !self.open.load(Ordering::Acquire) {
            return Posted::Gone;
        }
        match self.outgoing.try_send(message) {
            Ok(()) => {
                self.touch();
                Posted::Yes
            }
            Err(TrySendError::Full(_)) => Posted::Full,
            Err(TrySendError::Closed(_)) => Posted::Gone,
        }
    }
}

/// The connections there are.
#[derive(Default)]
pub(crate) struct Registry {
    connections: Mutex<HashMap<String, Arc<Connection>>>,
}

impl Registry {
    /// Notes a connection that is pending. Answers it, and what is to be sent to its client.
    pub(super) fn add(
        &self,
        id: String,
        client: SocketAddr,
        headers: &HeaderMap,
    ) -> (Arc<Connection>, mpsc::Receiver<Outgoing>) {
        let (outgoing, posts) = mpsc::channel(MAX_WAITING);
        let now = epoch_millis();
        let connection = Arc::new(Connection {
            id: id.clone(),
            connected_at: now,
            source_ip: client.ip().to_string(),
            user_agent: text(headers, header::USER_AGENT).to_owned(),
            last_active: AtomicI64::new(now),
            open: AtomicBool::new(false),
            cut: Notify::new(),
            outgoing,
        });
        self.lock().insert(id, connection.clone());
        (connection, posts)
    }

    pub(super) fn remove(&self, id: &str) {
        if let Some(connection) = self.lock().remove(id) {
            connection.close();
        }
    }

    /// The open connection of this id.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.lock().get(id).filter(|connection| connection.open.load(Ordering::Acquire)).cloned()
    }

    /// Those that are open.
    pub(crate) fn open_ids(&self) -> Vec<String> {
        let connections = self.lock();
        let open = connections.values().filter(|connection| connection.open.load(Ordering::Acquire));
        open.map(|connection| connection.id.clone()).collect()
    }

    /// How many there are, pending ones included.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
