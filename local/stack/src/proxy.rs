//! TCP proxies in front of the stores: what goes over a connection is looked at, and may be kept
//! back or cut off.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::Error;

/// What looks at the connections of a proxy.
pub(crate) trait Line: Send + Sync + 'static {
    /// What looks at one connection: at the client's bytes, and at the server's, each before they
    /// are handed on.
    fn tap(&self) -> (impl FnMut(&[u8]) -> Next + Send, impl FnMut(&[u8]) + Send);

    /// Waits until a connection has to end. Where that is so from the start, it is refused.
    fn end(&self) -> impl Future<Output = ()> + Send;
}

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The other side gets them.
    HandOn,
    /// Nobody gets them, nor what comes after them.
    KeepBack,
}

/// Listens on a free port of 127.0.0.1, which it answers, and hands everything on to `server`.
pub(crate) async fn start(server: SocketAddr, line: impl Line) -> Result<u16, Error> {
    let listening = || Error::io(format!("listening in front of {server}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listening())?;
    let port = listener.local_addr().map_err(listening())?.port();
    tokio::spawn(accept(listener, server, Arc::new(line)));
    Ok(port)
}

async fn accept(listener: TcpListener, server: SocketAddr, line: Arc<impl Line>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Only a lack of descriptors lasts, and nothing tells when there are some again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let line = line.clone();
        tokio::spawn(async move {
            tokio::select! {
                // Asked first, so that a refused connection never reaches the server.
                biased;
                () = line.end() => {}
                _ = carry(client, server, &*line) => {}
            }
        });
    }
}

async fn carry(client: TcpStream, server: SocketAddr, line: &impl Line) -> io::Result<()> {
    let (asked, mut answered) = line.tap();
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let seen = |bytes: &[u8]| {
        answered(bytes);
        Next::HandOn
    };
    tokio::select! {
        ended = copy(from_client, to_server, asked) => ended,
        ended = copy(from_server, to_client, seen) => ended,
    }
}

/// Hands bytes on as they come. They are looked at before: an answer can then never be seen before
/// its question.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut look: impl FnMut(&[u8]) -> Next,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut next = Next::HandOn;
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        let bytes = buffer.get(..length).unwrap_or_default();
        if next == Next::HandOn {
            next = look(bytes);
        }
        if next == Next::HandOn {
            to.write_all(bytes).await?;
        }
    }
}
