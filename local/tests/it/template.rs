//! `template.yaml` deploys what the code needs, as far as that can be said without deploying: references,
//! variables, permissions, alarms. Routes are compared with the routers in `openapi.rs`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;
use stack::{checkout, issuer::Issuer, messages::service_account, own_template, start_function};

const NAMESPACE: &str = "Society360";
/// What Lambda puts into every environment.
const SET_BY_LAMBDA: [&str; 4] =
    ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Variables that are for other places than the stack of this template.
const FOR_OTHER_PLACES: [&str; 13] = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_SNS",
    "FCM_ENDPOINT",
    "FIREBASE_JWKS_URL",
    "PGDATABASE",
    "PGHOST",
    "PGPASSWORD",
    "PGPORT",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGUSER",
    "WHATSAPP_ENDPOINT",
];
/// The variable that each function's `main.rs` reads, before the rest starts.
const READ_BY_MAIN: &str = "LOG_LEVEL";
/// Nobody answers there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// What a function may do in AWS.
#[derive(Debug, Default, PartialEq, Eq)]
struct Permissions {
    table: BTreeSet<&'static str>,
    connections: BTreeSet<&'static str>,
    rings_dispatcher: bool,
    sends_sms: bool,
}

/// What the code of a function does, as read in `shared/src/realtime`. A transaction needs the actions
/// of its parts.
fn needed(function: &str) -> Permissions {
    // Finding the members of a room, and taking out those who are gone or do not belong there.
    let pushing = ["BatchWriteItem", "DeleteItem", "GetItem", "Query", "UpdateItem"];
    match function {
        "admin" | "auth" | "emergencies" | "notifications" | "residents" | "visitors" | "visits" => {
            Permissions {
                table: pushing.into(),
                connections: ["POST"].into(),
                rings_dispatcher: true,
                sends_sms: false,
            }
        }
        // Opening and joining put items; rooms are never read here.
        "realtime" => Permissions {
            table: ["BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"].into(),
            connections: ["DELETE", "POST"].into(),
            rings_dispatcher: true,
            sends_sms: false,
        },
        // Pinging reads many connections at once.
        "dispatcher" => Permissions {
            table: pushing.into_iter().chain(["BatchGetItem"]).collect(),
            connections: ["DELETE", "POST"].into(),
            rings_dispatcher: false,
            sends_sms: true,
        },
        _ => Permissions::default(),
    }
}

/// Metrics of AWS that alarms may watch.
fn is_metric_of_aws(namespace: &str, name: &str) -> bool {
    let names: &[&str] = match namespace {
        "AWS/ApiGateway" => &["Latency"],
        "AWS/DynamoDB" => &["ReadThrottleEvents", "WriteThrottleEvents"],
        "AWS/Lambda" => &["AsyncEventAge", "Errors", "Throttles"],
        "AWS/RDS" => &[
            "CPUUtilization",
            "DatabaseConnections",
            "DatabaseConnectionsCurrentlySessionPinned",
            "FreeStorageSpace",
            "MaxDatabaseConnectionsAllowed",
        ],
        "AWS/SNS" => &["SMSMonthToDateSpentUSD"],
        "AWS/SQS" => &["ApproximateNumberOfMessagesVisible"],
        _ => &[],
    };
    names.contains(&name)
}

/// The attributes of a resource that `!GetAtt` may name.
fn attributes(kind: &str) -> &'static [&'static str] {
    match kind {
        "AWS::CloudWatch::Alarm"
        | "AWS::DynamoDB::Table"
        | "AWS::IAM::Role"
        | "AWS::Logs::LogGroup"
        | "AWS::Serverless::Function" => &["Arn"],
        "AWS::EC2::EIP" => &["AllocationId"],
        "AWS::RDS::DBProxy" => &["Arn", "Endpoint"],
        "AWS::SQS::Queue" => &["Arn", "QueueName"],
        _ => &[],
    }
}

/// The template as JSON, with the long forms of intrinsic functions.
struct Document(Value);

impl Document {
    fn read() -> Self {
        let text = include_str!("../../../template.yaml");
        Self(with_long_forms(serde_yaml_ng::from_str(text).unwrap()))
    }

    fn section(&self, name: &str) -> &Map<String, Value> {
        self.0[name].as_object().unwrap()
    }

    fn resources(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let is_one = move |resource: &Value| resource["Type"] == kind;
        let found = self.section("Resources").iter().filter(move |(_, resource)| is_one(resource));
        found.map(|(id, resource)| (id.as_str(), &resource["Properties"]))
    }

    /// The functions, by the names of their binaries.
    fn functions(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.resources("AWS::Serverless::Function").map(|(id, properties)| {
            let resource = &self.section("Resources")[id];
            (resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap(), id, properties)
        })
    }

    /// What a function may do, each with the policy that it stands in: the function itself, or a policy of more than one.
    fn statements<'a>(&'a self, id: &'a str, properties: &'a Value) -> Vec<(&'a str, &'a Value)> {
        let mut statements = Vec::new();
        for policy in list(&properties["Policies"]) {
            let (place, policy) = policy["Ref"].as_str().map_or((id, policy), |id| {
                let managed = &self.section("Resources")[id];
                assert_eq!(managed["Type"], "AWS::IAM::ManagedPolicy", "{id}");
                (id, &managed["Properties"]["PolicyDocument"])
            });
            statements.extend(list(&policy["Statement"]).iter().map(|statement| (place, statement)));
        }
        assert_eq!(
            list(&properties["Policies"]).is_empty(),
            statements.is_empty(),
            "{id} has a policy for nothing"
        );
        statements
    }

    /// A property of a function, its own or that of all.
    fn of_function<'a>(&'a self, properties: &'a Value, name: &str) -> &'a Value {
        properties.get(name).unwrap_or(&self.0["Globals"]["Function"][name])
    }

    fn kind(&self, id: &str) -> Option<&str> {
        self.section("Resources").get(id)?["Type"].as_str()
    }

    /// Why a reference leads nowhere; nothing where it does not.
    fn problem(&self, reference: &Reference) -> Option<String> {
        let is_good = match reference {
            Reference::To(name) if name.starts_with("AWS::") => {
                ["AccountId", "NoValue", "Partition", "Region", "StackName", "URLSuffix"]
                    .contains(&&name["AWS::".len()..])
            }
            Reference::To(name) => self.section("Parameters").contains_key(name) || self.kind(name).is_some(),
            Reference::Attribute(id, name) => match self.kind(id) {
                // SAM's own, which is written like an attribute.
                Some("AWS::Serverless::Function") if name == "Alias" => true,
                Some(kind) => attributes(kind).contains(&name.as_str()),
                None => false,
            },
            Reference::Condition(name) => self.section("Conditions").contains_key(name),
        };
        (!is_good).then(|| format!("{reference:?}"))
    }

    /// Metrics of our own: those that functions write, and those that are counted from logs.
    fn own_metrics(&self) -> BTreeSet<String> {
        let filters = self.resources("AWS::Logs::MetricFilter");
        let counted = filters.map(|(_, filter)| &filter["MetricTransformations"][0]);
        let counted = counted.inspect(|metric| assert_eq!(metric["MetricNamespace"], NAMESPACE));
        let mut names: BTreeSet<_> = counted.map(|metric| text(&metric["MetricName"])).collect();
        for folder in ["functions", "shared/src"] {
            sources(&checkout().join(folder), &mut |source| {
                // A module's tests stand at its end.
                let code = source.split("#[cfg(test)]").next().unwrap_or_default();
                for call in ["Metric::count(\"", "Metric::seconds(\""] {
                    names.extend(
                        code.split(call).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())),
                    );
                }
            });
        }
        names
    }
}

/// What an intrinsic function names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reference {
    /// A parameter, a resource, or what CloudFormation knows by itself.
    To(String),
    /// An attribute of a resource.
    Attribute(String, String),
    Condition(String),
}

impl Reference {
    fn of(name: &str) -> Self {
        match name.split_once('.') {
            Some((id, attribute)) => Self::Attribute(id.to_owned(), attribute.to_owned()),
            None => Self::To(name.to_owned()),
        }
    }
}

/// Every `!Ref`, `!GetAtt`, `!Sub` and `!If` leads to something, and so does every condition and DependsOn.
#[test]
fn references_lead_somewhere() {
    let document = Document::read();
    let mut references = references(&document.0);
    for resource in document.section("Resources").values() {
        references.extend(resource["Condition"].as_str().map(|name| Reference::Condition(name.to_owned())));
        references.extend(resource["DependsOn"].as_str().map(Reference::of));
    }
    assert!(references.len() > 100, "there are more than {}", references.len());
    let problems: Vec<_> = references.iter().filter_map(|reference| document.problem(reference)).collect();
    assert!(problems.is_empty(), "these lead nowhere: {problems:?}");
}

/// The check above sees what is wrong.
#[test]
fn wrong_references_are_seen() {
    let document = Document::read();
    for wrong in [
        "!Ref Nothing",
        "{Ref: 'AWS::Nothing'}",
        "!GetAtt Nothing.Arn",
        "!GetAtt ConnectionsTable.Nothing",
        "!Ref ConnectionsTable.Alias",
        "{'Fn::GetAtt': [ConnectionsTable, Nothing]}",
        "!Sub 'a ${Nothing}'",
        "!Sub ['${Own} ${Nothing}', {Own: 1}]",
        "!Sub ['${Own}', {Own: !Ref Nothing}]",
        "!If [Nothing, 1, 2]",
        "!If [OwnDatabase, 1, !Ref Nothing]",
        "!And [!Condition Nothing]",
    ] {
        let value = with_long_forms(serde_yaml_ng::from_str(wrong).unwrap());
        let found = references(&value);
        assert!(found.iter().any(|reference| document.problem(reference).is_some()), "{wrong}");
    }
}

/// CloudFormation makes a resource after those it refers to, so none may need itself. SAM adds to what is
/// written: an API needs the aliases of its functions, and an alias the alarms that its deployment watches.
#[test]
fn no_resource_needs_itself() {
    let document = Document::read();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let node = |reference: Reference| match reference {
        Reference::Attribute(id, attribute) if attribute == "Alias" => Some(format!("{id}.Alias")),
        Reference::To(id) | Reference::Attribute(id, _) => document.kind(&id).map(|_| id),
        Reference::Condition(_) => None,
    };
    let written = |value: &Value| references(value).into_iter().filter_map(node).collect::<BTreeSet<_>>();
    let of_all: BTreeSet<_> = ["Environment", "VpcConfig"]
        .iter()
        .flat_map(|name| written(&document.0["Globals"]["Function"][*name]))
        .collect();
    for (id, resource) in document.section("Resources") {
        let mut resource = resource.clone();
        let depends_on = resource["DependsOn"].as_str().map(str::to_owned);
        if resource["Type"] == "AWS::Serverless::Function" {
            resource["Properties"]["Events"].take();
            let alias = needs.entry(format!("{id}.Alias")).or_default();
            alias.insert(id.clone());
            alias.extend(written(&document.0["Globals"]["Function"]["DeploymentPreference"]));
            needs.entry(id.clone()).or_default().extend(of_all.clone());
            needs.entry("HttpApi".to_owned()).or_default().insert(format!("{id}.Alias"));
        }
        needs.entry(id.clone()).or_default().extend(written(&resource).into_iter().chain(depends_on));
    }
    while let Some(ready) = needs.iter().find(|(_, needed)| needed.is_empty()).map(|(id, _)| id.clone()) {
        needs.remove(&ready);
        needs.values_mut().for_each(|needed| needed.retain(|id| *id != ready));
    }
    assert!(needs.is_empty(), "a circle, or what waits for one: {needs:#?}");
}

/// A function starts with the variables of the template and those of Lambda alone, and reads each of them.
#[tokio::test]
async fn functions_read_exactly_what_they_are_given() {
    let template = own_template().unwrap();
    for function in &template.functions {
        let name = &function.name;
        let mut variables: HashMap<String, String> =
            SET_BY_LAMBDA.map(|name| (name.to_owned(), "there".to_owned())).into();
        for variable in function.variables.keys() {
            variables.insert(variable.clone(), value_of(variable));
        }
        // Only so that nobody is called.
        for variable in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_LAMBDA", "FIREBASE_JWKS_URL"] {
            variables.insert(variable.to_owned(), NOWHERE.to_owned());
        }
        start_function(name, &variables).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
        for variable in function.variables.keys().filter(|variable| *variable != READ_BY_MAIN) {
            let mut minds = false;
            for wrong in ["", "?"] {
                let mut variables = variables.clone();
                variables.insert(variable.clone(), wrong.to_owned());
                minds |= start_function(name, &variables).await.is_err();
            }
            assert!(minds, "{name} is given {variable}, but does not read it");
        }
    }
}

/// What the functions may read is given by the template, by Lambda, or meant for other places.
#[test]
fn every_documented_variable_has_its_place() {
    let source = fs::read_to_string(checkout().join("shared/src/config.rs")).unwrap();
    let rows = source.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let quoted = rows.flat_map(|row| row.split("` |").next().unwrap_or_default().split('`').step_by(2));
    let names: BTreeSet<&str> =
        quoted.filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')).collect();
    let template = own_template().unwrap();
    let given: BTreeSet<&str> = template
        .functions
        .iter()
        .flat_map(|function| function.variables.keys().map(String::as_str))
        .collect();
    let placed: BTreeSet<&str> = given.iter().copied().chain(SET_BY_LAMBDA).chain(FOR_OTHER_PLACES).collect();
    assert_eq!(names, placed, "shared/src/config.rs, and who sets them");
    assert!(given.iter().all(|name| !FOR_OTHER_PLACES.contains(name)), "{given:?}");
}

/// A function has the permissions that its code needs, on our own resources, and no others.
#[test]
fn functions_may_do_what_they_do() {
    let document = Document::read();
    for (name, id, properties) in document.functions() {
        let needed = needed(name);
        let (mut table, mut connections, mut rings, mut sms) =
            (BTreeSet::new(), BTreeSet::new(), false, false);
        for (_, statement) in document.statements(id, properties) {
            assert_eq!(statement["Effect"], "Allow", "{id}");
            for action in texts(&statement["Action"]) {
                match action.split_once(':').unwrap() {
                    ("dynamodb", action) => {
                        assert_eq!(
                            statement["Resource"],
                            json!({"Fn::GetAtt": ["ConnectionsTable", "Arn"]}),
                            "{id}"
                        );
                        table.insert(action.to_owned());
                    }
                    ("execute-api", "ManageConnections") => {
                        connections.extend(many(&statement["Resource"]).iter().map(|arn| method(arn)));
                    }
                    ("lambda", "InvokeFunction") => {
                        assert_eq!(statement["Resource"], json!({"Ref": "DispatcherFunction.Alias"}), "{id}");
                        rings = true;
                    }
                    ("sns", "Publish") => {
                        let topics = json!({"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"});
                        assert_eq!(statement["NotResource"], topics, "{id}: phones, and no topic");
                        sms = true;
                    }
                    _ => panic!("{id} may {action}"),
                }
            }
        }
        assert!(table.iter().eq(needed.table.iter()), "{id}: {table:?}, but needs {:?}", needed.table);
        assert!(connections.iter().eq(needed.connections.iter()), "{id}: {connections:?}");
        assert_eq!((rings, sms), (needed.rings_dispatcher, needed.sends_sms), "{id}");
        assert_eq!(
            properties["Role"],
            Value::Null,
            "{id}: its role is the one that SAM makes of its policies"
        );
    }
}

/// What several functions may do is one policy, and not a copy in each; one of a single function stands with it.
#[test]
fn each_need_is_one_policy() {
    let document = Document::read();
    let (mut places, mut users) = (BTreeMap::<String, BTreeSet<&str>>::new(), BTreeMap::new());
    for (_, id, properties) in document.functions() {
        for (place, statement) in document.statements(id, properties) {
            let mut need = statement.as_object().unwrap().clone();
            need.remove("Sid");
            places.entry(Value::from(need).to_string()).or_default().insert(place);
            users.entry(place).or_insert_with(BTreeSet::new).insert(id);
        }
    }
    for (need, places) in places {
        assert_eq!(places.len(), 1, "{places:?}: {need}");
    }
    for (policy, _) in document.resources("AWS::IAM::ManagedPolicy") {
        assert!(
            users.get(policy).is_some_and(|users| users.len() > 1),
            "{policy} is for one function at most"
        );
    }
}

/// No policy is for all actions or all resources.
#[test]
fn policies_name_what_they_are_for() {
    let document = Document::read();
    let mut statements = 0;
    each_object(&document.section("Resources").clone().into(), &mut |object| {
        let Some(action) = object.get("Action").filter(|_| object.contains_key("Effect")) else { return };
        statements += 1;
        assert!(texts(action).iter().all(|action| !action.contains('*')), "{object:?}");
        for resource in object.get("Resource").map(many).unwrap_or_default() {
            // A connection has no name before it is opened.
            let named = resource.to_string().replace("/@connections/*", "");
            assert!(!named.contains('*'), "{object:?}");
        }
    });
    assert!(statements > 7, "there are more than {statements}");
}

/// Each function has a log that ends, limits, an alias, and a place in the private subnets.
#[test]
fn functions_are_whole() {
    let document = Document::read();
    let groups: BTreeMap<_, _> = document.resources("AWS::Logs::LogGroup").collect();
    let mut logs = BTreeSet::new();
    for (name, id, properties) in document.functions() {
        let log = text(&properties["LoggingConfig"]["LogGroup"]["Ref"]);
        assert_eq!(groups[log.as_str()]["RetentionInDays"], json!({"Ref": "LogRetentionDays"}), "{log}");
        assert!(logs.insert(log.clone()), "{log} is the log of {id} and of another one");
        for published_by in ["AutoPublishCodeSha256", "Description"] {
            let release = document.of_function(properties, published_by);
            assert_eq!(*release, json!({"Ref": "Release"}), "{id}: docs/decisions/014");
        }
        for needed in
            ["MemorySize", "Timeout", "AutoPublishAlias", "DeploymentPreference", "Tracing", "VpcConfig"]
        {
            assert!(!document.of_function(properties, needed).is_null(), "{id} has no {needed}");
        }
        assert!(checkout().join("functions").join(name).is_dir(), "{id} has the binary {name}");
    }
    assert_eq!(document.0["Globals"]["Function"]["LoggingConfig"]["LogFormat"], "JSON");
}

/// The schema is there before the code that needs it, and the migrator's ways before the migrator is called.
#[test]
fn migrations_come_before_new_code() {
    let document = Document::read();
    let resources = document.section("Resources");
    for (name, id, _) in document.functions().filter(|(name, ..)| *name != "migrator") {
        assert_eq!(resources[id]["DependsOn"], "Migrations", "{name}");
    }
    let migrations = &resources["Migrations"]["Properties"];
    assert_eq!(migrations["ServiceToken"], json!({"Fn::GetAtt": ["MigratorFunction", "Arn"]}));
    assert_eq!(migrations["Release"], json!({"Ref": "Release"}), "only a change has CloudFormation call it");
    let ways = ["AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation", "AWS::RDS::DBProxyTargetGroup"];
    let ways = ways.iter().flat_map(|kind| document.resources(kind));
    let ways: BTreeSet<_> = ways.map(|(id, _)| Reference::To(id.to_owned())).collect();
    let named = references(&migrations["Ways"]).into_iter();
    let named =
        named.filter(|reference| matches!(reference, Reference::To(id) if document.kind(id).is_some()));
    assert_eq!(named.collect::<BTreeSet<_>>(), ways);
    assert_eq!(ways.len(), 8, "{ways:?}");
}

/// Nobody but the migrator signs in as the owner of the tables, and each user has a secret of their own, which the proxy
/// knows, too.
#[test]
fn only_the_migrator_has_the_owners_credentials() {
    let document = Document::read();
    let resources = document.section("Resources");
    let knows = |value: &Value| {
        let text = value.to_string();
        let named = ["${DatabaseSecret}", "owner_url", "OWNER_DATABASE_URL"];
        named.iter().any(|name| text.contains(name))
            || references(value).contains(&Reference::To("DatabaseSecret".to_owned()))
    };
    assert!(!knows(&document.0["Globals"]));
    let who: Vec<_> = resources.iter().filter(|(_, resource)| knows(resource)).map(|(id, _)| &**id).collect();
    assert_eq!(who, ["Database", "DatabaseProxy", "DatabaseProxyRole", "MigratorFunction"]);

    let url = |variables: &Value, name: &str| text(&variables[name]["Fn::If"][1]["Fn::Sub"]);
    let functions = url(&document.0["Globals"]["Function"]["Environment"]["Variables"], "DATABASE_URL");
    let owner =
        url(&resources["MigratorFunction"]["Properties"]["Environment"]["Variables"], "OWNER_DATABASE_URL");
    for (url, secret) in [(functions, "FunctionsSecret"), (owner, "DatabaseSecret")] {
        let made = text(&resources[secret]["Properties"]["GenerateSecretString"]["SecretStringTemplate"]);
        let made: Value = serde_json::from_str(&made).unwrap();
        let start = format!(
            "postgres://{}:{{{{resolve:secretsmanager:${{{secret}}}:",
            made["username"].as_str().unwrap()
        );
        assert!(url.starts_with(&start), "{url}");
    }
    let both = ["DatabaseSecret", "FunctionsSecret"].map(|id| json!({"Ref": id}));
    let auth = list(&resources["DatabaseProxy"]["Properties"]["Auth"]).iter();
    assert_eq!(auth.map(|auth| auth["SecretArn"].clone()).collect::<Vec<_>>(), both);
    let policy = &resources["DatabaseProxyRole"]["Properties"]["Policies"][0]["PolicyDocument"];
    assert_eq!(policy["Statement"][0]["Resource"], json!(both));
}

/// Whatever calls a function may do so: SAM sees to it for events of the HTTP API and for schedules.
#[test]
fn apis_lead_to_functions() {
    let document = Document::read();
    for (_, id, properties) in document.functions() {
        for (name, event) in properties["Events"].as_object().into_iter().flatten() {
            match event["Type"].as_str().unwrap() {
                "HttpApi" => {
                    assert_eq!(event["Properties"]["ApiId"], json!({"Ref": "HttpApi"}), "{id} {name}")
                }
                kind => assert_eq!(kind, "ScheduleV2", "{id} {name}"),
            }
        }
    }
    let api = json!({"Ref": "WebSocketApi"});
    let mut keys = BTreeSet::new();
    for (id, route) in document.resources("AWS::ApiGatewayV2::Route") {
        assert_eq!(route["ApiId"], api, "{id}");
        assert_eq!(route["Target"], json!({"Fn::Sub": "integrations/${WebSocketIntegration}"}), "{id}");
        keys.insert(text(&route["RouteKey"]));
    }
    assert_eq!(keys, ["$connect", "$default", "$disconnect"].map(str::to_owned).into());
    let resources = document.section("Resources");
    let integration = &resources["WebSocketIntegration"]["Properties"];
    assert_eq!(integration["ApiId"], api);
    assert!(
        text(&integration["IntegrationUri"]["Fn::Sub"]).contains("/functions/${RealtimeFunction.Alias}/")
    );
    let permission = &resources["WebSocketPermission"]["Properties"];
    assert_eq!(permission["FunctionName"], json!({"Ref": "RealtimeFunction.Alias"}));
    assert!(text(&permission["SourceArn"]["Fn::Sub"]).ends_with(":${WebSocketApi}/${WebSocketStage}/*"));
}

/// An alarm watches a metric that exists, tells the topic, and says in the manual what to do.
#[test]
fn alarms_watch_what_there_is() {
    let document = Document::read();
    let own = document.own_metrics();
    let manual = fs::read_to_string(checkout().join("docs/operations.md")).unwrap();
    for (id, alarm) in document.resources("AWS::CloudWatch::Alarm") {
        for metric in metrics(alarm) {
            let (namespace, name) = (text(&metric["Namespace"]), text(&metric["MetricName"]));
            if namespace == NAMESPACE {
                assert!(own.contains(&name), "{id} watches {name}, which nobody writes");
                assert!(metric.get("Dimensions").is_none(), "{id}: our metrics have no dimensions");
            } else {
                assert!(is_metric_of_aws(&namespace, &name), "{id} watches {namespace} {name}");
            }
        }
        assert_eq!(alarm["AlarmActions"], json!([{"Ref": "AlarmTopic"}]), "{id}");
        assert!(alarm["TreatMissingData"].is_string(), "{id}");
        assert!(manual.contains(&format!("| `{id}` |")), "{id} is not in docs/operations.md");
    }
}

/// The alarms for errors see every function.
#[test]
fn failing_functions_are_noticed() {
    let document = Document::read();
    let alarms = document.resources("AWS::CloudWatch::Alarm").flat_map(|(_, alarm)| metrics(alarm));
    let watched: Vec<Value> = alarms
        .filter(|metric| metric["MetricName"] == "Errors")
        .map(|metric| metric["Dimensions"][0]["Value"].clone())
        .collect();
    for (_, id, properties) in document.functions() {
        let names = [json!({"Ref": id}), properties["FunctionName"].clone()];
        assert!(names.iter().any(|name| watched.contains(name)), "nobody notices when {id} fails");
    }
}

/// The dashboard is JSON whichever resources there are, and shows metrics that exist.
#[test]
fn dashboard_can_be_shown() {
    let document = Document::read();
    let own = document.own_metrics();
    let body = &document.section("Resources")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    for choice in [1, 2] {
        let mut text = text(&body[0]);
        for (name, value) in body[1].as_object().unwrap() {
            let chosen = &value["Fn::If"][choice];
            let chosen = chosen.get("Fn::Sub").unwrap_or(chosen).as_str().unwrap();
            text = text.replace(&format!("${{{name}}}"), chosen);
        }
        let shown: Value = serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{problem}: {text}"));
        let mut namespace = Value::Null;
        for metric in list(&shown["widgets"]).iter().flat_map(|widget| list(&widget["properties"]["metrics"]))
        {
            if metric[0] != "." {
                namespace = metric[0].clone();
            }
            let name = metric[1].as_str().unwrap_or_default();
            assert!(namespace != NAMESPACE || own.contains(name), "{name} is shown, but nobody writes it");
        }
    }
}

/// Something to start a function with.
fn value_of(variable: &str) -> String {
    let value = match variable {
        "DATABASE_URL" | "OWNER_DATABASE_URL" => "postgres://user:password@127.0.0.1:1/database",
        "LOG_LEVEL" => "info",
        "PING_INTERVAL_MS" | "PING_TIMEOUT_MS" => "1000",
        "RATE_LIMIT_MAX_REQUESTS" | "RATE_LIMIT_WINDOW_MS" => "1000",
        "DECISION_LINK_KEY" => "a key that is long enough to sign with",
        "FCM_SERVICE_ACCOUNT" => {
            return service_account(&Issuer::new("project").unwrap(), NOWHERE).unwrap().to_string();
        }
        "SMS_MAX_PRICE" => "0.10",
        "SMS_SENDER_ID" => "SENDER",
        "WHATSAPP_PHONE_NUMBER_ID" => "1001",
        "PUBLIC_BASE_URL" | "WEBSOCKET_API_ENDPOINT" => NOWHERE,
        _ => "there",
    };
    value.to_owned()
}

/// The metrics that an alarm watches.
fn metrics(alarm: &Value) -> Vec<&Value> {
    let Some(several) = alarm.get("Metrics") else { return vec![alarm] };
    list(several).iter().filter_map(|metric| metric.pointer("/MetricStat/Metric")).collect()
}

/// The HTTP method in the ARN of our connections.
fn method(arn: &Value) -> String {
    let arn = text(&arn["Fn::Sub"]);
    let ours = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/${WebSocketStage}/";
    let method = arn.strip_prefix(ours).and_then(|rest| rest.strip_suffix("/@connections/*"));
    method.unwrap_or_else(|| panic!("{arn} is not ours")).to_owned()
}

fn references(value: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    each_object(value, &mut |object| {
        let mut entries = object.iter();
        let (Some((key, argument)), None) = (entries.next(), entries.next()) else { return };
        match key.as_str() {
            "Ref" => drop(found.insert(Reference::of(argument.as_str().unwrap()))),
            "Fn::GetAtt" => drop(found.insert(Reference::Attribute(text(&argument[0]), text(&argument[1])))),
            "Fn::If" => drop(found.insert(Reference::Condition(text(&argument[0])))),
            "Condition" => found.extend(argument.as_str().map(|name| Reference::Condition(name.to_owned()))),
            "Fn::Sub" => {
                let (pattern, own) = match argument.as_array() {
                    Some(parts) => (&parts[0], parts[1].as_object()),
                    None => (argument, None),
                };
                let names = pattern.as_str().unwrap().split("${").skip(1);
                let names = names.map(|rest| rest.split('}').next().unwrap_or_default());
                let foreign =
                    |name: &&str| !name.starts_with('!') && !own.is_some_and(|own| own.contains_key(*name));
                found.extend(names.filter(foreign).map(Reference::of));
            }
            _ => {}
        }
    });
    found
}

/// Calls `visit` with every object in a value, the outer ones first.
fn each_object(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|part| each_object(part, visit));
        }
        Value::Array(parts) => parts.iter().for_each(|part| each_object(part, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Calls `visit` with every Rust file under a folder.
fn sources(folder: &Path, visit: &mut impl FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&fs::read_to_string(path).unwrap());
        }
    }
}

/// `!Ref a` is `{"Ref": "a"}`, and `!Sub a` is `{"Fn::Sub": "a"}`.
fn with_long_forms(value: Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let argument = with_long_forms(tagged.value);
            match (name, &argument) {
                ("Ref" | "Condition", _) => json!({ name: argument }),
                ("GetAtt", Value::String(path)) => {
                    let (id, attribute) = path.split_once('.').unwrap();
                    json!({"Fn::GetAtt": [id, attribute]})
                }
                _ => json!({ (format!("Fn::{name}")): argument }),
            }
        }
        Yaml::Sequence(parts) => parts.into_iter().map(with_long_forms).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.into_iter();
            entries.map(|(key, value)| (key.as_str().unwrap().to_owned(), with_long_forms(value))).collect()
        }
        plain @ (Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::String(_)) => {
            serde_json::to_value(plain).unwrap()
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The parts of a list, or the one thing that stands in its place.
fn many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |parts| parts.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    many(value).into_iter().map(text).collect()
}
