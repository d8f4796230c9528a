//! The functions this stack contains: one line for each crate in `functions/`.

use std::collections::HashMap;

use shared::config::Env;

use super::environment::Environment;

macro_rules! functions {
    (http: [$($http:ident),* $(,)?]) => {
        /// Whether there is a function of this name.
        pub(super) fn is_known(name: &str) -> bool {
            matches!(name, "dispatcher" | "janitor" | "migrator" | "realtime" $(| stringify!($http))*)
        }

        /// Starts an environment of the function `name` with these variables.
        pub(super) async fn start(name: &str, variables: &HashMap<String, String>) -> Result<Environment, String> {
            let env = Env::from_map(variables.clone());
            let started = match name {
                $(stringify!($http) => $http::start(env).await.map(Environment::Http),)*
                "dispatcher" => dispatcher::start(env).await.map(Box::new).map(Environment::Dispatcher),
                "janitor" => janitor::start(env).await.map(Environment::Janitor),
                "migrator" => migrator::start(env).await.map(|migrator| Environment::Migrator(Box::new(migrator))),
                "realtime" => realtime::start(env).await.map(Environment::Realtime),
                _ => return Err(format!("there is no function {name}")),
            };
            started.map_err(|error| error.to_string())
        }
    };
}

functions!(http: [
    admin, auth, devices, emergencies, guards, health, notifications, onboarding, profile, residents, visitors, visits
]);
