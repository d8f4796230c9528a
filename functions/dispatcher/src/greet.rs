//! Speaking first: a client of Socket.IO waits for the server's opening packet, which cannot be sent
//! before `$connect` has been answered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use shared::{
    StoreError,
    realtime::{Connection, HELLO_TIMEOUT, Posted, Waiting},
};
use tokio::time::{Instant, sleep};

use crate::Dispatcher;

/// How long a connection is greeted in vain; `$connect` has been answered long before.
const PATIENCE: Duration = Duration::from_secs(6);
/// From when on a connection that is not open yet is looked up, since its client may have gone meanwhile.
const DOUBT: Duration = Duration::from_millis(500);
/// The pause after the first greeting that came too early; later ones are longer.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause between two tries, and between two looks at a silent connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Silent connections that are watched at once until their time is over. The schedule closes what is
/// more than these, so that a flood of them occupies no more functions than this: an account may begin with ten.
const WATCHED: u16 = 2;
/// Silent connections that are closed in one round; more are the next one's.
const CLOSED: u16 = 1000;
/// Of these, at once.
const AT_ONCE: usize = 32;

impl Dispatcher {
    /// Speaks first on a connection, and closes it where its client does not answer in time. Called
    /// twice for one connection it speaks once.
    pub(crate) async fn greet(&self, connection_id: &str, connected_at: i64) -> Result<(), StoreError> {
        let connections = self.pusher.connections();
        if !connections.claim_greeting(connection_id, connected_at).await? {
            return Ok(());
        }
        let Some(connection) = connections.find(connection_id).await? else { return Ok(()) };
        let Some(frame) = connection.protocol.opening(self.pings) else { return Ok(()) };
        match self.speak(connection_id, &frame).await {
            Posted::Accepted => connections.note_greeting(connection_id, connected_at).await?,
            Posted::Gone => return connections.close(connection_id, connected_at).await,
            Posted::Failed => {
                connections.release_greeting(connection_id, connected_at).await?;
                return Err(StoreError::Unavailable("a connection could not be greeted".into()));
            }
        }
        if connections.waiting(now_ms(), WATCHED + 1).await?.len() > WATCHED.into() {
            return Ok(());
        }
        self.watch(Waiting { connection_id: connection_id.to_owned(), connected_at }).await
    }

    /// Posts until the connection is open; before that the gateway says it is gone.
    async fn speak(&self, connection_id: &str, frame: &str) -> Posted {
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let posted = self.pusher.gateway().post(connection_id, frame).await;
            if posted == Posted::Accepted || start.elapsed() + pause > PATIENCE {
                return posted;
            }
            let doubtful = posted == Posted::Gone && start.elapsed() > DOUBT;
            if doubtful && matches!(self.pusher.connections().find(connection_id).await, Ok(None)) {
                return posted;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for a connection's hello, and closes it where none comes.
    async fn watch(&self, waiting: Waiting) -> Result<(), StoreError> {
        let mut pause = FIRST_PAUSE;
        while age(&waiting) < HELLO_TIMEOUT {
            sleep(pause.min(HELLO_TIMEOUT.saturating_sub(age(&waiting)))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if !self.is_silent(&waiting).await? {
                return Ok(());
            }
        }
        self.close_silent(&waiting).await
    }

    /// Closes the connections whose time to say hello is over. One that cannot be closed now stands in
    /// no other's way.
    pub(crate) async fn close_the_silent(&self) -> Result<(), StoreError> {
        let limit = i64::try_from(HELLO_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
        let waiting = self.pusher.connections().waiting(now_ms() - limit, CLOSED).await?;
        let mut done = Ok(());
        for some in waiting.chunks(AT_ONCE) {
            let ended = join_all(some.iter().map(|waiting| self.end_waiting(waiting))).await;
            done = ended.into_iter().fold(done, Result::and);
        }
        done
    }

    async fn end_waiting(&self, waiting: &Waiting) -> Result<(), StoreError> {
        if self.is_silent(waiting).await? {
            return self.close_silent(waiting).await;
        }
        self.pusher.connections().stop_waiting(waiting).await
    }

    async fn is_silent(&self, waiting: &Waiting) -> Result<bool, StoreError> {
        let found = self.pusher.connections().find(&waiting.connection_id).await?;
        let is_it = |found: &Connection| found.connected_at == waiting.connected_at && !found.admitted;
        Ok(found.as_ref().is_some_and(is_it))
    }

    async fn close_silent(
        &self,
        Waiting { connection_id, connected_at }: &Waiting,
    ) -> Result<(), StoreError> {
        self.hang_up(connection_id, *connected_at).await
    }
}

fn age(waiting: &Waiting) -> Duration {
    Duration::from_millis(u64::try_from(now_ms() - waiting.connected_at).unwrap_or(0))
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
