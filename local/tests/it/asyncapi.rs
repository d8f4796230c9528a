//! `docs/asyncapi.yaml` says what is sent: no event is left out, and its fields are the described ones.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use stack::checkout;

use crate::support::{
    Client, World, eventually,
    story::{flat_room, society_room},
    world::{FLAT_101, GREEN_ACRES},
};

/// The description.
struct Document(Value);

impl Document {
    fn read() -> Self {
        let text = fs::read_to_string(checkout().join("docs/asyncapi.yaml")).unwrap();
        Self(serde_yaml_ng::from_str(&text).unwrap())
    }

    fn messages(&self) -> &Map<String, Value> {
        self.0["components"]["messages"].as_object().unwrap()
    }

    /// Events, which are the messages whose payload is a frame of our own protocol.
    fn events(&self) -> BTreeSet<&str> {
        let frame = json!({"$ref": "#/components/schemas/frame"});
        let events = self.messages().iter().filter(|(_, message)| message["payload"]["allOf"][0] == frame);
        events.map(|(name, _)| name.as_str()).collect()
    }

    /// Fails unless a payload is as the message of this name describes it.
    #[track_caller]
    fn assert_describes(&self, message: &str, payload: &Value) {
        let schema = self.messages().get(message).map(|message| &message["payload"]);
        let mut problems = Vec::new();
        self.check(
            schema.unwrap_or_else(|| panic!("{message} is not described")),
            payload,
            "",
            &mut problems,
        );
        assert!(problems.is_empty(), "{message}: {problems:?} in {payload}");
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(path) => self.resolve(self.0.pointer(path.trim_start_matches('#')).expect(path)),
            None => schema,
        }
    }

    /// All parts of a schema that hold together.
    fn parts<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        let all = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| self.parts(part));
        std::iter::once(schema).chain(all).collect()
    }

    /// As much of JSON Schema as the description needs; fields that it does not name are problems, too.
    fn check(&self, schema: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
        let parts = self.parts(schema);
        let mut complain = |what: &str| problems.push(format!("{place}: {what}"));
        for part in &parts {
            let types =
                part.get("type").map(|one| one.as_array().map_or(vec![one], |all| all.iter().collect()));
            if types.is_some_and(|types| !types.iter().any(|name| is(value, name.as_str().unwrap()))) {
                complain("is of another type");
            }
            if part.get("const").is_some_and(|only| only != value) {
                complain("is another value");
            }
            if part["enum"].as_array().is_some_and(|values| !values.contains(value)) {
                complain("is none of the values");
            }
            for name in part["required"].as_array().into_iter().flatten() {
                if value.get(name.as_str().unwrap()).is_none() {
                    complain(&format!("lacks {name}"));
                }
            }
        }
        for (name, field) in value.as_object().into_iter().flatten() {
            let described: Vec<_> = parts.iter().filter_map(|part| part["properties"].get(name)).collect();
            if described.is_empty() && parts.iter().any(|part| part.get("properties").is_some()) {
                problems.push(format!("{place}: {name} is not described"));
            }
            described
                .iter()
                .for_each(|schema| self.check(schema, field, &format!("{place}.{name}"), problems));
        }
        for (index, element) in value.as_array().into_iter().flatten().enumerate() {
            let items = parts.iter().find_map(|part| part.get("items"));
            let items = items.map(|items| items.as_array().map_or(Some(items), |items| items.get(index)));
            if let Some(schema) = items.flatten() {
                self.check(schema, element, &format!("{place}[{index}]"), problems);
            }
        }
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("what is {name}?"),
    }
}

/// All `.sql` files of a folder.
fn statements(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { statements(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "sql")).collect()
}

/// The names of the events that a statement emits: the second arguments of `emit`.
fn emitted(sql: &str) -> impl Iterator<Item = &str> {
    let arguments = sql.split("emit(").skip(1).map(|call| call.split(',').nth(1).unwrap().trim());
    let calls = arguments.filter(|argument| *argument != "p_event text");
    calls.map(|name| {
        let quoted = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
        quoted.unwrap_or_else(|| panic!("an event has its name where it is emitted, not {name}"))
    })
}

/// Whatever a statement emits is described, in both protocols.
#[test]
fn every_event_is_described() {
    let document = Document::read();
    let described = document.events();
    for file in ["functions", "migrations"].iter().flat_map(|folder| statements(&checkout().join(folder))) {
        for event in emitted(&fs::read_to_string(&file).unwrap()) {
            assert!(described.contains(event), "{event} of {} is not in docs/asyncapi.yaml", file.display());
        }
    }
    for event in described {
        for (channel, message) in [("native", event.to_owned()), ("socket_io", format!("socket_io_{event}"))]
        {
            let listed = &document.0["channels"][channel]["messages"][event];
            assert_eq!(*listed, json!({"$ref": format!("#/components/messages/{message}")}));
        }
    }
}

/// The tables of the guide list the same events with the same fields, and the same error codes.
#[test]
fn the_guide_says_the_same() {
    let document = Document::read();
    let schemas = &document.0["components"]["schemas"];
    let guide = fs::read_to_string(checkout().join("docs/realtime.md")).unwrap();
    let (mut events, mut codes) = (BTreeSet::new(), Vec::new());
    for row in guide.lines().filter_map(|line| line.strip_prefix("| `")) {
        let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
        let name = cells[0].trim_end_matches('`');
        if document.events().contains(name) {
            let listed: BTreeSet<_> = cells[3].split(", ").flat_map(|field| field.split(" or ")).collect();
            let described = schemas[name]["properties"].as_object().unwrap();
            assert_eq!(listed, described.keys().map(String::as_str).collect(), "{name}");
            events.insert(name);
        } else if name.starts_with(|first: char| first.is_ascii_uppercase()) {
            codes.push(json!(name));
        }
    }
    assert_eq!(events, document.events());
    assert_eq!(json!(codes), schemas["error"]["properties"]["code"]["enum"]);
}

/// What is shown is what is described.
#[test]
fn examples_are_as_described() {
    let document = Document::read();
    for (name, message) in document.messages() {
        let examples = message["examples"].as_array();
        assert_eq!(
            examples.is_some(),
            message.get("payload").is_some(),
            "{name} has a payload or no example"
        );
        for example in examples.into_iter().flatten() {
            document.assert_describes(name, &example["payload"]);
        }
    }
}

/// A whole day is told as it is described, in both protocols.
#[tokio::test]
async fn what_is_told_is_as_described() {
    let (world, document) = (World::open().await, Document::read());
    let (mut flat, mut gate) = (world.resident.connect().await, world.guard.connect().await);
    let mut apps =
        [Client::app(&world.resident, "flat", FLAT_101), Client::app(&world.guard, "society", GREEN_ACRES)];
    for app in &mut apps {
        app.saw("connected").await;
        document.assert_describes("socket_io_room_joined", &json!(app.next().await));
    }
    document.assert_describes("room_joined", &flat.join("flat", FLAT_101).await);
    document.assert_describes("room_joined", &gate.join("society", GREEN_ACRES).await);
    world.live_through_a_day().await;
    // A phone rings, and nobody answers.
    world.resident.register_phone("asha-phone").await;
    let visitor = world.log_visitor().await;
    world.all_is_sent().await;
    world.let_deadline_pass(visitor).await;
    world.watch().await;
    eventually("all is pushed", async || world.is_up_to_date().await).await;

    let mut told = BTreeSet::new();
    for frame in flat.heard().await.into_iter().chain(gate.heard().await) {
        let event = frame["event"].as_str().unwrap();
        document.assert_describes(event, &frame);
        told.insert(event.to_owned());
    }
    assert_eq!(told, document.events().into_iter().map(str::to_owned).collect());
    for (room, app) in [flat_room(), society_room()].iter().zip(&mut apps) {
        for _ in world.told_in(room).await {
            let (event, payload) = app.next().await;
            document.assert_describes(&format!("socket_io_{event}"), &json!([event, payload]));
        }
        app.tell("leave").await;
        document.assert_describes("socket_io_room_left", &json!(app.next().await));
    }
}

/// So is what a client is answered that asks, and one that asks for what there is not.
#[tokio::test]
async fn answers_are_as_described() {
    let (world, document) = (World::open().await, Document::read());
    let mut flat = world.resident.connect().await;
    flat.join("flat", FLAT_101).await;
    for (message, answer) in [
        (json!({"action": "ping"}), "pong"),
        (json!({"action": "leave_room", "room_type": "flat", "room_id": FLAT_101}), "room_left"),
        (json!({"action": "join_room", "room_type": "society", "room_id": GREEN_ACRES}), "error"),
        (json!({"action": "join_room", "room_type": "tower", "since": "1"}), "error"),
        (json!({"action": "shout"}), "error"),
        (json!([]), "error"),
    ] {
        flat.send(message).await;
        document.assert_describes(answer, &flat.event(answer).await);
    }
    for actor in [&world.resident, &world.neighbour] {
        let mut app = Client::app_with(actor, "flat", FLAT_101, json!({"ack": true}));
        app.saw("connected").await;
        let answer = app.saw("acknowledged").await;
        document.assert_describes(answer["event"].as_str().unwrap(), &answer);
    }
}
