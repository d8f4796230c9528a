//! The stack: everything started and connected with each other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, OnceLock},
    time::Duration,
};

use gateway::{Functions, Gateway, Lambda, Options, PostCount, schedules};
use postgres::Postgres;
use serde_json::{Value, json};
use shared::{
    config::LinkConfig,
    decision_link::{DecisionClaims, DecisionLinks},
    outbound::Outbound,
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    Builder, DynamoDb, Error, Identity, Progress, Project, REGION,
    builder::Data,
    database::{migrate, seed},
    faults::Faults,
    front::Front,
    functions::OurFunctions,
    issuer::Issuer,
    messages::{Messages, service_account},
    own_template, variables,
    wire::Wire,
};

/// The database that a stack of its own server uses.
const DATABASE: &str = "society360";

/// Where clients of both protocols connect; on AWS the WebSocket API has a host of its own.
const WEBSOCKET_PATHS: [&str; 2] = ["/ws", "/socket.io"];

/// How long the program on our port may take to say what it is.
const ASK: Duration = Duration::from_secs(2);

/// A running stack. It ends, all of it, when this is dropped.
pub struct Stack {
    /// The stack's own threads, so that neither a test's runtime nor its blocking code is in the way.
    runtime: Option<Runtime>,
    parts: Parts,
}

struct Parts {
    front: Arc<Front>,
    issuer: Arc<Issuer>,
    postgres: Arc<Postgres>,
    /// Other stacks of this process use the same server.
    shared_server: bool,
    database: String,
    wire: Wire,
    dynamodb: DynamoDb,
    base_url: String,
    variables: variables::Variables,
}

impl Stack {
    /// An empty stack for a test: the process's one PostgreSQL server, a database of its own.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// A stack with other properties.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn build(builder: Builder) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("stack")
            .enable_all()
            .build()
            .map_err(Error::io("starting threads"))?;
        let started = runtime.spawn(Parts::start(builder)).await;
        match started.unwrap_or_else(|panic| Err(Error::Lambda(panic.to_string()))) {
            Ok(parts) => Ok(Self { runtime: Some(runtime), parts }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Base URL of the HTTP API and of everything else, such as `http://127.0.0.1:3000`.
    pub fn base_url(&self) -> &str {
        &self.parts.base_url
    }

    /// Where WebSocket clients connect.
    pub fn websocket_url(&self) -> String {
        websocket_url(&self.parts.base_url)
    }

    /// Connection string of the database for its owner, past the [`Wire`].
    pub fn database_url(&self) -> String {
        self.parts.postgres.url(&self.parts.database, self.parts.postgres.port())
    }

    /// A connection of the owner's to the database, past the [`Wire`].
    pub async fn database(&self) -> Result<Client, Error> {
        self.connected(|postgres, database| async move { postgres.connect(&database).await }).await
    }

    /// One with the functions' own credentials.
    pub async fn database_as_functions(&self) -> Result<Client, Error> {
        self.connected(|postgres, database| async move { postgres.connect_as_functions(&database).await })
            .await
    }

    /// One of a superuser's, for what not even the owner may.
    pub async fn database_as_superuser(&self) -> Result<Client, Error> {
        self.connected(|postgres, database| async move { postgres.connect_as_superuser(&database).await })
            .await
    }

    /// Served by the stack, so that it works in whatever runtime it is used.
    async fn connected<F>(&self, connect: impl FnOnce(Arc<Postgres>, String) -> F) -> Result<Client, Error>
    where
        F: Future<Output = Result<Client, postgres::Error>> + Send + 'static,
    {
        let connecting = connect(self.parts.postgres.clone(), self.parts.database.clone());
        let Some(runtime) = &self.runtime else { return Ok(connecting.await?) };
        Ok(runtime.spawn(connecting).await.map_err(|error| Error::Database(error.to_string()))??)
    }

    /// An ID token for the Firebase uid.
    pub fn token(&self, uid: &str) -> Result<String, Error> {
        self.parts.issuer.token(&Identity::of(uid))
    }

    /// What signs decision links.
    pub fn decision_links(&self) -> DecisionLinks {
        DecisionLinks::new(&LinkConfig { key: variables::DECISION_LINK_KEY.to_owned().into() })
    }

    /// The token of the link by which a user is asked about a visitor.
    pub async fn decision_token(&self, visitor_id: Uuid, user_id: Uuid) -> Result<String, Error> {
        let visitor =
            "SELECT flat_id, extract(epoch FROM approval_deadline)::bigint FROM visitors WHERE id = $1";
        let found = self.database().await?.query_one(visitor, &[&visitor_id]).await;
        let row = found.map_err(|error| Error::Database(error.to_string()))?;
        let claims = DecisionClaims { visitor_id, flat_id: row.get(0), user_id, deadline: row.get(1) };
        Ok(self.decision_links().token(&claims))
    }

    /// The issuer of ID tokens.
    pub fn issuer(&self) -> &Issuer {
        &self.parts.issuer
    }

    /// What goes between functions and PostgreSQL: counted, and on request cut.
    pub fn wire(&self) -> &Wire {
        &self.parts.wire
    }

    /// The PostgreSQL server, to be stopped and started. Only a stack started with
    /// [`Builder::own_server`] or [`Builder::data`] has one of its own; others share one, which
    /// refuses to be stopped.
    pub fn postgres(&self) -> &Arc<Postgres> {
        &self.parts.postgres
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.parts.dynamodb
    }

    /// The failures that are switched on; they strike until they are cleared.
    pub fn faults(&self) -> &Faults {
        &self.parts.front.faults
    }

    /// What phones were sent, and how the services that carry it answer.
    pub fn messages(&self) -> &Messages {
        &self.parts.front.messages
    }

    /// The functions, to be invoked without the gateway.
    pub fn lambda(&self) -> &Lambda {
        self.parts.front.gateway.lambda()
    }

    /// Open and pending WebSocket connections.
    pub fn connections(&self) -> usize {
        self.parts.front.gateway.connections()
    }

    /// What functions have posted to connections since the last call of this.
    pub fn take_posts(&self) -> PostCount {
        self.parts.front.gateway.take_posts()
    }

    /// Ids of the open WebSocket connections.
    pub fn connection_ids(&self) -> Vec<String> {
        self.parts.front.gateway.connection_ids()
    }

    /// The variables that functions of this stack need when they run elsewhere (`--invoke`).
    pub fn variables(&self) -> HashMap<String, String> {
        self.parts.variables.elsewhere()
    }

    /// The same as `cargo lambda watch --env-file` reads them: a line each, in quotes, within which it takes `\n` for
    /// the end of a line (env-file-reader 0.3). A JSON text can say that in another way.
    pub fn variables_file(&self) -> String {
        let quoted =
            |(name, value): (String, String)| format!("{name}='{}'\n", value.replace(r"\n", r"\u000a"));
        self.variables().into_iter().map(quoted).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What `GET /_local/info` answers.
    pub fn info(&self) -> &Value {
        &self.parts.front.info
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if self.parts.shared_server {
            let (postgres, database) =
                (self.parts.postgres.clone(), std::mem::take(&mut self.parts.database));
            // Nobody waits for it: the whole server goes with the process.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map(|runtime| runtime.block_on(postgres.drop_database(&database)))
            });
        }
    }
}

impl Parts {
    async fn start(mut builder: Builder) -> Result<Self, Error> {
        let template = match builder.template.take() {
            Some(template) => template,
            None => own_template()?,
        };
        let schedules = schedules::read(&template)?;
        let listener = listen(builder.port).await?;
        let address = listener.local_addr().map_err(Error::io("listening"))?;
        let base_url = format!("http://{address}");

        let (postgres, shared_server, database) = prepare_database(&builder).await?;
        let faults = Faults::new(template.functions.iter().map(|function| &*function.name));
        let wire = Wire::start(([127, 0, 0, 1], postgres.port()).into(), faults.clone()).await?;
        let dynamodb = DynamoDb::start(&template.tables).await?;
        let issuer = Arc::new(Issuer::new(builder.project.id())?);

        let variables = variables::Variables::new(&variables::Places {
            database_url: postgres.functions_url(&database, wire.port()),
            owner_database_url: postgres.url(&database, wire.port()),
            base_url: &base_url,
            dynamodb_endpoint: dynamodb.endpoint(),
            template: &template,
            project: &builder.project,
            service_account: service_account(&issuer, &base_url)?.to_string(),
            overrides: &builder.variables,
        });
        let mut functions = Vec::new();
        for function in &template.functions {
            let name = &function.name;
            let door = wire.door(name).await?;
            let doors = variables::Doors {
                database_url: postgres.functions_url(&database, door),
                owner_database_url: postgres.url(&database, door),
                dynamodb_endpoint: dynamodb.door(name, &faults).await?,
                websocket_endpoint: format!("{base_url}/_from/{name}"),
            };
            functions.push((function.clone(), variables.of(function, doors)?));
        }
        let functions =
            Functions { deployed: functions, region: REGION.to_owned(), faults: Arc::new(faults.clone()) };
        let lambda = match &builder.invoke {
            Some(endpoint) => Lambda::remote(functions, endpoint),
            None => Lambda::in_process(functions, Arc::new(OurFunctions))?,
        };

        let info = json!({
            "base_url": base_url,
            "database_url": postgres.url(&database, postgres.port()),
            "dynamodb_endpoint": dynamodb.endpoint(),
            "table": template.tables.first().map(|table| &table.logical_id),
            "websocket_url": websocket_url(&base_url),
            "functions": lambda.names(),
        });
        let served = matches!(builder.project, Project::Local(_)).then(|| issuer.clone());
        let options = Options {
            domain: address.to_string(),
            websocket_paths: WEBSOCKET_PATHS.map(str::to_owned).into(),
            limits: builder.limits,
        };
        schedules::start(&lambda, schedules, builder.schedules);
        let front = Arc::new(Front {
            gateway: Arc::new(Gateway::new(template, lambda, options)),
            faults,
            issuer: served,
            google: issuer.clone(),
            messages: Messages::default(),
            pages: builder.pages,
            info,
        });
        let answering = front.clone();
        let answer = move |client, request| answering.clone().answer(client, request);
        tokio::spawn(gateway::serve(listener, builder.head_timeout, answer));
        Ok(Self { front, issuer, postgres, shared_server, database, wire, dynamodb, base_url, variables })
    }
}

/// The server, whether others use it too, and the name of the database in it, which is migrated and seeded.
async fn prepare_database(builder: &Builder) -> Result<(Arc<Postgres>, bool, String), Error> {
    let progress = builder.progress;
    let (postgres, shared, database) = match &builder.data {
        Data::Shared => {
            let postgres = blocking(move || shared_server(progress)).await?;
            let database = format!("test_{}", Uuid::new_v4().simple());
            postgres.create_database(&database, Some(DATABASE)).await?;
            migrator::keep_to_grants(&postgres.connect(&database).await?).await?;
            (postgres, true, database)
        }
        Data::Own(directory) => {
            let options = postgres::Options { directory: directory.clone(), shared: false, progress };
            let postgres = Arc::new(blocking(move || Ok(Postgres::start(&options)?)).await?);
            postgres.create_database(DATABASE, None).await?;
            migrate(&postgres, DATABASE, progress).await?;
            (postgres, false, DATABASE.to_owned())
        }
    };
    seed(&postgres.connect(&database).await?, builder.seed, progress).await?;
    Ok((postgres, shared, database))
}

/// The one server of a test process, and in it the migrated database that others are copied from.
fn shared_server(progress: Progress) -> Result<Arc<Postgres>, Error> {
    static SHARED: OnceLock<Result<Arc<Postgres>, String>> = OnceLock::new();
    let start = || {
        let postgres =
            Arc::new(Postgres::start(&postgres::Options { directory: None, shared: true, progress })?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Error::io("starting threads"))?.block_on(async {
            postgres.create_database(DATABASE, None).await?;
            migrate(&postgres, DATABASE, progress).await
        })?;
        Ok(postgres)
    };
    let shared = SHARED.get_or_init(|| start().map_err(|error: Error| error.to_string()));
    shared.clone().map_err(|error| postgres::Error::Postgres(error).into())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| postgres::Error::Postgres(error.to_string()))?
}

/// Listens on the port; where that is taken, the error says whether by another stack.
pub async fn listen(port: u16) -> Result<TcpListener, Error> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(if ask_info(&format!("http://127.0.0.1:{port}")).await.is_some() {
                Error::StackRuns(port)
            } else {
                Error::PortTaken(port)
            })
        }
        Err(error) => Err(Error::io(format!("listening on port {port}"))(error)),
    }
}

/// What `/_local/info` answers, where a local stack is served under this URL.
pub async fn ask_info(base_url: &str) -> Option<Value> {
    let request = http::Request::get(format!("{base_url}/_local/info")).body(Default::default()).ok()?;
    let reply = Outbound::new().ok()?.send(request, ASK).await.ok()?;
    let info: Value = serde_json::from_slice(&reply.body).ok()?;
    info.get("websocket_url").is_some().then_some(info)
}

fn websocket_url(base_url: &str) -> String {
    format!("{}/ws", base_url.replacen("http", "ws", 1))
}
