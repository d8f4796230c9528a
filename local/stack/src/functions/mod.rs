//! The functions this stack contains: one line for each crate in `functions/`.

mod environment;

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use gateway::{Environment, Host};
use shared::config::Env;

use environment::Started;

/// Starts a function with these variables, as Lambda would, and lets it go. Fails with what it says of them.
pub async fn start_function(name: &str, variables: &HashMap<String, String>) -> Result<(), String> {
    start(name, variables).await.map(drop)
}

/// The functions of this stack.
pub(crate) struct OurFunctions;

impl Host for OurFunctions {
    fn contains(&self, function: &str) -> bool {
        is_known(function)
    }

    fn start<'a>(
        &'a self,
        function: &'a str,
        variables: &'a HashMap<String, String>,
    ) -> BoxFuture<'a, Result<Box<dyn Environment>, String>> {
        Box::pin(async { Ok(Box::new(start(function, variables).await?) as Box<dyn Environment>) })
    }
}

macro_rules! functions {
    (http: [$($http:ident),* $(,)?]) => {
        /// Whether there is a function of this name.
        fn is_known(name: &str) -> bool {
            matches!(name, "dispatcher" | "janitor" | "migrator" | "realtime" $(| stringify!($http))*)
        }

        /// Starts an environment of the function `name` with these variables.
        async fn start(name: &str, variables: &HashMap<String, String>) -> Result<Started, String> {
            let env = Env::from_map(variables.clone());
            let started = match name {
                $(stringify!($http) => $http::start(env).await.map(Started::Http),)*
                "dispatcher" => dispatcher::start(env).await.map(Box::new).map(Started::Dispatcher),
                "janitor" => janitor::start(env).await.map(Started::Janitor),
                "migrator" => migrator::start(env).await.map(|migrator| Started::Migrator(Box::new(migrator))),
                "realtime" => realtime::start(env).await.map(Started::Realtime),
                _ => return Err(format!("there is no function {name}")),
            };
            started.map_err(|error| error.to_string())
        }
    };
}

functions!(http: [
    admin, auth, devices, emergencies, guards, health, notifications, onboarding, profile, residents, visitors, visits
]);
