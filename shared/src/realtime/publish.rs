//! Pushing right after a commit. It never fails the request: what does not go through stays in the
//! outbox, and the dispatcher is invoked for it.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Answered, Batch, DispatcherClient, Event, Outbox, Pusher, Room, Task, aws::Clients};
use crate::{
    cause::{Cause, cause},
    config::CallingConfig,
    db::Db,
};

/// How long the posts of one call may take together; the caller is waiting for the answer. Shorter
/// than the lease of a room.
const BUDGET: Duration = Duration::from_millis(2500);

/// How long counting the connections of a room may take; an answer about a visitor is worth more than it.
const COUNTING: Duration = Duration::from_millis(700);

/// An event as the SQL function `emit` returns it: written, and whose turn its push is.
#[derive(Clone, Debug, Deserialize)]
pub struct Emitted {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Whose turn its push is.
    pub turn: Turn,
    /// Users who belong into its room now.
    pub users: Vec<Uuid>,
    /// Connections that lag behind its room.
    pub lagging: Vec<String>,
    /// Messages to phones that were queued with it.
    #[serde(default)]
    pub queued: i64,
}

/// Whose turn the push of an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Its writer holds the room.
    Mine,
    /// Another one holds the room, and finds this event when it is through with its own.
    Theirs,
    /// The room waits for the dispatcher.
    Behind,
}

impl From<Emitted> for Batch {
    fn from(Emitted { event, users, lagging, .. }: Emitted) -> Self {
        Self {
            room: event.room,
            pusher: event.id,
            users,
            newcomers: Vec::new(),
            lagging,
            events: vec![event],
        }
    }
}

impl Emitted {
    /// What is to be pushed by the writer of these events.
    pub fn mine(emitted: Vec<Self>) -> Vec<Batch> {
        emitted.into_iter().filter(|emitted| emitted.turn == Turn::Mine).map(Batch::from).collect()
    }
}

/// What waits for the dispatcher beside events.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Messages that are not an event's.
    pub queued: bool,
    /// A deadline or step that falls due before the schedule would look.
    pub soon: bool,
    /// Who is about to be answered, where they gave no key.
    pub answered: Option<Answered>,
}

/// Pushes events of one's own, after their commit.
#[derive(Clone)]
pub struct Publisher {
    pusher: Pusher,
    dispatcher: DispatcherClient,
}

impl Publisher {
    /// A publisher for the places that the configuration names. Nothing is opened yet.
    pub fn start(config: &CallingConfig) -> Self {
        let clients = Clients::new(&config.realtime);
        Self {
            pusher: Pusher::of(&clients, &config.realtime),
            dispatcher: DispatcherClient::of(&clients, config),
        }
    }

    /// Opens the ways ahead of the first push.
    pub async fn warm(&self) {
        self.pusher.warm().await;
    }

    /// Pushes what is this caller's turn, and invokes the dispatcher for the rest and for what waits for it
    /// `beside` the events. It always returns, within about 3 s and, where all goes well, one statement.
    pub async fn publish(&self, db: &Db, emitted: Vec<Emitted>, beside: Beside) {
        let cause = cause().or_else(|| emitted.first().map(|emitted| emitted.event.cause()));
        let cause = cause.unwrap_or_default();
        let queued = beside.queued || emitted.iter().any(|emitted| emitted.queued > 0);
        let messages = async {
            if beside.soon {
                self.invoke(Task::Watch(cause.clone())).await;
            } else if queued {
                self.invoke(Task::Send(cause.clone())).await;
            }
        };
        let waits = emitted.iter().any(|emitted| emitted.turn == Turn::Behind);
        let batches = Emitted::mine(emitted);
        let deadline = Instant::now() + BUDGET;
        let outbox = Outbox::new(db);
        let (carried, ()) =
            tokio::join!(outbox.carry_and_note(&self.pusher, batches, deadline, beside.answered), messages);
        if waits || carried.is_unfinished() {
            let Cause { request_id, trace_id } = &cause;
            tracing::warn!(request_id, trace_id, ?carried, "some events are left to the dispatcher");
            self.invoke(Task::Drain { cause, held: carried.unsettled }).await;
        }
    }

    /// How many connections of these users listen in a room now; nothing where the table does not say so soon.
    pub async fn listeners(&self, room: Room, users: &[Uuid]) -> Option<usize> {
        let members = timeout(COUNTING, self.pusher.connections().members(room)).await.ok()?;
        let members =
            members.inspect_err(|error| tracing::warn!(%room, ?error, "a room could not be counted")).ok()?;
        Some(members.iter().filter(|member| users.contains(&member.user_id)).count())
    }

    /// Invokes the dispatcher; where that fails, its schedule is what notices.
    async fn invoke(&self, task: Task) {
        if let Err(error) = self.dispatcher.invoke(&task).await {
            let Cause { request_id, trace_id } = task.cause().cloned().unwrap_or_default();
            tracing::warn!(request_id, trace_id, ?error, "the dispatcher could not be invoked");
        }
    }
}
