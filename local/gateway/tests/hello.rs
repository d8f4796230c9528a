//! The example answers over HTTP and over a WebSocket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../examples/hello.rs"]
mod hello;

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{client_async, tungstenite::Message};

/// Starts the example and answers its address.
async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async { hello::serve(listener).await.unwrap() });
    address
}

async fn get(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_example_greets_over_http() {
    let address = start().await;
    let answer = get(&address, "/hello/Asha%20Rao").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("Hello, Asha Rao!"), "{answer}");
    assert!(get(&address, "/other").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn the_example_greets_over_a_websocket() {
    let address = start().await;
    let socket = TcpStream::connect(&address).await.unwrap();
    let (mut client, _) = client_async(format!("ws://{address}/ws"), socket).await.unwrap();
    client.send(Message::text("Ravi")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("Hello, Ravi!"));
}
