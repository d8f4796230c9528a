//! Who may make whom an admin: nobody above or outside of their own scope, and somebody always is one.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shared::catalogue::PEOPLE;
use stack::Identity;
use tasks::catalogue::{endpoints, fresh};
use uuid::Uuid;

use crate::support::{
    Actor, World,
    world::{BLOCK_A, FLAT_101, GREEN_ACRES, TOWER},
};

const BLUE_HILLS: &str = "11111111-1111-1111-1111-1111111111b2";
const HILL_ONE: &str = "22222222-2222-2222-2222-2222222222b2";
const BLOCK_B: &str = "33333333-3333-3333-3333-33333333333b";
const BLOCK_H: &str = "33333333-3333-3333-3333-3333333333b2";
const BLUE_FLAT: &str = "44444444-4444-4444-4444-4444444444b2";

/// Where somebody belongs, and whether they administer the whole of it.
fn stands(name: &str) -> (Option<&'static str>, bool) {
    match name {
        "super admin" => (None, true),
        "admin" => (Some("green"), true),
        "blue admin" => (Some("blue"), true),
        "blue guard" | "blue resident" => (Some("blue"), false),
        "stranger" => (None, false),
        _ => (Some("green"), false),
    }
}

/// What they are answered who ask for something of a society that takes its admin.
fn expected(name: &str, of: Option<&str>, done: u16) -> u16 {
    match (stands(name), of) {
        ((None, true), _) => done,
        // Of everything.
        (_, None) => 403,
        ((Some(own), true), Some(of)) if own == of => done,
        ((Some(own), false), Some(of)) if own == of => 403,
        _ => 404,
    }
}

async fn newcomer(world: &World) -> (Actor, String) {
    let actor = world.newcomer(Identity::of(&format!("newcomer-{}", Uuid::new_v4())));
    let me = actor.get("/v1/profile/me").await.data(200);
    (actor, me["user"]["id"].as_str().unwrap().to_owned())
}

/// Every person tries to grant every role in every scope, to somebody and to themselves: what reaches beyond their own scope
/// is refused, and grants nothing.
#[tokio::test]
async fn nobody_grants_beyond_their_own_scope() {
    let world = World::open().await;
    let (_, somebody) = newcomer(&world).await;
    let green = GREEN_ACRES.to_string();
    let block_a = BLOCK_A.to_string();
    // The society of the scope; nothing is there where a role is asked for a place of another kind.
    let scopes: [(&str, Option<&str>, Option<&str>, bool); 10] = [
        ("society_admin", Some(&green), Some("green"), true),
        ("society_admin", Some(BLUE_HILLS), Some("blue"), true),
        ("society_admin", Some(&block_a), None, false),
        ("society_admin", Some(BLUE_FLAT), None, false),
        ("block_admin", Some(&block_a), Some("green"), true),
        ("block_admin", Some(BLOCK_B), Some("green"), true),
        ("block_admin", Some(BLOCK_H), Some("blue"), true),
        ("block_admin", Some(&green), None, false),
        ("block_admin", Some(HILL_ONE), None, false),
        ("super_admin", None, None, true),
    ];
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (actor, name) in world.people().into_iter().zip(PEOPLE) {
        for (role, scope, of, is_there) in scopes {
            let status = if is_there { expected(name, of, 201) } else { 404 };
            let own = actor.user_id.to_string();
            for target in [somebody.as_str(), own.as_str()] {
                let before = world.count("SELECT count(*) FROM role_assignments").await;
                let body = json!({"role": role, "scope_id": scope, "user_id": target});
                let reply = actor.send(Method::POST, "/v1/admin/roles", Some(body), None).await;
                let granted = world.count("SELECT count(*) FROM role_assignments").await - before;
                tried += 1;
                // What is held already is answered with 200, and not granted again.
                let fits = if status == 201 {
                    (reply.status, granted) == (201, 1) || (reply.status, granted) == (200, 0)
                } else {
                    (reply.status, granted) == (status, 0)
                };
                if !fits {
                    wrong.push(format!(
                        "{name} grants {role} at {scope:?}: {status} expected, {} {granted}",
                        reply.status
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(tried, 240);
    // Posts and homes bring the other roles.
    for role in ["guard", "resident", "owner"] {
        let body = json!({"role": role, "scope_id": GREEN_ACRES, "user_id": somebody});
        world.super_admin.post("/v1/admin/roles", body).await.refused(400, "VALIDATION_FAILED");
    }
}

/// All that an admin may do and read in Green Acres, tried by everybody in Blue Hills: its own people are answered there as
/// those of Green Acres are at home, and nobody else finds anything.
#[tokio::test]
async fn nothing_of_another_society_is_there() {
    let world = World::open().await;
    let (green, tower, block, flat) =
        (GREEN_ACRES.to_string(), TOWER.to_string(), BLOCK_A.to_string(), FLAT_101.to_string());
    let known = [(&*green, BLUE_HILLS), (&*tower, HILL_ONE), (&*block, BLOCK_H), (&*flat, BLUE_FLAT)];
    let place = |name: &str| PEOPLE.iter().position(|one| *one == name).unwrap();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for endpoint in endpoints().iter().filter(|one| one.function == "admin") {
        let is_of_a_place = known.iter().any(|(id, _)| {
            endpoint.path.contains(id)
                || endpoint.body.as_ref().is_some_and(|body| body.to_string().contains(id))
        });
        // What was made before has ids of its own, and a role needs somebody to grant it to; other tables try these.
        let is_of_another = endpoint.entry.given.as_ref().is_some_and(|given| given.named.is_some());
        if !is_of_a_place || is_of_another || endpoint.operation == "grant_role" {
            continue;
        }
        for (actor, name) in world.people().into_iter().zip(PEOPLE) {
            let new = fresh();
            let new = new.iter().map(|(example, value)| (*example, value.as_str()));
            let (path, body) = endpoint.request(&known.into_iter().chain(new).collect::<Vec<_>>());
            // Those of Green Acres are here what those of Blue Hills are there.
            let at_home = match name {
                "blue admin" => "admin",
                "blue guard" => "guard",
                "blue resident" => "resident",
                "super admin" | "stranger" => name,
                _ => "blue admin",
            };
            let status = endpoint.entry.answers[place(at_home)];
            let reply = actor.send(endpoint.method.parse().unwrap(), &path, body, None).await;
            tried += 1;
            if reply.status != status {
                wrong.push(format!(
                    "{} as {name}: {status} expected, got {} {}",
                    reply.call, reply.status, reply.body
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried >= 190, "only {tried} were tried");
}

impl World {
    /// The roles of Green Acres, as its admin lists them.
    async fn roles(&self, query: &str) -> Vec<Value> {
        let path = format!("/v1/admin/societies/{GREEN_ACRES}/roles{query}");
        self.super_admin.get(&path).await.data(200).as_array().unwrap().clone()
    }

    async fn grant(&self, role: &str, scope: Option<Uuid>, user: &str) -> String {
        let body = json!({"role": role, "scope_id": scope, "user_id": user});
        self.super_admin.post("/v1/admin/roles", body).await.data(201)["id"].as_str().unwrap().to_owned()
    }
}

/// Two admins revoke each other at once, again and again: one of them stays, and so does one super admin.
#[tokio::test]
async fn somebody_is_always_an_admin() {
    let world = World::open().await;
    let own = world.roles("?role=society_admin").await;
    let alone = own[0]["id"].as_str().unwrap().to_owned();
    let refused = world.admin.post(&format!("/v1/admin/roles/{alone}/revoke"), json!({})).await;
    assert_eq!(refused.refused(409, "WRONG_STATE")["data"]["status"], "last_admin");
    for (role, scope) in [("society_admin", Some(GREEN_ACRES)), ("super_admin", None)] {
        let mut first = world.roles(&format!("?role={role}")).await[0]["id"].as_str().unwrap().to_owned();
        let mut both = 0;
        for _ in 0..10 {
            let (_, user) = newcomer(&world).await;
            let body = json!({"role": role, "scope_id": scope, "user_id": user});
            // Who is left may be anybody, so the operator grants.
            let insert = "INSERT INTO role_assignments (user_id, role, scope_type, scope_id) VALUES ($1, $2, $3, $4) RETURNING id";
            let kind = if scope.is_some() { "society" } else { "global" };
            let user: Uuid = body["user_id"].as_str().unwrap().parse().unwrap();
            let second: Uuid =
                world.db.query_one(insert, &[&user, &role, &kind, &scope]).await.unwrap().get(0);
            let second = second.to_string();
            let by = |id: &str| {
                let (actor, path) = (world.super_admin.clone(), format!("/v1/admin/roles/{id}/revoke"));
                async move { actor.post(&path, json!({})).await }
            };
            let (one, other) = tokio::join!(by(&first), by(&second));
            // Who has revoked their own role first is nobody to revoke the other.
            let statuses = [one.status, other.status];
            assert_eq!(
                statuses.iter().filter(|status| **status == 200).count(),
                1,
                "{} {}",
                one.body,
                other.body
            );
            both += usize::from(statuses.contains(&409));
            let left = "SELECT r.id FROM role_assignments r WHERE r.role = $1 AND r.revoked_at IS NULL
                        AND r.scope_id IS NOT DISTINCT FROM $2";
            let left = world.db.query(left, &[&role, &scope]).await.unwrap();
            assert_eq!(left.len(), 1, "{role}");
            first = left[0].get::<_, Uuid>(0).to_string();
            if role == "super_admin" {
                // So that they can go on.
                let again = "INSERT INTO role_assignments (user_id, role, scope_type) VALUES ($1, 'super_admin', 'global') RETURNING id";
                let held = "SELECT id FROM role_assignments WHERE user_id = $1 AND role = 'super_admin' AND revoked_at IS NULL";
                let own = world.db.query_opt(held, &[&world.super_admin.user_id]).await.unwrap();
                if own.is_none() {
                    let own: Uuid =
                        world.db.query_one(again, &[&world.super_admin.user_id]).await.unwrap().get(0);
                    let end = "UPDATE role_assignments SET revoked_at = now() WHERE id = $1::text::uuid";
                    world.db.execute(end, &[&first]).await.unwrap();
                    first = own.to_string();
                }
            }
        }
        assert!(both > 0, "{role}: they never met");
    }
}

/// Two who grant the same at once grant it once, and both are answered with the one role.
#[tokio::test]
async fn a_role_is_granted_once() {
    let world = World::open().await;
    let (_, user) = newcomer(&world).await;
    let body = json!({"role": "block_admin", "scope_id": BLOCK_A, "user_id": user});
    let replies = join_all((0..8).map(|place| {
        let actor = if place % 2 == 0 { &world.admin } else { &world.super_admin };
        actor.post("/v1/admin/roles", body.clone())
    }))
    .await;
    let mut statuses = BTreeMap::<u16, usize>::new();
    replies.iter().for_each(|reply| *statuses.entry(reply.status).or_default() += 1);
    assert_eq!(statuses, BTreeMap::from([(200, 7), (201, 1)]));
    assert!(replies.windows(2).all(|pair| pair[0].body["data"]["id"] == pair[1].body["data"]["id"]));
    assert_eq!(world.count("SELECT count(*) FROM audit_logs WHERE action = 'role.grant'").await, 1);
}

/// An admin whose role another admin revoked is one no more with their next call, and hears nothing from the next event on.
#[tokio::test]
async fn a_revoked_admin_reads_and_hears_nothing_more() {
    let world = World::open().await;
    let (second, user) = newcomer(&world).await;
    let role = world.grant("society_admin", Some(GREEN_ACRES), &user).await;
    let (mut stays, mut leaves) = (world.admin.connect().await, second.connect().await);
    stays.join("society", GREEN_ACRES).await;
    leaves.join("society", GREEN_ACRES).await;
    world.make_pass().await;
    stays.event("guest_pass_created").await;
    leaves.event("guest_pass_created").await;
    let path = format!("/v1/admin/roles/{role}/revoke");
    world.admin.post(&path, json!({})).await.data(200);
    let again = world
        .admin
        .send(Method::POST, &path, Some(json!({})), Some("again"))
        .await
        .refused(409, "WRONG_STATE");
    assert_eq!(again["data"]["status"], "revoked");
    world.make_pass().await;
    stays.event("guest_pass_created").await;
    assert!(leaves.heard().await.is_empty());
    second.get(&format!("/v1/admin/societies/{GREEN_ACRES}")).await.refused(404, "NOT_FOUND");
    let details = "SELECT details FROM audit_logs WHERE action = 'role.revoke'";
    let details: Value = world.db.query_one(details, &[]).await.unwrap().get(0);
    assert_eq!((&details["before"]["user_id"], &details["after"]), (&json!(user), &json!(null)));
}

/// The list names who holds what since when by whom, and is searched by name and by number.
#[tokio::test]
async fn admins_are_listed_and_found() {
    let world = World::open().await;
    let all = world.roles("").await;
    let named: Vec<_> = all.iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 3, "{named:?}");
    assert_eq!(world.roles("?role=block_admin").await[0]["scope_name"], "Block A");
    for (q, name) in [("ani", "Anita"), ("%2B9198000000", ""), ("9800000008", "Bela"), ("SUN", "Sunil")] {
        let found = world.roles(&format!("?q={q}")).await;
        if name.is_empty() {
            assert_eq!(found.len(), 3);
        } else {
            assert_eq!(found.iter().map(|role| &role["name"]).collect::<Vec<_>>(), [name], "{q}");
        }
    }
    // Who administers everything is told to those who do, too.
    let path = format!("/v1/admin/societies/{GREEN_ACRES}/roles");
    assert_eq!(world.admin.get(&path).await.data(200).as_array().unwrap().len(), 2);
    let (_, user) = newcomer(&world).await;
    world.grant("block_admin", Some(BLOCK_A), &user).await;
    let newest = &world.roles("?limit=1").await[0];
    assert_eq!((&newest["user_id"], &newest["granted_by_name"]), (&json!(user), &json!("Sunil")));
}
