//! What a stack can be told before it starts.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use gateway::{HEAD_TIMEOUT, WebSocketLimits, schedules::Running};
use template::Template;

use crate::{Error, Pages, Progress, Seed, Stack};

/// The Firebase project of a stack that issues its own tokens.
const LOCAL_PROJECT: &str = "society360-local";
/// Everybody here has the same address, so the real limit would end a session of curl.
const RATE_LIMIT: i32 = 100_000;

/// A stack that has not started.
pub struct Builder {
    pub(super) template: Option<Template>,
    pub(super) schedules: Running,
    pub(super) port: u16,
    pub(super) data: Data,
    pub(super) seed: Seed,
    pub(super) limits: WebSocketLimits,
    pub(super) head_timeout: Duration,
    pub(super) project: Project,
    pub(super) invoke: Option<String>,
    pub(super) variables: HashMap<String, String>,
    pub(super) pages: Option<Pages>,
    pub(super) progress: Progress,
}

/// Which PostgreSQL server a stack uses.
pub(super) enum Data {
    /// The one of this process.
    Shared,
    /// Its own, in this directory or a temporary one.
    Own(Option<PathBuf>),
}

/// Whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Project {
    /// Those of the stack's issuer, for a project of this name.
    Local(String),
    /// Those of a real Firebase project, checked with Google's keys.
    Firebase(String),
}

impl Project {
    /// The project's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Local(id) | Self::Firebase(id) => id,
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            template: None,
            schedules: Running::Never,
            port: 0,
            data: Data::Shared,
            seed: Seed::None,
            limits: WebSocketLimits::default(),
            head_timeout: HEAD_TIMEOUT,
            project: Project::Local(LOCAL_PROJECT.to_owned()),
            invoke: None,
            variables: HashMap::from([("RATE_LIMIT_MAX_REQUESTS".to_owned(), RATE_LIMIT.to_string())]),
            pages: None,
            progress: Progress::default(),
        }
    }
}

impl Builder {
    /// Starts the stack.
    pub async fn start(self) -> Result<Stack, Error> {
        Stack::build(self).await
    }

    /// Serves this template, not the one of this checkout.
    pub fn template(mut self, template: Template) -> Self {
        self.template = Some(template);
        self
    }

    /// Runs the schedules of the template. Otherwise none run, so that a test knows who calls.
    pub fn with_schedules(mut self) -> Self {
        self.schedules = Running::AsWritten;
        self
    }

    /// Runs the schedules of the template, all of them with this period.
    pub fn schedule_every(mut self, period: Duration) -> Self {
        self.schedules = Running::Every(period);
        self
    }

    /// Listens on this port; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the data in this directory, in a server of the stack's own.
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data = Data::Own(Some(directory.into()));
        self
    }

    /// Starts a server of the stack's own that can be stopped without others noticing. Its data are temporary.
    pub fn own_server(mut self) -> Self {
        self.data = Data::Own(None);
        self
    }

    /// Fills the database.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Allows so many requests in a window.
    pub fn rate_limit(self, max_requests: u32, window: Duration) -> Self {
        self.variable("RATE_LIMIT_MAX_REQUESTS", max_requests.to_string())
            .variable("RATE_LIMIT_WINDOW_MS", window.as_millis().to_string())
    }

    /// Limits how long WebSocket connections last.
    pub fn websocket_limits(mut self, limits: WebSocketLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Limits how long a client may take for the head of its next request.
    pub fn head_timeout(mut self, limit: Duration) -> Self {
        self.head_timeout = limit;
        self
    }

    /// Accepts the tokens of this project.
    pub fn project(mut self, project: Project) -> Self {
        self.project = project;
        self
    }

    /// Calls functions through this Invoke endpoint, not in this process.
    pub fn invoke(mut self, endpoint: impl Into<String>) -> Self {
        self.invoke = Some(endpoint.into());
        self
    }

    /// Serves these pages beside those of the stack.
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = Some(pages);
        self
    }

    /// Has the steps of the start said to a person who waits.
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Gives this variable to all functions for which the template names it, or puts its value in the
    /// place of one that all functions have.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }
}
