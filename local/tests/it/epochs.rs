//! A database that goes back to an earlier moment gives numbers again that it had given before, to other events. It gets
//! another epoch, and nobody who comes back with a number of the former one is told that they have missed nothing.

use std::sync::Arc;

use gateway::Outcome;
use serde_json::{Value, json};
use stack::Stack;
use tasks::epochs::Renewal;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{
    Socket, World, eventually, seqs,
    story::flat_room,
    world::{FLAT_101, GREEN_ACRES},
};

/// A database of which there is a backup, under the running stack.
struct Restorable {
    world: Arc<World>,
    name: String,
    /// In another database, as those of a server that restores are.
    server: Client,
}

impl Restorable {
    async fn open() -> Self {
        let world = World::on(Stack::start().await.unwrap()).await;
        let name = world.db.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        let server = world.stack.postgres().connect_as_superuser("postgres").await.unwrap();
        Self { world, name, server }
    }

    /// Does something to the database while nobody uses it; all who did have to connect again.
    async fn alone(&self, sql: &[String]) {
        let wire = self.world.stack.wire();
        wire.refuse(true);
        wire.cut();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        self.server.execute(end, &[&self.name]).await.unwrap();
        let used = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)";
        eventually("nobody uses it", async || {
            !self.server.query_one(used, &[&self.name]).await.unwrap().get::<_, bool>(0)
        })
        .await;
        for statement in sql {
            self.server.batch_execute(statement).await.unwrap();
        }
        wire.refuse(false);
    }

    async fn back_up(&self) {
        self.alone(&[format!("CREATE DATABASE {0}_then TEMPLATE {0} OWNER society360", self.name)]).await;
    }

    /// What came after the backup has never been.
    async fn restore(&self) {
        let name = &self.name;
        let taken_away = format!("ALTER DATABASE {name} RENAME TO {name}_lost");
        let put_back = format!("ALTER DATABASE {name}_then RENAME TO {name}");
        self.alone(&[taken_away, put_back, format!("DROP DATABASE {name}_lost")]).await;
    }

    /// A deployment; answers whether the epoch was renewed by it.
    async fn deploy(&self, event: &str) -> bool {
        let outcome = self.world.stack.lambda().invoke("migrator", event.to_owned()).await.unwrap();
        let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
        serde_json::from_str::<Value>(&answer).unwrap()["renewed"].as_bool().unwrap()
    }

    /// Somebody with a connection string of the owner's.
    async fn renew_by_hand(&self) {
        let database = Some(self.world.stack.database_url());
        Renewal { port: 0, database }.run(|_| ()).await.unwrap();
    }

    /// So many visitors come to flat 101; answers the last one.
    async fn visitors(&self, count: usize) -> Uuid {
        let mut last = Uuid::nil();
        for _ in 0..count {
            last = self.world.log_visitor().await;
        }
        last
    }

    /// A resident's phone in the flat's room.
    async fn phone(&self) -> (Socket, Value) {
        let mut phone = self.world.resident.connect().await;
        let joined = phone.join("flat", FLAT_101).await;
        (phone, joined)
    }

    /// The phone comes back with what it has.
    async fn comes_back(&self, since: i64, epoch: &Value) -> (Socket, Value) {
        let mut phone = self.world.resident.connect().await;
        phone
            .send(json!({"action": "join_room", "room_type": "flat", "room_id": FLAT_101,
                         "since": since, "epoch": epoch}))
            .await;
        let joined = phone.event("room_joined").await;
        (phone, joined)
    }
}

fn visitors_of(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|event| event["data"]["visitor_id"].as_str().unwrap()).collect()
}

/// A phone has heard of six visitors; the database goes back to when there were three, and three others come. The phone
/// is told that it does not know them, is sent who waits now, and goes on from there.
#[tokio::test]
async fn who_comes_back_after_a_restore_is_told_that_something_is_missing() {
    let gate = Restorable::open().await;
    assert!(!gate.deploy("{}").await, "nothing has happened before the first deployment");
    let (mut phone, joined) = gate.phone().await;
    let before = joined["epoch"].clone();
    gate.visitors(3).await;
    gate.back_up().await;
    let forgotten = gate.visitors(3).await.to_string();
    let heard = phone.heard().await;
    assert_eq!(seqs(&heard), [1, 2, 3, 4, 5, 6]);
    assert!(heard.iter().all(|event| event["epoch"] == before), "{heard:?}");
    assert!(!gate.deploy("{}").await, "a deployment is no restore");

    gate.restore().await;
    assert!(gate.deploy("{}").await, "the migrator finds the database elsewhere");
    assert!(!gate.deploy("{}").await, "and knows it from then on");
    let last = gate.visitors(3).await.to_string();
    let (mut back, joined) = gate.comes_back(6, &before).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(6), &json!(false)));
    let after = joined["epoch"].clone();
    assert_ne!(after, before);
    let heard = back.heard().await;
    assert_eq!(seqs(&heard), [1, 2, 3, 4, 5, 6]);
    assert_eq!(visitors_of(&heard).last(), Some(&&*last));
    assert!(!visitors_of(&heard).contains(&&*forgotten));
    // The connection that was there all the time has heard of the new ones with their epoch, and can see it.
    let live = phone.heard().await;
    assert!(live.iter().all(|event| event["epoch"] == after) && seqs(&live) == [4, 5, 6], "{live:?}");
    phone.send(json!({"action": "ping"})).await;
    let position = json!([{"room": flat_room(), "epoch": after, "seq": 6}]);
    assert_eq!(phone.event("pong").await["rooms"], position);
    // From here on all is as ever.
    let next = gate.visitors(1).await.to_string();
    let (mut back, joined) = gate.comes_back(6, &after).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(7), &json!(true)));
    assert_eq!(visitors_of(&back.heard().await), [&*next]);
}

/// Where the copy was put back in the same place, nobody can see it but who did it: they say so, by the one command or
/// through the migrator.
#[tokio::test]
async fn who_restores_says_so_by_one_command() {
    let gate = Restorable::open().await;
    let (_, joined) = gate.phone().await;
    let mut epochs = vec![joined["epoch"].clone()];
    gate.visitors(3).await;
    gate.back_up().await;
    gate.visitors(3).await;
    gate.restore().await;
    gate.visitors(3).await;
    // The numbers alone look right.
    assert_eq!(gate.comes_back(6, &epochs[0]).await.1["recovered"], true);

    gate.renew_by_hand().await;
    let joined = gate.comes_back(6, &epochs[0]).await.1;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(6), &json!(false)));
    epochs.push(joined["epoch"].clone());
    assert!(gate.deploy(r#"{"RenewEpochs":true}"#).await);
    for epoch in &epochs {
        assert_eq!(gate.comes_back(6, epoch).await.1["recovered"], false);
    }
    for other in [json!("x"), json!(Uuid::nil()), json!("\u{0}")] {
        assert_eq!(gate.comes_back(6, &other).await.1["recovered"], false, "{other}");
    }
}

/// An app that knows no epochs is believed as ever, until a restore: from then on nobody knows which events its number
/// counts, and it reads its lists.
#[tokio::test]
async fn a_number_without_an_epoch_is_believed_until_a_restore() {
    let gate = Restorable::open().await;
    gate.visitors(2).await;
    let (mut phone, joined) = gate.comes_back(1, &Value::Null).await;
    assert_eq!(joined["recovered"], true);
    assert_eq!(seqs(&phone.heard().await), [2]);
    gate.renew_by_hand().await;
    let (mut phone, joined) = gate.comes_back(1, &Value::Null).await;
    assert_eq!((&joined["seq"], &joined["recovered"]), (&json!(2), &json!(false)));
    assert_eq!(seqs(&phone.heard().await), [1, 2]);
    assert_eq!(gate.comes_back(1, &joined["epoch"]).await.1["recovered"], true);
}

/// A room in which nothing has happened yet has an epoch, too, and one alone.
#[tokio::test]
async fn an_empty_room_has_an_epoch() {
    let world = World::open().await;
    let (mut flat, mut gate) = (world.resident.connect().await, world.guard.connect().await);
    let epoch = json!(world.epoch().await);
    assert_eq!(flat.join("flat", FLAT_101).await["epoch"], epoch);
    assert_eq!(gate.join("society", GREEN_ACRES).await["epoch"], epoch);
    flat.send(json!({"action": "ping"})).await;
    assert_eq!(flat.event("pong").await["rooms"][0]["epoch"], epoch);
}

/// Who has the functions' credentials makes nobody read everything again.
#[tokio::test]
async fn functions_renew_no_epoch() {
    let world = World::open().await;
    let functions = world.stack.database_as_functions().await.unwrap();
    let refused = functions.query_one("SELECT renew_epochs()", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
}
