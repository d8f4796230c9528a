//! Release binaries of the functions behind a Runtime API of our own: a process is an environment, which serves one
//! event at a time, as on AWS. (Lambda developer guide, "Using the Lambda runtime API".)
//!
//! It is also an Invoke endpoint, for the stack beside it and for functions that ring others, and takes push messages
//! in FCM's place, so that it is known when each came.

use std::{
    collections::HashMap,
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gateway::{ACCOUNT, epoch_millis};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use stack::REGION;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use uuid::Uuid;

use super::cpu;
use crate::Error;

/// Longer than any function may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// What every environment has besides the variables of the stack (Lambda developer guide, "Defined runtime
/// environment variables").
const OF_LAMBDA: [(&str, &str); 4] = [
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
];

/// The environments of one system's functions. Clones are the same.
#[derive(Clone)]
pub(crate) struct Fleet(Arc<Inner>);

struct Inner {
    /// Where the binaries are.
    release: PathBuf,
    address: SocketAddr,
    variables: Mutex<HashMap<String, String>>,
    idle: Mutex<HashMap<String, Vec<Environment>>>,
    /// Whether functions may be called without waiting, as the dispatcher is.
    rings: AtomicBool,
    pushes: Mutex<Option<mpsc::UnboundedSender<Push>>>,
}

/// A message to a phone.
pub(crate) struct Push {
    /// When it came.
    pub(crate) at: Instant,
    /// The visitor it is about, if it is about one.
    pub(crate) visitor: String,
}

struct Environment {
    process: Child,
    jobs: mpsc::UnboundedSender<Job>,
}

/// An event, and who waits for its answer.
struct Job {
    event: String,
    answer: oneshot::Sender<Result<String, String>>,
}

/// The Runtime API of one environment.
struct RuntimeApi {
    function: String,
    jobs: tokio::sync::Mutex<mpsc::UnboundedReceiver<Job>>,
    under_way: Mutex<Option<oneshot::Sender<Result<String, String>>>>,
}

impl Fleet {
    /// Environments of the binaries in `release`, none of which has started.
    pub(crate) async fn new(release: &Path) -> Result<Self, Error> {
        let listener = listen().await?;
        let address = listener.local_addr().map_err(Error::io("listening"))?;
        let inner = Inner {
            release: release.to_owned(),
            address,
            variables: Mutex::default(),
            idle: Mutex::default(),
            rings: AtomicBool::new(false),
            pushes: Mutex::default(),
        };
        let fleet = Self(Arc::new(inner));
        let serving = Arc::downgrade(&fleet.0);
        tokio::spawn(serve(listener, move |request| {
            let serving = serving.upgrade();
            async move {
                match serving {
                    Some(inner) => Self(inner).answer(request).await,
                    None => said(StatusCode::GONE, ""),
                }
            }
        }));
        Ok(fleet)
    }

    /// Base URL of the Invoke endpoint, and of what stands in for FCM.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// Gives environments that start from now on these variables, and ends those there are.
    pub(crate) fn configure(&self, mut variables: HashMap<String, String>) {
        for (name, value) in OF_LAMBDA {
            variables.insert(name.to_owned(), value.to_owned());
        }
        variables.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), self.base_url());
        variables.insert("FCM_ENDPOINT".to_owned(), format!("{}/fcm", self.base_url()));
        *self.0.variables.lock().unwrap_or_else(PoisonError::into_inner) = variables;
        self.recycle();
    }

    /// Lets functions call others without waiting, or refuses that.
    pub(crate) fn let_ring(&self, rings: bool) {
        self.0.rings.store(rings, Ordering::Release);
    }

    /// The messages to phones from now on.
    pub(crate) fn pushes(&self) -> mpsc::UnboundedReceiver<Push> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.0.pushes.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Has a function serve an event, in an idle environment or a new one.
    pub(crate) async fn invoke(&self, function: &str, event: String) -> Result<String, Error> {
        let idle = self.idle().get_mut(function).and_then(Vec::pop);
        let mut environment = match idle {
            Some(environment) => environment,
            None => self.start(function).await?,
        };
        let (answer, answered) = oneshot::channel();
        let failed = |cause: String| Error::Lambda(format!("{function}: {cause}"));
        if environment.jobs.send(Job { event, answer }).is_err() {
            return Err(failed("its Runtime API has ended".to_owned()));
        }
        let answering = async {
            tokio::select! {
                answered = answered => answered.unwrap_or_else(|_| Err("it was cut off".to_owned())),
                ended = environment.process.wait() => Err(format!("it ended: {ended:?}")),
            }
        };
        let answer =
            timeout(PATIENCE, answering).await.map_err(|_| failed("it did not answer".to_owned()))?;
        if answer.is_ok() {
            self.idle().entry(function.to_owned()).or_default().push(environment);
        }
        answer.map_err(failed)
    }

    /// Seconds of CPU that the environments of a function have had, and how many there are. None may be busy.
    pub(crate) fn cpu(&self, function: &str) -> f64 {
        self.idle().get(function).into_iter().flatten().filter_map(Environment::id).map(cpu::of).sum()
    }

    /// Processes of all environments that are idle.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.idle().values().flatten().filter_map(Environment::id).collect()
    }

    /// Ends all environments that are idle.
    pub(crate) fn recycle(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<String, Vec<Environment>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self, function: &str) -> Result<Environment, Error> {
        let binary = self.0.release.join(function);
        let (jobs, receiver) = mpsc::unbounded_channel();
        let (address, serving) = RuntimeApi::start(function, receiver).await?;
        let variables = self.0.variables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let process = Command::new(&binary)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::path(&binary))?;
        // The Runtime API ends with the environment.
        let closing = jobs.clone();
        tokio::spawn(async move {
            closing.closed().await;
            serving.abort();
        });
        Ok(Environment { process, jobs })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let at = Instant::now();
        let path = request.uri().path().to_owned();
        let waits = request.headers().get("x-amz-invocation-type").is_none_or(|kind| kind != "Event");
        let Ok(body) = request.into_body().collect().await else { return said(StatusCode::BAD_REQUEST, "") };
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        if path.starts_with("/fcm/") {
            let message: Value = serde_json::from_str(&body).unwrap_or_default();
            let visitor = message.pointer("/message/data/visitor_id").and_then(Value::as_str);
            let push = Push { at, visitor: visitor.unwrap_or_default().to_owned() };
            let pushes = self.0.pushes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(pushes) = &*pushes {
                let _ = pushes.send(push);
            }
            return said(StatusCode::OK, r#"{"name": "projects/bench/messages/1"}"#);
        }
        let function = path
            .strip_prefix("/2015-03-31/functions/")
            .and_then(|rest| rest.strip_suffix("/invocations"))
            .and_then(|name| name.rsplit(':').next())
            .filter(|name| self.0.release.join(name).is_file());
        let Some(function) = function else {
            return said(StatusCode::NOT_FOUND, r#"{"message": "there is no such function"}"#);
        };
        if waits {
            return match self.invoke(function, body).await {
                Ok(answer) => said(StatusCode::OK, &answer),
                Err(error) => {
                    let error =
                        serde_json::json!({"errorType": "Unhandled", "errorMessage": error.to_string()});
                    said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
                }
            };
        }
        if !self.0.rings.load(Ordering::Acquire) {
            return said(StatusCode::TOO_MANY_REQUESTS, r#"{"message": "Rate Exceeded."}"#);
        }
        let (fleet, function) = (self.clone(), function.to_owned());
        tokio::spawn(async move {
            if let Err(error) = fleet.invoke(&function, body).await {
                tracing::warn!(%error, "an asynchronous invocation failed");
            }
        });
        said(StatusCode::ACCEPTED, "")
    }
}

impl Environment {
    fn id(&self) -> Option<u32> {
        self.process.id()
    }
}

impl RuntimeApi {
    /// Serves an environment on a port of its own.
    async fn start(
        function: &str,
        jobs: mpsc::UnboundedReceiver<Job>,
    ) -> Result<(SocketAddr, JoinHandle<()>), Error> {
        let listener = listen().await?;
        let address = listener.local_addr().map_err(Error::io("listening"))?;
        let jobs = tokio::sync::Mutex::new(jobs);
        let api = Arc::new(Self { function: function.to_owned(), jobs, under_way: Mutex::default() });
        let serving = serve(listener, move |request| {
            let api = api.clone();
            async move { api.answer(request).await }
        });
        Ok((address, tokio::spawn(serving)))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET && path == "/2018-06-01/runtime/invocation/next" {
            return self.next().await;
        }
        // A function with a handler of SIGTERM has an extension within it, which waits for an event that never comes.
        match path.as_str() {
            "/2020-01-01/extension/register" => return registered(),
            "/2020-01-01/extension/event/next" => std::future::pending().await,
            _ => {}
        }
        let Ok(body) = request.into_body().collect().await else { return said(StatusCode::BAD_REQUEST, "") };
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        let result = match path.rsplit('/').next() {
            Some("response") => Ok(body),
            Some("error") => Err(body),
            _ => return said(StatusCode::NOT_FOUND, ""),
        };
        // One that could not start has nothing under way; its process ends, which is noticed.
        if let Some(waiting) = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = waiting.send(result);
        }
        said(StatusCode::ACCEPTED, r#"{"status": "OK"}"#)
    }

    /// Waits for the next event.
    async fn next(&self) -> Response<Full<Bytes>> {
        let Some(Job { event, answer }) = self.jobs.lock().await.recv().await else {
            return said(StatusCode::GONE, "");
        };
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        let deadline = u64::try_from(epoch_millis()).unwrap_or_default() + 30_000;
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", Uuid::new_v4().to_string())
            .header("lambda-runtime-deadline-ms", deadline)
            .header(
                "lambda-runtime-invoked-function-arn",
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.function),
            )
            .body(Full::new(Bytes::from(event)));
        response.unwrap_or_default()
    }
}

/// Whether all these functions are built, or what to do.
pub(crate) fn check(release: &Path, functions: &[&str]) -> Result<(), Error> {
    let missing = |name: &&&str| !fs::exists(release.join(name)).unwrap_or_default();
    match functions.iter().find(missing) {
        None => Ok(()),
        Some(missing) => Err(Error::Failed(format!(
            "{}/{missing} is not there: run `cargo build --release --workspace` in that checkout first",
            release.display()
        ))),
    }
}

async fn listen() -> Result<TcpListener, Error> {
    TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::io("listening"))
}

async fn serve<F>(listener: TcpListener, answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static)
where
    F: Future<Output = Response<Full<Bytes>>> + Send,
{
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = socket.set_nodelay(true);
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let answering = answer(request);
            async move { Ok::<_, Infallible>(answering.await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

fn registered() -> Response<Full<Bytes>> {
    let mut response =
        said(StatusCode::OK, r#"{"functionName": "f", "functionVersion": "1", "handler": "bootstrap"}"#);
    let id = HeaderValue::from_str(&Uuid::new_v4().to_string());
    response.headers_mut().extend(id.map(|id| (HeaderName::from_static("lambda-extension-identifier"), id)));
    response
}

fn said(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_owned())));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn an_event_goes_through_the_runtime_api_and_its_answer_comes_back() {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let (address, serving) = RuntimeApi::start("visits", receiver).await.unwrap();
        let (http, base) = (reqwest::Client::new(), format!("http://{address}/2018-06-01/runtime"));
        for (kind, expected) in [("response", Ok("{}".to_owned())), ("error", Err("{}".to_owned()))] {
            let (answer, answered) = oneshot::channel();
            jobs.send(Job { event: r#"{"a":1}"#.to_owned(), answer }).unwrap_or_default();
            let next = http.get(format!("{base}/invocation/next")).send().await.unwrap();
            let header = |name: &str| next.headers()[name].to_str().unwrap().to_owned();
            let id = header("lambda-runtime-aws-request-id");
            assert!(header("lambda-runtime-invoked-function-arn").ends_with(":function:visits"));
            assert!(header("lambda-runtime-deadline-ms").parse::<u64>().unwrap() > 1_700_000_000_000);
            assert_eq!(next.text().await.unwrap(), r#"{"a":1}"#);
            let url = format!("{base}/invocation/{id}/{kind}");
            assert_eq!(http.post(url).body("{}").send().await.unwrap().status(), 202);
            assert_eq!(answered.await.unwrap(), expected);
        }
        serving.abort();
    }

    #[tokio::test]
    async fn a_function_that_cannot_start_is_an_error_and_not_waited_for() {
        let release = std::env::temp_dir().join(format!("fleet-{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&release).unwrap();
        let binary = release.join("visits");
        fs::write(&binary, "#!/bin/sh\nexit 3\n").unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(check(&release, &["visits"]).is_ok());
        assert!(
            check(&release, &["visits", "profile"]).unwrap_err().to_string().contains("profile is not there")
        );
        let fleet = Fleet::new(&release).await.unwrap();
        let said = fleet.invoke("visits", "{}".to_owned()).await.unwrap_err().to_string();
        assert!(said.contains("it ended"), "{said}");
        fs::remove_dir_all(release).unwrap();
    }

    #[tokio::test]
    async fn a_push_is_heard_and_an_unknown_function_is_not_found() {
        let fleet = Fleet::new(Path::new("/nowhere")).await.unwrap();
        let mut pushes = fleet.pushes();
        let http = reqwest::Client::new();
        let url = format!("{}/fcm/v1/projects/p/messages:send", fleet.base_url());
        let message = r#"{"message": {"data": {"visitor_id": "v"}}}"#;
        assert_eq!(http.post(url).body(message).send().await.unwrap().status(), 200);
        assert_eq!(pushes.recv().await.unwrap().visitor, "v");
        let url = format!("{}/2015-03-31/functions/nobody/invocations", fleet.base_url());
        assert_eq!(http.post(url).send().await.unwrap().status(), 404);
    }
}
