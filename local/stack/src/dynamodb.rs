//! DynamoDB in this process, spoken to over HTTP so that the functions use the real SDK.
//!
//! It lives in memory: connections, which are all it holds, end with this process anyway. Each function
//! reaches it through a port of its own, so that faults know who calls.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use dynoxide::{
    Database,
    actions::{create_table::CreateTableRequest, update_time_to_live::UpdateTimeToLiveRequest},
};
use serde_json::{Value, json};
use template::Table;
use tokio::net::TcpListener;

use crate::{
    Error,
    faults::{Faults, Kind, Point},
    proxy::{self, Line, Next},
};

/// The emulator.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    port: u16,
    requests: Arc<AtomicU64>,
}

impl DynamoDb {
    /// Starts it on a free port of 127.0.0.1 with these tables.
    pub async fn start(tables: &[Table]) -> Result<Self, Error> {
        let database = Database::memory().map_err(refused)?;
        for table in tables {
            create(&database, table)?;
        }
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listening for DynamoDB"))?;
        let port = listener.local_addr().map_err(Error::io("listening for DynamoDB"))?.port();
        let served = database.clone();
        // It ends with the runtime.
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, served, std::future::pending()));
        Ok(Self { database, port, requests: Arc::default() })
    }

    /// Base URL for the SDK. No fault strikes there.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// Base URL for the SDK of one function.
    pub(crate) async fn door(&self, function: &str, faults: &Faults) -> Result<String, Error> {
        let requests = self.requests.clone();
        let door = Door { faults: faults.clone(), function: function.to_owned(), requests };
        proxy::start(([127, 0, 0, 1], self.port).into(), door).await.map(endpoint)
    }

    /// Requests of all functions so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Every primary key in a table, in order.
    pub fn keys(&self, table: &str) -> Result<Vec<(String, String)>, Error> {
        let mut keys = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({"TableName": table, "ProjectionExpression": "pk, sk"});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page =
                self.database.scan(serde_json::from_value(request).map_err(refused)?).map_err(refused)?;
            let mut page = serde_json::to_value(page).map_err(refused)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
                keys.push((text("pk"), text("sk")));
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                keys.sort();
                return Ok(keys);
            }
        }
    }

    /// Deletes what has expired, which AWS does within days.
    pub fn sweep(&self) -> Result<usize, Error> {
        self.database.sweep_ttl().map_err(refused)
    }
}

/// The way of one function.
struct Door {
    faults: Faults,
    function: String,
    requests: Arc<AtomicU64>,
}

impl Line for Door {
    fn tap(&self) -> (impl FnMut(&[u8]) -> Next + Send, impl FnMut(&[u8]) + Send) {
        let asked = |bytes: &[u8]| {
            // The SDK sends a request when the one before it has been answered, so one begins a piece.
            if bytes.starts_with(b"POST /") {
                self.requests.fetch_add(1, Ordering::AcqRel);
            }
            if self.faults.kills(&self.function, Point::BeforePush) { Next::KeepBack } else { Next::HandOn }
        };
        (asked, |_: &[u8]| {})
    }

    fn end(&self) -> impl Future<Output = ()> + Send {
        self.faults.down(Kind::DynamodbDown, Some(&self.function))
    }
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn create(database: &Database, table: &Table) -> Result<(), Error> {
    let definitions: Vec<_> =
        table.keys.iter().map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind})).collect();
    let keys: Vec<_> = table
        .keys
        .iter()
        .zip(["HASH", "RANGE"])
        .map(|((name, _), kind)| json!({"AttributeName": name, "KeyType": kind}))
        .collect();
    let request = json!({
        "TableName": table.logical_id,
        "AttributeDefinitions": definitions,
        "KeySchema": keys,
        "BillingMode": "PAY_PER_REQUEST",
    });
    let request: CreateTableRequest = serde_json::from_value(request).map_err(refused)?;
    database.create_table(request).map_err(refused)?;
    if let Some(attribute) = &table.ttl {
        let request = json!({
            "TableName": table.logical_id,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        });
        let request: UpdateTimeToLiveRequest = serde_json::from_value(request).map_err(refused)?;
        database.update_time_to_live(request).map_err(refused)?;
    }
    Ok(())
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::DynamoDb(error.to_string())
}
