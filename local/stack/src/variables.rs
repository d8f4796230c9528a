//! The environment variables of the functions.
//!
//! A function gets the variables that the template gives it, with values of this machine, so that
//! one which the template forgets is missing here too. What Lambda itself sets, and what leads to
//! this machine in place of AWS or Google, is added to all. Where a function has a way of its own to
//! something, so that faults know who calls, that leads through [`Doors`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use template::{Function, Setting, Template};

use crate::{Error, Project, REGION, messages};

/// Signs the links of this machine, which nobody else can reach.
pub(super) const DECISION_LINK_KEY: &str = "a key that signs links on one machine";

/// Where everything is.
pub(super) struct Places<'a> {
    pub(super) database_url: String,
    pub(super) owner_database_url: String,
    pub(super) base_url: &'a str,
    pub(super) dynamodb_endpoint: String,
    pub(super) template: &'a Template,
    pub(super) project: &'a Project,
    pub(super) service_account: String,
    pub(super) overrides: &'a HashMap<String, String>,
}

/// A function's own ways to what all functions use.
pub(super) struct Doors {
    pub(super) database_url: String,
    pub(super) owner_database_url: String,
    pub(super) dynamodb_endpoint: String,
    pub(super) websocket_endpoint: String,
}

/// Values for the variables that a template may name, and those that every function has.
pub(super) struct Variables {
    named: BTreeMap<String, String>,
    always: BTreeMap<String, String>,
    /// The names of functions by their logical ids.
    functions: BTreeMap<String, String>,
    /// The names of those that were given to this stack.
    overridden: BTreeSet<String>,
    /// What the template itself says to any function.
    said: BTreeMap<String, String>,
}

impl Variables {
    pub(super) fn new(places: &Places<'_>) -> Self {
        let mut named = BTreeMap::from([
            ("DATABASE_URL".to_owned(), places.database_url.clone()),
            ("OWNER_DATABASE_URL".to_owned(), places.owner_database_url.clone()),
            ("FIREBASE_PROJECT_ID".to_owned(), places.project.id().to_owned()),
            ("LOG_LEVEL".to_owned(), "warn".to_owned()),
            ("DECISION_LINK_KEY".to_owned(), DECISION_LINK_KEY.to_owned()),
            ("FCM_SERVICE_ACCOUNT".to_owned(), places.service_account.clone()),
            ("PUBLIC_BASE_URL".to_owned(), places.base_url.to_owned()),
            ("RATE_LIMIT_WINDOW_MS".to_owned(), "900000".to_owned()),
            ("SMS_ENTITY_ID".to_owned(), "1001234567890123456".to_owned()),
            ("SMS_MAX_PRICE".to_owned(), "0.10".to_owned()),
            ("SMS_SENDER_ID".to_owned(), "SOCGTE".to_owned()),
            ("WHATSAPP_PHONE_NUMBER_ID".to_owned(), "100000000000001".to_owned()),
            ("WHATSAPP_TOKEN".to_owned(), messages::WHATSAPP_TOKEN.to_owned()),
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
            ("AWS_ENDPOINT_URL_SNS".to_owned(), format!("{}/_local/sns", places.base_url)),
            ("FCM_ENDPOINT".to_owned(), format!("{}/_local/fcm", places.base_url)),
            ("WHATSAPP_ENDPOINT".to_owned(), format!("{}/_local/whatsapp", places.base_url)),
        ]);
        if let Project::Local(_) = places.project {
            always.insert("FIREBASE_JWKS_URL".to_owned(), format!("{}/_local/jwks", places.base_url));
        }
        for (name, value) in &mut always {
            if let Some(other) = places.overrides.get(name) {
                other.clone_into(value);
            }
        }
        let functions = places.template.functions.iter();
        let names = functions.clone().map(|function| (function.logical_id.clone(), function.name.clone()));
        let overridden = places.overrides.keys().cloned().collect();
        let mut variables =
            Self { named, always, functions: names.collect(), overridden, said: BTreeMap::new() };
        for (name, setting) in functions.flat_map(|function| &function.variables) {
            if let Some(value) = variables.evaluate(setting).cloned() {
                variables.said.insert(name.clone(), value);
            }
        }
        variables
    }

    /// The environment of a function.
    pub(super) fn of(&self, function: &Function, doors: Doors) -> Result<HashMap<String, String>, Error> {
        let mut variables: HashMap<_, _> = self.always.clone().into_iter().collect();
        variables.insert("AWS_LAMBDA_FUNCTION_NAME".to_owned(), function.name.clone());
        for (name, setting) in &function.variables {
            let value = self.named.get(name).or_else(|| self.evaluate(setting)).ok_or_else(|| {
                let text = format!(
                    "{} has the variable {name}, for which the local stack has no value",
                    function.logical_id
                );
                template::Error(text)
            })?;
            variables.insert(name.clone(), value.clone());
        }
        for (name, own) in [
            ("DATABASE_URL", doors.database_url),
            ("OWNER_DATABASE_URL", doors.owner_database_url),
            ("AWS_ENDPOINT_URL_DYNAMODB", doors.dynamodb_endpoint),
            ("WEBSOCKET_API_ENDPOINT", doors.websocket_endpoint),
        ] {
            if let Some(value) = variables.get_mut(name).filter(|_| !self.overridden.contains(name)) {
                *value = own;
            }
        }
        Ok(variables)
    }

    /// What can be known without CloudFormation: `!Ref` of a function is its name, and here an alias has
    /// the name of its function.
    fn evaluate<'a>(&'a self, setting: &'a Setting) -> Option<&'a String> {
        match setting {
            Setting::Literal(value) => Some(value),
            Setting::Reference(id) => self.functions.get(id.strip_suffix(".Alias").unwrap_or(id)),
            Setting::Computed => None,
        }
    }

    /// What any function needs that runs elsewhere; a later one of two with the same name counts.
    pub(super) fn elsewhere(&self) -> HashMap<String, String> {
        let all = self.said.iter().chain(&self.named).chain(&self.always);
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables of a stack with these overrides, for the one function of this template.
    fn variables(settings: &str, overrides: &[(&str, &str)]) -> Result<HashMap<String, String>, Error> {
        let template = Template::parse(&format!(
            "
Resources:
  OneFunction:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: one}}}}
    Properties: {{Environment: {{Variables: {{{settings}}}}}}}
"
        ))?;
        let overrides = overrides.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let places = Places {
            database_url: "everybody's".to_owned(),
            owner_database_url: "everybody's".to_owned(),
            base_url: "http://base",
            dynamodb_endpoint: "everybody's".to_owned(),
            template: &template,
            project: &Project::Local("p".to_owned()),
            service_account: String::new(),
            overrides: &overrides,
        };
        let own = || "its own".to_owned();
        let doors = Doors {
            database_url: own(),
            owner_database_url: own(),
            dynamodb_endpoint: own(),
            websocket_endpoint: own(),
        };
        Variables::new(&places).of(&template.functions[0], doors)
    }

    #[test]
    fn a_function_knows_itself_and_others_by_name() {
        let settings = "A: 1, B: !Ref OneFunction, C: !Ref OneFunction.Alias, DATABASE_URL: !Sub x";
        let variables = variables(settings, &[]).unwrap();
        for (name, value) in [
            ("A", "1"),
            ("B", "one"),
            ("C", "one"),
            ("AWS_LAMBDA_FUNCTION_NAME", "one"),
            ("AWS_ENDPOINT_URL_LAMBDA", "http://base"),
            ("DATABASE_URL", "its own"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "its own"),
        ] {
            assert_eq!(variables[name], value, "{name}");
        }
        assert!(!variables.contains_key("WEBSOCKET_API_ENDPOINT"), "the template does not name it");
    }

    #[test]
    fn what_a_stack_is_told_goes_before_all() {
        let variables = variables(
            "A: !Ref OneFunction, DATABASE_URL: x",
            &[("A", "other"), ("DATABASE_URL", "other"), ("AWS_ENDPOINT_URL_DYNAMODB", "other")],
        );
        let variables = variables.unwrap();
        for name in ["A", "DATABASE_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
            assert_eq!(variables[name], "other", "{name}");
        }
    }

    #[test]
    fn a_variable_without_a_value_is_named() {
        let said = variables("SECRET: !Ref Elsewhere", &[]).unwrap_err().to_string();
        assert!(said.contains("SECRET") && said.contains("OneFunction"), "{said}");
    }
}
