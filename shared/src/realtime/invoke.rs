//! Invoking the dispatcher: asynchronously, so that Lambda keeps the invocation and repeats it by itself
//! (Lambda: "Asynchronous invocation").

use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use serde::{Deserialize, Serialize};

use super::aws::{self, Clients};
use crate::{Cause, StoreError, config::CallingConfig};

/// What the dispatcher is asked to do, and whose call asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Push what could not be pushed, and send what is queued.
    Drain {
        /// Whose call left that.
        #[serde(flatten)]
        cause: Cause,
        /// Whether a room is held still by a function that could not say that it is through.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
    },
    /// Send what is queued for phones.
    Send(Cause),
    /// The same, and end a waiting that is over before the schedule would look.
    Watch(Cause),
    /// Speak first on a connection that has just been opened.
    Greet(Greeting),
}

impl Task {
    /// Whose call asks for it.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Drain { cause, .. } | Self::Send(cause) | Self::Watch(cause) => Some(cause),
            Self::Greet(_) => None,
        }
    }
}

/// A connection that waits for the server to speak first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The gateway's id of it.
    pub connection_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
}

/// Invokes the dispatcher.
#[derive(Clone)]
pub struct DispatcherClient {
    client: aws_sdk_lambda::Client,
    function: String,
}

impl DispatcherClient {
    /// A client of the dispatcher that the configuration names.
    pub fn start(config: &CallingConfig) -> Self {
        Self::of(&Clients::new(&config.realtime), config)
    }

    pub(super) fn of(clients: &Clients, config: &CallingConfig) -> Self {
        Self { client: clients.lambda.clone(), function: config.dispatcher.clone() }
    }

    /// Has the dispatcher do a task. Lambda may do it twice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where Lambda did not take it.
    pub async fn invoke(&self, task: &Task) -> Result<(), StoreError> {
        let event = serde_json::to_vec(task)
            .map_err(|_| StoreError::Defect("the dispatcher's event could not be written".into()))?;
        let call = self.client.invoke().function_name(&self.function).payload(Blob::new(event));
        match call.invocation_type(InvocationType::Event).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::Unavailable(format!("dispatcher: {}", aws::cause(&error)))),
        }
    }
}
