//! Requests that are hard to read, to route or to decode: each has a clear answer, and none is an error of a function.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use shared::input::{Cursor, PlaceCursor, Position};
use stack::{Stack, own_template};
use tasks::openapi::document;
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use uuid::Uuid;

use crate::support::{
    Dice, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// The methods that a route can have, but for OPTIONS, which is the gateway's.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// Less than the gateway's own for a client that sends nothing.
const PATIENCE: Duration = Duration::from_secs(25);

async fn dial(stack: &Stack) -> TcpStream {
    TcpStream::connect(stack.base_url().trim_start_matches("http://")).await.unwrap()
}

/// All that the gateway says until it closes the connection.
async fn rest_of(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is cut off has been closed, too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the answer to these bytes; 0 where there is none.
async fn status_of(stack: &Stack, bytes: &[u8]) -> u16 {
    let mut socket = dial(stack).await;
    socket.write_all(bytes).await.unwrap();
    rest_of(socket).await.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

/// What no client library would send is a 400 of the gateway, or is served as what it says.
#[tokio::test]
async fn bytes_of_no_client_are_no_errors() {
    let stack = Stack::start().await.unwrap();
    let token = stack.token("somebody").unwrap();
    let upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let mut wrong = Vec::new();
    for (head, expected) in [
        ("GET /health HTTP/1.1\r\nHost: a", 200),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: b", 400),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: a", 400),
        ("GET /health HTTP/1.1\r\nHost: a,b", 400),
        ("GET /health HTTP/1.1\r\nHost: a b", 400),
        ("GET /health HTTP/1.1\r\nHost:", 400),
        ("GET /health HTTP/1.1\r\nX: y", 400),
        ("GET http://elsewhere.example/health HTTP/1.1\r\nHost: a", 200),
        ("GET http://elsewhere.example:x/health HTTP/1.1\r\nHost: a", 200),
        ("GET //health HTTP/1.1\r\nHost: a", 404),
        ("GET /health?a=%zz&%00=[|] HTTP/1.1\r\nHost: a", 200),
        ("GET /health?a=\"<>\" HTTP/1.1\r\nHost: a", 400),
        ("GET /health#part HTTP/1.1\r\nHost: a", 200),
        ("GET /v1/cities HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: no scheme\r\nX-Forwarded-Host: a,b", 401),
        ("GET /v1/cities HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \u{e9}\u{1F6AA}", 401),
        ("GET /health HTTP/1.1\r\nHost: a\r\nCookie: \u{e9}; ;=;a\r\nCookie: b=c", 200),
        ("GET /health HTTP/1.1\r\nHost: a\r\nX: a\u{1}b", 400),
        ("GET /health HTTP/1.1\r\nHost: a\r\nB\u{e9}: a", 400),
        ("GE\u{e9}T /health HTTP/1.1\r\nHost: a", 400),
        ("FROB /health HTTP/1.1\r\nHost: a", 404),
        ("GET /v1/visitors/\u{1F6AA} HTTP/1.1\r\nHost: a", 401),
        (&format!("GET /ws?token={token} HTTP/1.1\r\nHost: a\r\nHost: b\r\n{upgrade}"), 400),
        (&format!("GET /ws HTTP/1.1\r\nHost: a\r\n{upgrade}"), 401),
    ] {
        let bytes = format!("{head}\r\nConnection: close\r\n\r\n");
        let status = status_of(&stack, bytes.as_bytes()).await;
        if status != expected {
            wrong.push(format!("{status}, not {expected}: {head}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Request line and headers may have 10,240 bytes together, as on AWS.
#[tokio::test]
async fn a_head_has_the_limit_of_aws() {
    let stack = Stack::start().await.unwrap();
    for (length, expected) in [(10_240, 200), (10_241, 431), (300_000, 431)] {
        let (start, end) = ("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ", "\r\n\r\n");
        let head = format!("{start}{}{end}", "x".repeat(length - start.len() - end.len()));
        assert_eq!(status_of(&stack, head.as_bytes()).await, expected, "{length} bytes");
    }
}

/// Nobody keeps a connection by sending nothing: neither within a head nor between two requests.
#[tokio::test]
async fn a_client_that_does_not_send_is_let_go() {
    let stack = Stack::builder().head_timeout(Duration::from_millis(200)).start().await.unwrap();
    for (sent, answers) in
        [("", 0), ("GET /health HTTP/1.1\r\nHo", 0), ("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", 1)]
    {
        let mut socket = dial(&stack).await;
        socket.write_all(sent.as_bytes()).await.unwrap();
        assert_eq!(rest_of(socket).await.matches("HTTP/1.1 200").count(), answers, "{sent:?}");
    }
    // One that is a WebSocket is no matter of heads.
    let world = World::on(stack).await;
    let mut socket = world.resident.connect().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    socket.send(json!({"action": "ping"})).await;
    socket.event("pong").await;
}

/// An event of the gateway, and its parts that clients can choose.
fn event(path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": format!("GET {path}"), "rawPath": path, "rawQueryString": "",
        "headers": {"host": "a", "x-forwarded-proto": "https"}, "cookies": [], "queryStringParameters": {},
        "pathParameters": {}, "stageVariables": {}, "body": "{}", "isBase64Encoded": false,
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""},
            "accountId": "1", "apiId": "a", "domainName": "a", "domainPrefix": "a", "requestId": "r",
            "routeKey": "", "stage": "$default", "time": "", "timeEpoch": 0,
        },
    })
}

/// Values that some part of an event might not expect.
const ODD: [&str; 25] = [
    "",
    " ",
    "a,b",
    "a b",
    "a\nb",
    "\0",
    "é",
    "\u{202e}\u{1F6AA}",
    "/",
    "//",
    "/..",
    "/%",
    "/%2e%2e/%00",
    "/%ff",
    "?",
    "#",
    "\\",
    "http://a b/",
    "javascript:",
    "[::1",
    ":0:",
    "%zz=%00&&=&\"<>",
    "🚪=🚪",
    "[{\"a\":",
    "_-=+%25",
];

/// Whatever stands in an event, each function answers it, and never with 5xx.
#[tokio::test]
async fn no_event_is_an_error_of_a_function() {
    const PARTS: [&str; 16] = [
        "/rawPath",
        "/rawQueryString",
        "/body",
        "/isBase64Encoded",
        "/cookies",
        "/headers/host",
        "/headers/x-forwarded-proto",
        "/headers/content-type",
        "/headers/authorization",
        "/headers/idempotency-key",
        "/requestContext/domainName",
        "/requestContext/stage",
        "/requestContext/requestId",
        "/requestContext/http/method",
        "/requestContext/http/sourceIp",
        "/queryStringParameters",
    ];
    let world = World::open().await;
    let client = reqwest::Client::new();
    let functions = own_template().unwrap().functions;
    let functions: Vec<_> = functions.iter().filter(|function| !function.routes.is_empty()).collect();
    let mut dice = Dice(13);
    for round in 0..400 {
        let function = dice.pick(&functions);
        let route = &function.routes[dice.roll(function.routes.len())];
        let mut event = event(&route.path.replace(['{', '}'], ""));
        event["requestContext"]["http"]["method"] = json!(route.method);
        event["headers"]["authorization"] = json!(format!("Bearer {}", world.guard.token));
        event["headers"]["content-type"] = json!("application/json");
        for _ in 0..=dice.roll(3) {
            let odd = dice.pick(&ODD);
            let odd = match dice.roll(8) {
                0 => json!([odd]),
                1 => json!(true),
                2 => Value::Null,
                _ => json!(odd),
            };
            match event.pointer_mut(dice.pick(&PARTS)) {
                Some(part) => *part = odd,
                None => event["headers"][dice.pick(&ODD)] = odd,
            }
        }
        let url = format!("{}/2015-03-31/functions/{}/invocations", world.stack.base_url(), function.name);
        let response = client.post(url).body(event.to_string()).send().await.unwrap();
        let failed = response.headers().contains_key("x-amz-function-error");
        let answer: Value = response.json().await.unwrap();
        assert!(!failed, "{round}: {} failed with {answer} of {event}", function.name);
        let status = answer["statusCode"].as_u64().unwrap();
        assert!(status < 500, "{round}: {} answers {answer} to {event}", function.name);
    }
}

/// A path that has other methods says which, in our own words, and preflights stay the gateway's.
#[tokio::test]
async fn a_method_that_a_path_has_not_is_405() {
    let world = World::open().await;
    let document = document();
    let mut allowed = BTreeMap::<&String, BTreeSet<String>>::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        allowed
            .entry(path)
            .or_default()
            .extend(operations.as_object().unwrap().keys().map(|m| m.to_uppercase()));
    }
    for (path, allowed) in allowed {
        let path =
            path.replace("{id}", &Uuid::nil().to_string()).replace("{society_id}", &GREEN_ACRES.to_string());
        let path = path.replace("{code}", "K7PQ2M").replace("{qr_code}", &Uuid::nil().to_string());
        for method in METHODS.into_iter().filter(|method| !allowed.contains(*method)) {
            let reply = world.nobody().send(method.parse().unwrap(), &path, None, None).await;
            assert_eq!(
                reply.status,
                if method == "HEAD" && path == "/health" { 200 } else { 405 },
                "{}",
                reply.call
            );
            if reply.status == 405 {
                let told =
                    reply.headers["allow"].to_str().unwrap().split(',').map(|name| name.trim().to_owned());
                let told: BTreeSet<String> = told.filter(|name| name != "HEAD").collect();
                assert_eq!(told, allowed, "{}", reply.call);
            }
            if method != "HEAD" {
                reply.refused(405, "METHOD_NOT_ALLOWED");
            }
        }
    }
    world.nobody().get("/v1/nothing").await.refused(404, "NOT_FOUND");
    world.nobody().send(Method::PUT, "/v1/visitors/a/b/c", None, None).await.refused(404, "NOT_FOUND");
    for path in ["/v1/visitors", "/v1/nothing"] {
        let preflight = reqwest::Client::new()
            .request(Method::OPTIONS, format!("{}{path}", world.stack.base_url()))
            .header("origin", "https://gate.example")
            .header("access-control-request-method", "POST");
        let response = preflight.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers().contains_key("x-request-id")),
            (204, false)
        );
    }
}

/// JSON is taken as it is, uncompressed and in UTF-8, and anything else is told so.
#[tokio::test]
async fn bodies_in_other_encodings_are_415() {
    let world = World::open().await;
    let send = |headers: &'static [(&'static str, &'static str)], body: &'static [u8]| {
        let url = format!("{}/v1/emergencies", world.guard.base_url);
        let request = world.guard.http.post(url).bearer_auth(&world.guard.token).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        async move {
            let response = request.send().await.unwrap();
            let takes = response.headers().get("accept-encoding").cloned();
            let status = response.status().as_u16();
            (
                status,
                takes,
                response.json::<Value>().await.unwrap()["error_code"].as_str().unwrap().to_owned(),
            )
        }
    };
    const JSON: (&str, &str) = ("content-type", "application/json");
    for (headers, body) in [
        (&[JSON, ("content-encoding", "gzip")][..], &b"\x1f\x8b\x08\x00"[..]),
        (&[JSON, ("content-encoding", "br")], b"{}"),
        (&[JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")], b"{}"),
        (&[("content-type", "application/json; charset=iso-8859-1")], b"{}"),
        (&[("content-type", "application/json;v=1; Charset=\"UTF-16\"")], b"{}"),
    ] {
        let (status, takes, code) = send(headers, body).await;
        assert_eq!((status, code.as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{headers:?}");
        assert_eq!(takes.unwrap(), "identity", "{headers:?}");
    }
    for headers in [
        &[JSON, ("content-encoding", "identity")][..],
        &[("content-type", "application/json; charset=utf-8")],
        &[("content-type", "application/json; charset=\"UTF-8\"")],
        &[("content-type", "application/json;")],
    ] {
        let (status, _, code) = send(headers, b"{}").await;
        assert_eq!((status, code.as_str()), (400, "VALIDATION_FAILED"), "{headers:?}");
    }
}

/// A key in the body is checked, whether the header has one or not.
#[tokio::test]
async fn a_key_in_the_body_is_checked_beside_that_of_the_header() {
    let world = World::open().await;
    let visitor = |key: Value| json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": FLAT_101, "idempotency_key": key});
    for wrong in [json!(5), json!(true), json!(["k"]), json!({}), json!("k".repeat(201)), json!("a\u{7}b")] {
        for header in [None, Some("guard_1764000000000")] {
            let body = Some(visitor(wrong.clone()));
            let reply = world.guard.send(Method::POST, "/v1/visitors", body, header).await;
            let refused = reply.refused(400, "VALIDATION_FAILED");
            assert_eq!(refused["details"][0]["field"], "idempotency_key", "{wrong} with {header:?}");
        }
    }
    let first =
        world.guard.send(Method::POST, "/v1/visitors", Some(visitor(json!("in-the-body"))), Some("k")).await;
    let first = first.data(201);
    let again = world.guard.send(Method::POST, "/v1/visitors", Some(visitor(Value::Null)), Some("k")).await;
    assert_eq!(again.data(200), first, "the header counts");
}

/// What a phone says of itself may hold any number; a text in it is searched as everywhere.
#[tokio::test]
async fn a_build_number_is_no_aadhaar_number() {
    let world = World::open().await;
    let register =
        |info: Value| world.resident.post("/v1/fcm-token", json!({"token": "t", "device_info": info}));
    register(json!({"build": 999_941_057_058_u64, "at": [202_611_241_530_u64]})).await.data(200);
    for info in [json!({"build": "999941057058"}), json!({"a": [{"9999 4105 7058": 1}]})] {
        register(info).await.refused(400, "AADHAAR_NOT_ACCEPTED");
    }
    let docs = json!({"flat_id": FLAT_101, "requested_role": "owner", "docs": [999_941_057_058_u64]});
    world.stranger.post("/v1/resident-requests", docs).await.refused(400, "AADHAAR_NOT_ACCEPTED");
}

/// Values that a parameter of this schema takes, and values that it does not.
fn values(document: &Value, schema: &Value) -> (Vec<String>, Vec<&'static str>) {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let cursor = Cursor { at: datetime!(2026-11-24 17:00:00.123456 UTC), id: Uuid::max() };
    let place = PlaceCursor { group: "Pune".to_owned(), name: "Ä".to_owned(), id: Uuid::nil() };
    match name {
        "Limit" | "WholeLimit" => (texts(&["1", "200"]), vec!["0", "201", "-1", "1.5", "x"]),
        "Cursor" => (vec![cursor.encode()], vec!["x", "!", "B_______________________________", "AAAA"]),
        "PlaceCursor" => (vec![place.encode()], vec!["x", "!", "AAAA"]),
        "Day" => (texts(&["2000-01-01", "2199-12-31"]), vec!["1999-12-31", "2200-01-01", "2026-02-30", "x"]),
        "PeriodBound" => {
            (texts(&["2026-01-31", "2026-01-31T18:30:00Z"]), vec!["1999-12-31", "2026-13-01T00:00:00Z", "x"])
        }
        "Text120" => (texts(&["Pune"]), vec!["%00", "999941057058"]),
        "" if schema["type"] == "integer" => (
            vec![schema["minimum"].to_string(), schema["maximum"].to_string()],
            vec!["-1", "1.5", "x", "99999999999999999999"],
        ),
        "" if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains(':')) => (
            vec![format!("1:{}", "0a".repeat(32)), format!("{}:{}", "9".repeat(18), "F".repeat(64))],
            vec!["1", ":", "0:0a"],
        ),
        "" if schema["pattern"].is_string() => {
            let at = admin::Position { seq: 7, hash: [255; 32], seen: cursor.at };
            (vec![at.encode(), format!("A3{}", "_".repeat(62))], vec!["x", "!", "AAAA"])
        }
        "" => {
            assert_eq!(schema["format"], "uuid", "{schema}");
            (vec![GREEN_ACRES.to_string(), GREEN_ACRES.to_string().to_uppercase()], vec!["1", "{}", "x"])
        }
        _ => {
            let words = document["components"]["schemas"][name]["enum"].as_array();
            let words = words.unwrap_or_else(|| panic!("nobody knows what {name} takes"));
            (words.iter().map(|word| word.as_str().unwrap().to_owned()).collect(), vec!["gone", "1"])
        }
    }
}

/// Each parameter of a query takes what the reference says, and nothing else.
#[tokio::test]
async fn queries_are_what_the_reference_says() {
    let world = World::open().await;
    let document = document();
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parameters = operations["get"]["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| match parameter["$ref"].as_str() {
            Some(location) => document.pointer(location.trim_start_matches('#')).unwrap(),
            None => parameter,
        });
        let parameters: Vec<_> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        // Lists below an id are those of a society.
        let path = path.replace("{society_id}", "{id}").replace("{id}", &GREEN_ACRES.to_string());
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            let others = parameters.iter().filter(|other| other["name"] != name && other["required"] == true);
            let others = others.map(|other| {
                let (good, _) = values(&document, &other["schema"]);
                format!("&{}={}", other["name"].as_str().unwrap(), good[0])
            });
            let others: String = others.collect();
            let (good, bad) = values(&document, &parameter["schema"]);
            for value in good {
                let reply = world.admin.get(&format!("{path}?{name}={value}{others}")).await;
                assert_ne!(reply.status, 400, "{}: {}", reply.call, reply.body);
                tried += 1;
            }
            for value in bad {
                let refused = world.admin.get(&format!("{path}?{name}={value}{others}")).await;
                assert_eq!(refused.status, 400, "{}: {}", refused.call, refused.body);
                assert_eq!(refused.body["details"][0]["field"], name, "{}", refused.call);
            }
        }
    }
    assert!(tried > 60, "only {tried} were tried");
}
