//! Who may do what: every endpoint, called by everybody, on things of one flat of one society.
//!
//! What each person is answered stands in the `catalogue` of the endpoint's function. People without a part in the society
//! get 404, people with a part but not the role get 403. An endpoint that is in no catalogue fails the test.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};
use shared::catalogue::{LINK_TOKEN, PEOPLE, Person};
use stack::{Identity, checkout, own_template};
use tasks::catalogue::{Endpoint, endpoints, renewed};
use uuid::Uuid;

use crate::support::{
    Actor, Reply, World,
    world::{BLOCK_A, FLAT_101},
};

/// The number in the examples.
const EXAMPLE_PHONE: &str = "+919876543210";

impl World {
    pub fn people(&self) -> [&Actor; 12] {
        [
            &self.guard,
            &self.resident,
            &self.spouse,
            &self.neighbour,
            &self.far_neighbour,
            &self.admin,
            &self.block_admin,
            &self.super_admin,
            &self.blue_guard,
            &self.blue_resident,
            &self.blue_admin,
            &self.stranger,
        ]
    }

    /// Who that is here; a newcomer is another one each time.
    fn person(&self, person: Person) -> Actor {
        match person {
            Person::Guard => self.guard.clone(),
            Person::Resident => self.resident.clone(),
            Person::Admin => self.admin.clone(),
            Person::SuperAdmin => self.super_admin.clone(),
            Person::Newcomer => self.newcomer(Identity::of(&format!("newcomer-{}", Uuid::new_v4()))),
        }
    }

    /// Calls an endpoint as its example does, after what it needs was made, freshly for each call.
    async fn call_of(&self, all: &[Endpoint], operation: &str, actor: &Actor) -> Reply {
        let endpoint = all.iter().find(|one| one.operation == operation).unwrap();
        let body = endpoint.entry.body.as_ref().or(endpoint.body.as_ref());
        let mut request = json!([endpoint.path, body]).to_string();
        if let Some(given) = &endpoint.entry.given {
            if given.by == "report_emergency" {
                // No flat has more than three.
                let all = json!({"flat_id": FLAT_101});
                self.guard.post("/v1/emergencies/resolve", all).await.data(200);
            }
            let maker = all.iter().find(|one| one.operation == given.by).unwrap();
            let caller = self.person(maker.entry.caller);
            let made = Box::pin(self.call_of(all, given.by, &caller)).await.expect(maker.entry.status());
            if let Some((pointer, example)) = given.named {
                let id = made.pointer(pointer).and_then(Value::as_str);
                let id = id.unwrap_or_else(|| panic!("{} answered {made}", given.by));
                let name = match example {
                    LINK_TOKEN => {
                        self.stack.decision_token(id.parse().unwrap(), actor.user_id).await.unwrap()
                    }
                    _ => id.to_owned(),
                };
                let is_named = request.contains(example) || endpoint.entry.body.is_some();
                assert!(is_named, "{operation} has no {example}");
                request = request.replace(example, &name);
            }
        }
        // Nobody is logged twice, and no number is invited more than five times.
        let phone = format!("+9198765{:05}", Uuid::new_v4().as_u128() % 100_000);
        let request: (String, Option<Value>) =
            serde_json::from_str(&renewed(request.replace(EXAMPLE_PHONE, &phone))).unwrap();
        self.send_as_shown(endpoint, request, actor).await
    }

    async fn send_as_shown(
        &self,
        endpoint: &Endpoint,
        (path, mut body): (String, Option<Value>),
        actor: &Actor,
    ) -> Reply {
        if let Some(token) = body.as_mut().and_then(|body| body.get_mut("idToken")) {
            *token = json!(actor.token);
        }
        let path = match endpoint.entry.query {
            "" => path,
            query => format!("{path}?{query}"),
        };
        let actor = if endpoint.is_open { &actor.with_token("") } else { actor };
        actor.send(endpoint.method.parse().unwrap(), &path, body, None).await
    }
}

/// What the guard is answered to everything that there is.
pub async fn everything_as_the_guard(world: &World) -> Vec<Reply> {
    let (all, mut replies) = (endpoints(), Vec::new());
    world.approve_templates().await;
    for endpoint in &all {
        replies.push(world.call_of(&all, &endpoint.operation, &world.guard).await);
    }
    replies
}

/// Every endpoint answers everybody as its catalogue says.
#[tokio::test]
async fn everybody_is_answered_as_the_table_says() {
    let world = World::open().await;
    world.approve_templates().await;
    let (all, mut wrong) = (endpoints(), Vec::new());
    for endpoint in &all {
        for ((actor, name), expected) in world.people().into_iter().zip(PEOPLE).zip(endpoint.entry.answers) {
            let reply = world.call_of(&all, &endpoint.operation, actor).await;
            if reply.status != expected {
                wrong.push(format!(
                    "{} as {name}: expected {expected}, got {} {}",
                    reply.call, reply.status, reply.body
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without a valid token nothing is answered and nothing is written.
#[tokio::test]
async fn no_endpoint_opens_without_a_valid_token() {
    use stack::issuer::forge;
    let world = World::open().await;
    let issuer = world.stack.issuer();
    let guard = Identity::of("gopal");
    let tokens = [
        ("no token", String::new(), "TOKEN_MISSING"),
        ("rubbish", "rubbish".into(), "TOKEN_INVALID"),
        ("expired", issuer.token(&guard.clone().ttl(-1)).unwrap(), "TOKEN_EXPIRED"),
        ("of another project", forge::wrong_project(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("unsigned", forge::unsigned(issuer, &guard), "TOKEN_INVALID"),
        ("signed with a secret", forge::hs256(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("signed with another key", forge::wrong_key(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("of an unknown key", forge::unknown_key(issuer, &guard).unwrap(), "TOKEN_INVALID"),
        ("tampered with", forge::tampered(issuer, &guard).unwrap(), "TOKEN_INVALID"),
    ];
    for endpoint in endpoints().iter().filter(|endpoint| !endpoint.is_open) {
        for (_, token, code) in &tokens {
            let actor = world.guard.with_token(token.clone());
            let request = (endpoint.path.clone(), endpoint.body.clone());
            world.send_as_shown(endpoint, request, &actor).await.refused(401, code);
        }
    }
    for (name, token, code) in &tokens[1..] {
        let body = json!({"idToken": token});
        world.nobody().post("/v1/auth/firebase", body).await.refused(401, code);
        let refused = world.guard.with_token(token.clone()).try_connect().await.err();
        assert_eq!(refused, Some(401), "a WebSocket with a token {name}");
    }
    assert_eq!(world.count("SELECT count(*) FROM firebase_auth_audit").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM visitors").await, 0);
}

/// A route that the template has and no catalogue would be unguarded by this test. Those that ask for no token are these
/// alone.
#[test]
fn every_route_is_in_a_catalogue() {
    let all = endpoints();
    let known: BTreeSet<(&str, &str)> = all.iter().map(|one| (&*one.method, &*one.route)).collect();
    let template = own_template().unwrap();
    let routes = template.functions.iter().flat_map(|function| &function.routes);
    let routes: BTreeSet<(&str, &str)> = routes.map(|route| (&*route.method, &*route.path)).collect();
    assert_eq!(known, routes);
    for function in tasks::openapi::functions() {
        for entry in function.catalogue {
            let is_its = |one: &Endpoint| one.function == function.name && one.operation == entry.operation;
            assert!(all.iter().any(is_its), "functions/{} has no {}", function.name, entry.operation);
        }
    }
    let open: BTreeSet<_> = all.iter().filter(|one| one.is_open).map(|one| &*one.operation).collect();
    assert_eq!(
        open,
        ["decide", "get_health", "show_decide_page", "show_visitor", "sign_in", "sign_in_guard"].into()
    );
}

/// A story names the path of each endpoint, so an endpoint without any is noticed. Another name of one needs none.
#[test]
fn every_path_is_in_a_story() {
    // Its stories name both steps as `{step}`.
    let mut asked = BTreeSet::from(["/v1/emergencies/{id}/resolve".to_owned()]);
    for folder in ["local/tests/it", "local/tests/it/support"] {
        for file in fs::read_dir(checkout().join(folder)).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&file).unwrap();
                let quoted = text.split('"').filter(|quoted| quoted.starts_with('/'));
                asked.extend(quoted.map(|path| path.split('?').next().unwrap_or(path).to_owned()));
            }
        }
    }
    let is_of = |path: &str, route: &str| {
        let (path, route): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), route.split('/').collect());
        let parts = || route.iter().zip(&path);
        path.len() == route.len()
            && parts().all(|(of, part)| of == part || of.starts_with('{') && !part.is_empty())
    };
    let all = endpoints();
    let first = all.iter().filter(|one| one.operation == one.entry.operation);
    let unasked: BTreeSet<&str> =
        first.map(|one| &*one.route).filter(|route| !asked.iter().any(|path| is_of(path, route))).collect();
    assert!(unasked.is_empty(), "no story asks for {unasked:?}");
}

/// Lists hold what the caller's roles reach and nothing else.
#[tokio::test]
async fn lists_end_where_the_role_ends() {
    let world = World::open().await;
    world.log_visitor().await;
    let blue =
        json!({"visitor_name": "Zubin", "phone": "9876543211", "flat_id": crate::support::world::BLUE_FLAT});
    world.blue_guard.post("/v1/visitors", blue).await.data(201);
    let far =
        json!({"visitor_name": "Omar", "phone": "9876543212", "flat_id": crate::support::world::FLAT_B1});
    world.guard.post("/v1/visitors", far).await.data(201);
    let expected: [&[&str]; 12] = [
        &["Omar", "Kiran"],
        &["Kiran"],
        &["Kiran"],
        &[],
        &["Omar"],
        &["Omar", "Kiran"],
        &["Kiran"],
        &["Omar", "Zubin", "Kiran"],
        &["Zubin"],
        &["Zubin"],
        &["Zubin"],
        &[],
    ];
    for ((actor, name), expected) in world.people().into_iter().zip(PEOPLE).zip(expected) {
        let list = actor.get("/v1/visitors").await.data(200);
        let names: Vec<&str> =
            list.as_array().unwrap().iter().map(|v| v["visitor_name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "as {name}");
    }
}

/// Who lives in a flat is told only to those with a part in the society.
#[tokio::test]
async fn names_of_residents_stay_in_the_society() {
    let world = World::open().await;
    let path = format!("/v1/flats?block_id={BLOCK_A}");
    assert_eq!(world.neighbour.get(&path).await.data(200)[0]["resident_name"], "Asha");
    for outsider in [&world.stranger, &world.blue_admin] {
        let flat = outsider.get(&path).await.data(200)[0].take();
        for field in ["resident_name", "is_occupied", "occupancy_role"] {
            assert_eq!(flat[field], json!(null), "{field}");
        }
    }
}

/// A revoked role, a closed occupancy, a deactivated guard: each stops working with the next request.
#[tokio::test]
async fn a_role_that_ended_stops_working_at_once() {
    let world = World::open().await;
    let visitor = world.log_visitor().await;
    let path = format!("/v1/visitors/{visitor}");
    for (actor, end) in [
        (&world.admin, "UPDATE role_assignments SET revoked_at = now() WHERE role = 'society_admin'"),
        (&world.spouse, "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE role = 'tenant'"),
        (&world.resident, "DELETE FROM role_assignments WHERE role = 'resident'"),
        (
            &world.second_guard,
            "UPDATE guards SET active = false WHERE id <> '66666666-6666-6666-6666-666666666661'",
        ),
        (&world.guard, "DELETE FROM role_assignments WHERE role = 'guard'"),
    ] {
        actor.get(&path).await.data(200);
        world.db.batch_execute(end).await.unwrap();
        actor.get(&path).await.refused(404, "NOT_FOUND");
    }
}
