//! One failure: its kind, how often it strikes, and whom.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A post is never answered (within 30 s) and not delivered.
    PostHangs,
    /// A post is delivered but never answered (within 30 s).
    PostLate,
    /// A post is answered with 410 and not delivered.
    PostGone,
    /// A post is answered with 429 and not delivered.
    PostThrottled,
    /// A post is answered with 500 and not delivered.
    PostFails,
    /// A post is answered with 200 and not delivered.
    PostLost,
    /// A post is answered with 200, and the client's connection is cut in place of delivering it.
    ConnectionCut,
    /// An asynchronous invocation is run twice.
    InvokeDuplicated,
    /// An asynchronous invocation is refused with 429.
    InvokeRefused,
    /// The function never hears that a connection has ended.
    DisconnectLost,
    /// Whatever the function serves is killed at a [`Point`], with its environment.
    FunctionKilled,
    /// The ways to DynamoDB are cut, and new ones refused, until the faults are changed.
    DynamodbDown,
    /// The ways to PostgreSQL are cut, and new ones refused, until the faults are changed.
    PostgresDown,
}

/// When a function is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// At its next statement, which does not reach PostgreSQL.
    BeforeCommit,
    /// At its next call of DynamoDB, which does not arrive there: after the commit of what it writes.
    BeforePush,
    /// At its next post, which is not delivered. Others that are on their way at that moment are.
    DuringPush,
}

/// A failure that is switched on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    kind: Kind,
    /// From 0 to 1, which is the default. Stores are down or they are not.
    #[serde(default = "always")]
    pub(super) probability: f64,
    /// How often it still strikes; without it, until the faults are changed. Stores know no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
    /// Only this function's posts, invocations of it, its ways to a store; any function's without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    /// Only of [`Kind::FunctionKilled`].
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<Point>,
    /// Only posts to this connection; to any without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
}

/// Where a fault may strike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    pub(crate) function: Option<&'a str>,
    pub(crate) connection: Option<&'a str>,
    pub(crate) point: Option<Point>,
}

impl Fault {
    /// A fault that always strikes, for ever.
    pub fn new(kind: Kind) -> Self {
        Self { kind, probability: 1.0, times: None, function: None, point: None, connection: None }
    }

    /// The function is killed whenever it is at this point.
    pub fn killed(function: impl Into<String>, point: Point) -> Self {
        Self { point: Some(point), ..Self::new(Kind::FunctionKilled).function(function) }
    }

    /// Strikes with this probability.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Strikes so often.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes only this function.
    pub fn function(mut self, name: impl Into<String>) -> Self {
        self.function = Some(name.into());
        self
    }

    /// Strikes only posts to this connection.
    pub fn connection(mut self, id: impl Into<String>) -> Self {
        self.connection = Some(id.into());
        self
    }

    /// What fails.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Says what makes no sense.
    pub(super) fn check(&self, is_function: impl Fn(&str) -> bool) -> Result<(), String> {
        let family = self.kind.family();
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!("probability is between 0 and 1, not {}", self.probability));
        }
        if self.times == Some(0) {
            return Err("times is at least 1".to_owned());
        }
        if family == Family::Stores && (self.probability < 1.0 || self.times.is_some()) {
            let text = "it lasts until the faults are changed, so it takes no probability and no times";
            return Err(text.to_owned());
        }
        match &self.function {
            Some(_) if family == Family::Disconnects => return Err("it takes no function".to_owned()),
            Some(name) if !is_function(name) => return Err(format!("there is no function {name}")),
            None if family == Family::Functions => return Err("function is missing".to_owned()),
            Some(_) | None => {}
        }
        if self.connection.is_some() && family != Family::Posts {
            return Err("it takes no connection".to_owned());
        }
        match self.point {
            None if family == Family::Functions => Err("point is missing".to_owned()),
            Some(_) if family != Family::Functions => Err("it takes no point".to_owned()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it may strike there.
    pub(super) fn applies(&self, kind: Kind, place: Place<'_>) -> bool {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        self.kind == kind
            && self.point == place.point
            && is(&self.function, place.function)
            && is(&self.connection, place.connection)
    }
}

/// What a kind is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Posts,
    Invocations,
    Disconnects,
    Functions,
    Stores,
}

impl Kind {
    fn family(self) -> Family {
        match self {
            Self::PostHangs
            | Self::PostLate
            | Self::PostGone
            | Self::PostThrottled
            | Self::PostFails
            | Self::PostLost
            | Self::ConnectionCut => Family::Posts,
            Self::InvokeDuplicated | Self::InvokeRefused => Family::Invocations,
            Self::DisconnectLost => Family::Disconnects,
            Self::FunctionKilled => Family::Functions,
            Self::DynamodbDown | Self::PostgresDown => Family::Stores,
        }
    }
}

impl fmt::Display for Kind {
    /// The name it has in JSON.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

fn always() -> f64 {
    1.0
}
