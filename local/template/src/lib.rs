//! What a SAM template says of an application: functions, routes, variables, CORS, WebSocket
//! routes, tables, schedules.
//!
//! Intrinsic functions (`!Ref`, `!Sub`, `!GetAtt`) are not evaluated: a variable made with one is a
//! [`Setting::Reference`] or [`Setting::Computed`], in whose place others put a value.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

/// Why a template cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct Error(pub String);

/// What is taken from a template.
#[derive(Clone, Debug)]
pub struct Template {
    /// All functions, in the order of the file.
    pub functions: Vec<Function>,
    /// The HTTP API's answer to browsers of other origins; `None` where it has none.
    pub cors: Option<Cors>,
    /// WebSocket routes by their key, such as `$connect`.
    pub websocket: BTreeMap<String, WebSocketRoute>,
    /// The DynamoDB tables.
    pub tables: Vec<Table>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The name of its binary, which is also that of its crate.
    pub name: String,
    /// Its name in the template.
    pub logical_id: String,
    /// Seconds that one invocation may take.
    pub timeout_seconds: u64,
    /// Its environment variables.
    pub variables: BTreeMap<String, Setting>,
    /// Its routes of the HTTP API.
    pub routes: Vec<HttpRoute>,
    /// Routes that take what has none of its own: their path is a parameter alone, `/{name+}`.
    pub rest: Vec<HttpRoute>,
    /// When it is invoked without a caller.
    pub schedules: Vec<Schedule>,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Written in the template.
    Literal(String),
    /// `!Ref` of this: a resource, a parameter, or a function's alias, such as `OneFunction.Alias`.
    Reference(String),
    /// Made by CloudFormation at deployment.
    Computed,
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRoute {
    /// Upper-case method, or `ANY`.
    pub method: String,
    /// Path with `{name}` and `{name+}`.
    pub path: String,
}

/// When a function is invoked without a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its name in the function's events.
    pub name: String,
    /// Such as `rate(1 minute)`.
    pub expression: String,
    /// The event it is handed, as JSON.
    pub input: Option<String>,
}

/// The HTTP API's answer to browsers of other origins.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// Origins, or `*`.
    pub allow_origins: Vec<String>,
    /// Methods a page may use.
    pub allow_methods: Vec<String>,
    /// Headers a page may send.
    pub allow_headers: Vec<String>,
    /// Headers a page may read.
    pub expose_headers: Vec<String>,
    /// Whether cookies are allowed.
    pub allow_credentials: bool,
    /// Seconds for which a browser may remember the answer.
    pub max_age: Option<u64>,
}

/// A route of the WebSocket API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketRoute {
    /// The function it calls.
    pub function: String,
    /// Whether the function's answer goes back to the client.
    pub responds: bool,
}

/// A DynamoDB table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Hash key, then range key where there is one: name and type (`S`, `N`, `B`).
    pub keys: Vec<(String, String)>,
    /// The attribute by which items expire.
    pub ttl: Option<String>,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let root: Value = serde_yaml_ng::from_str(text).map_err(|error| Error(error.to_string()))?;
        let globals = at(&root, &["Globals", "Function"]);
        let resources: Vec<Resource> = entries(at(&root, &["Resources"])).filter_map(Resource::of).collect();
        let functions = of_type(&resources, "AWS::Serverless::Function")
            .map(|resource| read_function(resource, globals))
            .collect::<Result<Vec<_>, _>>()?;
        let cors = of_type(&resources, "AWS::Serverless::HttpApi")
            .find_map(|api| at(api.value, &["Properties", "CorsConfiguration"]))
            .map(read_cors);
        let tables = of_type(&resources, "AWS::DynamoDB::Table").map(read_table).collect::<Result<_, _>>()?;
        let websocket = read_websocket(&resources, &functions)?;
        Ok(Self { functions, cors, websocket, tables })
    }

    /// The function with this name, either its binary's or that of the template.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name || function.logical_id == name)
    }
}

struct Resource<'a> {
    id: &'a str,
    kind: &'a str,
    value: &'a Value,
}

impl<'a> Resource<'a> {
    fn of((id, value): (&'a str, &'a Value)) -> Option<Self> {
        Some(Self { id, kind: value.get("Type")?.as_str()?, value })
    }

    fn text(&self, key: &str) -> Option<String> {
        text(at(self.value, &["Properties", key])?)
    }
}

fn of_type<'a>(resources: &'a [Resource<'a>], kind: &'a str) -> impl Iterator<Item = &'a Resource<'a>> {
    resources.iter().filter(move |resource| resource.kind == kind)
}

fn read_function(resource: &Resource<'_>, globals: Option<&Value>) -> Result<Function, Error> {
    let missing = |what: &str| Error(format!("{} has no {what}", resource.id));
    let name = at(resource.value, &["Metadata", "BuildProperties", "Binary"])
        .and_then(text)
        .ok_or_else(|| missing("Metadata.BuildProperties.Binary"))?;
    let properties = at(resource.value, &["Properties"]).ok_or_else(|| missing("Properties"))?;
    let timeout_seconds = [Some(properties), globals]
        .into_iter()
        .flatten()
        .find_map(|part| part.get("Timeout")?.as_u64())
        .unwrap_or(3);
    let mut variables = BTreeMap::new();
    for part in [globals, Some(properties)].into_iter().flatten() {
        for (name, value) in entries(at(part, &["Environment", "Variables"])) {
            variables.insert(name.to_owned(), setting(value));
        }
    }
    let events = || entries(properties.get("Events"));
    let (rest, routes) =
        events().filter_map(|(_, event)| read_route(event)).partition(|route| route.path.starts_with("/{"));
    let schedules = events().filter_map(|(name, event)| read_schedule(name, event)).collect();
    let logical_id = resource.id.to_owned();
    Ok(Function { name, logical_id, timeout_seconds, variables, routes, rest, schedules })
}

fn read_route(event: &Value) -> Option<HttpRoute> {
    if event.get("Type")?.as_str()? != "HttpApi" {
        return None;
    }
    let properties = event.get("Properties")?;
    Some(HttpRoute {
        method: properties.get("Method").and_then(text).unwrap_or_else(|| "ANY".to_owned()).to_uppercase(),
        path: properties.get("Path").and_then(text)?,
    })
}

fn read_schedule(name: &str, event: &Value) -> Option<Schedule> {
    let (kind, properties) = (event.get("Type")?.as_str()?, event.get("Properties")?);
    let expression = match kind {
        "Schedule" => properties.get("Schedule").and_then(text)?,
        "ScheduleV2" => properties.get("ScheduleExpression").and_then(text)?,
        _ => return None,
    };
    let is = |key: &str, value: Value| properties.get(key) == Some(&value);
    if is("Enabled", Value::Bool(false)) || is("State", Value::String("DISABLED".to_owned())) {
        return None;
    }
    Some(Schedule { name: name.to_owned(), expression, input: properties.get("Input").and_then(text) })
}

fn read_cors(value: &Value) -> Cors {
    let list = |key: &str| {
        value.get(key).and_then(Value::as_sequence).into_iter().flatten().filter_map(text).collect()
    };
    Cors {
        allow_origins: list("AllowOrigins"),
        allow_methods: list("AllowMethods"),
        allow_headers: list("AllowHeaders"),
        expose_headers: list("ExposeHeaders"),
        allow_credentials: value.get("AllowCredentials").and_then(Value::as_bool).unwrap_or(false),
        max_age: value.get("MaxAge").and_then(Value::as_u64),
    }
}

fn read_table(resource: &Resource<'_>) -> Result<Table, Error> {
    let properties = at(resource.value, &["Properties"]);
    let list = |key: &str| properties.and_then(|p| p.get(key)?.as_sequence()).into_iter().flatten();
    let kind_of = |name: &str| {
        let named =
            |definition: &&Value| definition.get("AttributeName").and_then(Value::as_str) == Some(name);
        list("AttributeDefinitions").find(named).and_then(|definition| text(definition.get("AttributeType")?))
    };
    let mut keys: Vec<(String, String, String)> = list("KeySchema")
        .filter_map(|key| {
            let name = text(key.get("AttributeName")?)?;
            let kind = kind_of(&name)?;
            Some((text(key.get("KeyType")?)?, name, kind))
        })
        .collect();
    // "HASH" comes before "RANGE".
    keys.sort();
    if keys.is_empty() {
        return Err(Error(format!("{} has no key schema", resource.id)));
    }
    let ttl = properties.and_then(|p| at(p, &["TimeToLiveSpecification", "AttributeName"])).and_then(text);
    let keys = keys.into_iter().map(|(_, name, kind)| (name, kind)).collect();
    Ok(Table { logical_id: resource.id.to_owned(), keys, ttl })
}

fn read_websocket(
    resources: &[Resource<'_>],
    functions: &[Function],
) -> Result<BTreeMap<String, WebSocketRoute>, Error> {
    let integrations: BTreeMap<&str, String> = of_type(resources, "AWS::ApiGatewayV2::Integration")
        .filter_map(|integration| Some((integration.id, integration.text("IntegrationUri")?)))
        .collect();
    let responding: Vec<String> = of_type(resources, "AWS::ApiGatewayV2::RouteResponse")
        .filter_map(|response| response.text("RouteId"))
        .collect();
    let mut routes = BTreeMap::new();
    for route in of_type(resources, "AWS::ApiGatewayV2::Route") {
        let unknown = |what: &str| Error(format!("{} {what}", route.id));
        let key = route.text("RouteKey").ok_or_else(|| unknown("has no RouteKey"))?;
        let target = route.text("Target").ok_or_else(|| unknown("has no Target"))?;
        let (_, uri) = integrations
            .iter()
            .find(|(id, _)| target.contains(&format!("${{{id}}}")))
            .ok_or_else(|| unknown("has a Target that is no integration of this template"))?;
        let function = functions
            .iter()
            .find(|function| uri.contains(&format!("${{{}.Alias}}", function.logical_id)))
            .ok_or_else(|| unknown("has an integration with no function of this template"))?;
        let responds = responding.iter().any(|id| id == route.id);
        routes.insert(key, WebSocketRoute { function: function.name.clone(), responds });
    }
    Ok(routes)
}

fn setting(value: &Value) -> Setting {
    let Value::Tagged(tagged) = value else {
        return text(value).map_or(Setting::Computed, Setting::Literal);
    };
    match text(&tagged.value) {
        Some(name) if tagged.tag == "Ref" => Setting::Reference(name),
        Some(_) | None => Setting::Computed,
    }
}

/// The text of a scalar; of a tagged one, that of its argument.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Tagged(tagged) => text(&tagged.value),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

fn at<'a>(value: impl Into<Option<&'a Value>>, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value.into()?, |value, key| value.get(key))
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_overrides_what_is_said_for_all() {
        let template = Template::parse(
            "
Globals: {Function: {Timeout: 10, Environment: {Variables: {A: one, B: !Ref Other}}}}
Resources:
  OneFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: one}}
    Properties:
      Timeout: 20
      Environment: {Variables: {B: 2}}
      Events:
        Every: {Type: Schedule, Properties: {Schedule: rate(1 minute), Input: '{}'}}
        Never: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), State: DISABLED}}
",
        )
        .unwrap();
        let one = template.function("one").unwrap();
        assert_eq!(one.timeout_seconds, 20);
        assert_eq!(one.variables["A"], Setting::Literal("one".to_owned()));
        assert_eq!(one.variables["B"], Setting::Literal("2".to_owned()));
        let every = Schedule {
            name: "Every".to_owned(),
            expression: "rate(1 minute)".to_owned(),
            input: Some("{}".to_owned()),
        };
        assert_eq!(one.schedules, [every]);
    }
}
