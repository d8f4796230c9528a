//! The environment variables of the functions.
//!
//! A function gets the variables that the template gives it, with values of this machine, so that
//! one which the template forgets is missing here too. What Lambda itself sets, and what leads to
//! this machine in place of AWS or Google, is added to all.

use std::collections::{BTreeMap, HashMap};

use super::Project;
use crate::{
    Error,
    lambda::REGION,
    template::{Function, Setting, Template},
};

/// Where everything is.
pub(super) struct Places<'a> {
    pub(super) database_url: String,
    pub(super) base_url: &'a str,
    pub(super) dynamodb_endpoint: String,
    pub(super) template: &'a Template,
    pub(super) project: &'a Project,
    pub(super) overrides: &'a HashMap<String, String>,
}

/// Values for the variables that a template may name, and those that every function has.
pub(super) struct Variables {
    named: BTreeMap<String, String>,
    always: BTreeMap<String, String>,
}

impl Variables {
    pub(super) fn new(places: &Places<'_>) -> Self {
        let mut named = BTreeMap::from([
            ("DATABASE_URL".to_owned(), places.database_url.clone()),
            ("DISPATCHER_FUNCTION".to_owned(), "dispatcher".to_owned()),
            ("FIREBASE_PROJECT_ID".to_owned(), places.project.id().to_owned()),
            ("LOG_LEVEL".to_owned(), "warn".to_owned()),
            ("RATE_LIMIT_WINDOW_MS".to_owned(), "900000".to_owned()),
            ("WEBSOCKET_API_ENDPOINT".to_owned(), places.base_url.to_owned()),
        ]);
        if let Some(table) = places.template.tables.first() {
            named.insert("CONNECTIONS_TABLE".to_owned(), table.logical_id.clone());
        }
        named.extend(places.overrides.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut always = BTreeMap::from([
            ("AWS_REGION".to_owned(), REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), places.dynamodb_endpoint.clone()),
            ("AWS_ENDPOINT_URL_LAMBDA".to_owned(), places.base_url.to_owned()),
        ]);
        if let Project::Local(_) = places.project {
            always.insert("FIREBASE_JWKS_URL".to_owned(), format!("{}/_local/jwks", places.base_url));
        }
        for (name, value) in &mut always {
            if let Some(other) = places.overrides.get(name) {
                other.clone_into(value);
            }
        }
        Self { named, always }
    }

    /// The environment of a function.
    pub(super) fn of(&self, function: &Function) -> Result<HashMap<String, String>, Error> {
        let mut variables: HashMap<_, _> = self.always.clone().into_iter().collect();
        for (name, setting) in &function.variables {
            let value = match (self.named.get(name), setting) {
                (Some(value), _) | (None, Setting::Literal(value)) => value.clone(),
                (None, Setting::Computed) => {
                    let text = format!(
                        "{} has the variable {name}, for which the local stack has no value",
                        function.logical_id
                    );
                    return Err(Error::Template(text));
                }
            };
            variables.insert(name.clone(), value);
        }
        Ok(variables)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().chain(&self.always).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
