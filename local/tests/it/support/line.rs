//! A network between a client and the stack that can die without a word, as a phone's does in a lift.

use std::net::SocketAddr;

use stack::Stack;
use tokio::{
    io::{AsyncRead, copy_bidirectional, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A way to the stack. What goes over it ends with this.
pub struct Line {
    port: u16,
    /// Sends when the connections there are go silent.
    silenced: watch::Sender<()>,
}

impl Line {
    pub async fn to(stack: &Stack) -> Self {
        let server = stack.base_url().trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silenced = watch::Sender::new(());
        tokio::spawn(accept(listener, server, silenced.clone()));
        Self { port, silenced }
    }

    /// Where the stack is reached over it.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// From now on nothing comes through on the connections there are, and neither side is told. New ones work.
    pub fn go_silent(&self) {
        self.silenced.send_replace(());
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, silenced: watch::Sender<()>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, server, silenced.subscribe()));
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut silenced: watch::Receiver<()>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = silenced.changed() => {}
    }
    // Neither socket is closed before both sides have done so.
    tokio::join!(swallow(client), swallow(server));
}

async fn swallow(mut from: impl AsyncRead + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut sink()).await;
}
