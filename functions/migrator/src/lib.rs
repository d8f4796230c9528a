//! The migrator: brings the database's schema up to its release, and lets the functions in, who own nothing of it. CloudFormation calls it during each
//! deployment, as a custom resource (`docs/decisions/015`), and an operator may with the event `{}`.

mod admit;
mod failure;
mod functions;
mod grant;
mod migrate;
mod tell_cloudformation;

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent};
use serde::Deserialize;
use shared::{
    StartError,
    config::{DatabaseConfig, Env},
    db::Connector,
    outbound::Outbound,
};
use tell_cloudformation::Caller;
use tokio::time::Instant;

pub use admit::{admit, keep_to_grants};
pub use failure::Failure;
pub use functions::{functions, replace_functions};
pub use grant::{Granted, Person, grant_super_admin};
pub use migrate::{Schema, migrations};

/// What is kept of the invocation's time for telling CloudFormation how it went.
const KEPT_FOR_TELLING: Duration = Duration::from_secs(30);

/// Reads the configuration. The database is left alone until it is asked for.
///
/// # Errors
/// The configuration is incomplete or cannot be read.
pub async fn start(mut env: Env) -> Result<Migrator, StartError> {
    let (owner, functions) = (DatabaseConfig::read_owner(&mut env), DatabaseConfig::read(&mut env));
    env.finish()?;
    let (owner, functions) = (Connector::new(&owner)?, Connector::new(&functions)?);
    Ok(Migrator { owner, functions, outbound: Outbound::new()? })
}

/// What every run needs.
#[derive(Clone)]
pub struct Migrator {
    owner: Connector,
    /// How all others sign in.
    functions: Connector,
    outbound: Outbound,
}

/// What the migrator is asked to do: a request of CloudFormation's to a custom resource (CloudFormation
/// template reference, "Custom resource request objects"), or one of an operator's, which may be empty.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    #[serde(default)]
    request_type: RequestType,
    /// Whether the rooms get another epoch, as after a restore.
    #[serde(default)]
    renew_epochs: bool,
    /// Who becomes a super admin.
    #[serde(default, rename = "grant_super_admin")]
    super_admin: Option<Person>,
    #[serde(flatten)]
    caller: Option<Caller>,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum RequestType {
    Create,
    #[default]
    Update,
    Delete,
}

impl Migrator {
    /// Migrates, and tells CloudFormation how it went where that is who asks. The data outlive the stack's
    /// resource: when that is deleted, nothing is done.
    ///
    /// # Errors
    /// CloudFormation could not be told, so that Lambda repeats the invocation; or, where nobody else is to
    /// be told, why the schema is not up to date.
    pub async fn handle(&self, event: LambdaEvent<Request>) -> Result<Option<Schema>, Error> {
        let LambdaEvent { payload: Request { request_type, renew_epochs, super_admin, caller }, context } =
            event;
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let done = match request_type {
            RequestType::Create | RequestType::Update => {
                let until = Instant::now() + left.saturating_sub(KEPT_FOR_TELLING);
                self.migrate(until, renew_epochs, super_admin.as_ref()).await.map(Some)
            }
            RequestType::Delete => Ok(None),
        };
        match &done {
            Ok(schema) => tracing::info!(?schema, "the schema is up to date"),
            Err(failure) => tracing::error!(%failure, "the schema is not up to date"),
        }
        match caller {
            Some(caller) => {
                self.tell(&caller, done.as_ref().err()).await?;
                Ok(done.unwrap_or_default())
            }
            None => Ok(done?),
        }
    }
}
