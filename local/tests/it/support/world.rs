//! Two societies. In Green Acres, flat 101 of block A has two residents and flat 102 one; there are
//! two guards, an admin, and an admin of block A; block B has a flat of its own. Blue Hills is somewhere else.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use stack::{Identity, Stack};
use tokio_postgres::Client;
use uuid::{Uuid, uuid};

use super::{Actor, eventually, logs};

pub const GREEN_ACRES: Uuid = uuid!("11111111-1111-1111-1111-111111111111");
pub const TOWER: Uuid = uuid!("22222222-2222-2222-2222-222222222222");
pub const BLOCK_A: Uuid = uuid!("33333333-3333-3333-3333-333333333333");
pub const FLAT_101: Uuid = uuid!("44444444-4444-4444-4444-444444444444");
pub const FLAT_102: Uuid = uuid!("44444444-4444-4444-4444-444444444102");
pub const FLAT_B1: Uuid = uuid!("44444444-4444-4444-4444-4444444444b1");
pub const BLUE_FLAT: Uuid = uuid!("44444444-4444-4444-4444-4444444444b2");
pub const GUARD_POST: Uuid = uuid!("66666666-6666-6666-6666-666666666661");
pub const SECOND_POST: Uuid = uuid!("66666666-6666-6666-6666-666666666662");
pub const BLUE_POST: Uuid = uuid!("66666666-6666-6666-6666-6666666666b2");

const PLACES: &str = include_str!("world.sql");

/// A running stack, and everybody in it.
pub struct World {
    pub stack: Stack,
    pub db: Client,
    http: reqwest::Client,
    pub guard: Actor,
    pub second_guard: Actor,
    /// First resident of flat 101.
    pub resident: Actor,
    /// Second resident of flat 101.
    pub spouse: Actor,
    /// Resident of flat 102.
    pub neighbour: Actor,
    /// Resident of flat B1, in the other block.
    pub far_neighbour: Actor,
    pub admin: Actor,
    pub block_admin: Actor,
    pub super_admin: Actor,
    pub blue_guard: Actor,
    pub blue_resident: Actor,
    pub blue_admin: Actor,
    /// Has a valid token and no role anywhere.
    pub stranger: Actor,
}

impl World {
    pub async fn open() -> Arc<Self> {
        logs::watch();
        Self::on(Stack::start().await.unwrap()).await
    }

    pub async fn on(stack: Stack) -> Arc<Self> {
        logs::watch();
        let db = stack.database().await.unwrap();
        db.batch_execute(PLACES).await.unwrap();
        let http = reqwest::Client::new();
        let actor = |number: u8, name: &str| {
            let uid = name.to_lowercase();
            let phone = format!("+91980000{number:04}");
            actor(&stack, &http, Identity::of(&uid).phone(&phone).name(name), user_id(number))
        };
        Arc::new(Self {
            guard: actor(1, "Gopal"),
            second_guard: actor(2, "Suresh"),
            resident: actor(3, "Asha"),
            spouse: actor(4, "Ravi"),
            neighbour: actor(5, "Meera"),
            far_neighbour: actor(6, "Farhan"),
            admin: actor(7, "Anita"),
            block_admin: actor(8, "Bela"),
            super_admin: actor(9, "Sunil"),
            blue_guard: actor(10, "Bhim"),
            blue_resident: actor(11, "Chitra"),
            blue_admin: actor(12, "Deepa"),
            stranger: actor(13, "Nobody"),
            stack,
            db,
            http,
        })
    }

    /// The guard logs a visitor for flat 101; answers the visitor's id.
    pub async fn log_visitor(&self) -> Uuid {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        // At once with another one of that name it is still another one.
        let key = Uuid::new_v4().to_string();
        let made = self.guard.send(Method::POST, "/v1/visitors", Some(body), Some(&key)).await.data(201);
        made["visitor"]["id"].as_str().unwrap().parse().unwrap()
    }

    /// The same in a crowd: who is refused for now asks again with the key, as the app does.
    pub async fn log_visitor_in_a_crowd(&self) {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101});
        let key = Uuid::new_v4().to_string();
        eventually("the visitor is logged", async || {
            let reply = self.guard.send(Method::POST, "/v1/visitors", Some(body.clone()), Some(&key)).await;
            assert!([200, 201, 503].contains(&reply.status), "{} {}", reply.status, reply.body);
            reply.status != 503
        })
        .await;
    }

    /// The resident answers for a visitor.
    pub async fn answer(&self, visitor: Uuid, decision: &str) {
        let path = format!("/v1/visitors/{visitor}/respond");
        self.resident.post(&path, json!({"decision": decision})).await.data(200);
    }

    /// A resident makes a pass for flat 101 that is valid now; answers the visitor.
    pub async fn make_pass(&self) -> Value {
        let body = json!({"visitor_name": "Leela", "phone": "9876543219", "flat_id": FLAT_101});
        self.resident.post("/v1/visitors/guest-pass", body).await.data(201)["visitor"].take()
    }

    /// Someone new, who has never called.
    pub fn newcomer(&self, identity: Identity) -> Actor {
        actor(&self.stack, &self.http, identity, Uuid::nil())
    }

    /// Someone without a token.
    pub fn nobody(&self) -> Actor {
        self.stranger.with_token("")
    }

    /// The epoch of all rooms.
    pub async fn epoch(&self) -> Uuid {
        self.db.query_one("SELECT epoch FROM room_epoch", &[]).await.unwrap().get(0)
    }

    /// One number from the database.
    pub async fn count(&self, sql: &str) -> i64 {
        self.db.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn actor(stack: &Stack, http: &reqwest::Client, identity: Identity, user_id: Uuid) -> Actor {
    Actor {
        http: http.clone(),
        base_url: stack.base_url().to_owned(),
        websocket_url: stack.websocket_url(),
        token: stack.issuer().token(&identity).unwrap(),
        user_id,
    }
}

fn user_id(number: u8) -> Uuid {
    Uuid::from_u128(0x55555555_5555_5555_5555_555555555500 + u128::from(number))
}
