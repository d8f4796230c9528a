//! A proxy in front of PostgreSQL that counts what goes over the wire, and can cut it.
//!
//! A round trip is a message that has to be answered, sent by a client that had received everything
//! it asked for before; whatever is sent while an answer is outstanding (pipelined) belongs to the
//! same round trip. A statement is a `Sync` or a simple `Query`. Start-up and authentication do not
//! count. (PostgreSQL manual, "Frontend/Backend Protocol".)

use std::{
    io,
    net::SocketAddr,
    ops::Sub,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::Error;

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Times a client waited for the server.
    pub round_trips: u64,
    /// Statements, pipelined ones counted singly.
    pub statements: u64,
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            statements: self.statements - before.statements,
        }
    }
}

/// The proxy. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Wire {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    total: Counter,
    connections: Mutex<Vec<Arc<Counter>>>,
    refusing: AtomicBool,
    /// Connections end when this changes.
    cut: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Counter {
    round_trips: AtomicU64,
    statements: AtomicU64,
    open: AtomicBool,
}

impl Counter {
    fn read(&self) -> Count {
        Count {
            round_trips: self.round_trips.load(Ordering::Acquire),
            statements: self.statements.load(Ordering::Acquire),
        }
    }
}

impl Wire {
    /// Listens on a free port of 127.0.0.1 and hands everything on to `server`.
    pub async fn start(server: SocketAddr) -> Result<Self, Error> {
        let listening = || Error::io("listening in front of PostgreSQL");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listening())?;
        let port = listener.local_addr().map_err(listening())?.port();
        let shared = Arc::new(Shared {
            total: Counter::default(),
            connections: Mutex::default(),
            refusing: AtomicBool::new(false),
            cut: watch::Sender::new(0),
        });
        tokio::spawn(accept(listener, server, shared.clone()));
        Ok(Self { shared, port })
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What went over all connections since the start.
    pub fn total(&self) -> Count {
        self.shared.total.read()
    }

    /// What went over each connection that is open now, in the order they were opened.
    pub fn connections(&self) -> Vec<Count> {
        let connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.iter().map(|counter| counter.read()).collect()
    }

    /// Ends all connections, in the middle of whatever they do. New ones are served.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|generation| *generation += 1);
    }

    /// Has new connections end at once, or serves them again.
    pub fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::Release);
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Only a lack of descriptors lasts, and nothing tells when there are some again.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if shared.refusing.load(Ordering::Acquire) {
            continue;
        }
        let shared = shared.clone();
        tokio::spawn(async move {
            let mut cut = shared.cut.subscribe();
            let counter = Arc::new(Counter { open: AtomicBool::new(true), ..Counter::default() });
            remember(&shared, &counter);
            let meter =
                Meter { connection: counter.clone(), shared: shared.clone(), pending: AtomicU64::new(0) };
            tokio::select! {
                _ = carry(client, server, &meter) => {}
                _ = cut.changed() => {}
            }
            counter.open.store(false, Ordering::Release);
        });
    }
}

fn remember(shared: &Shared, counter: &Arc<Counter>) {
    let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
    connections.retain(|known| known.open.load(Ordering::Acquire));
    connections.push(counter.clone());
}

async fn carry(client: TcpStream, server: SocketAddr, meter: &Meter) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        ended = copy(from_client, to_server, Messages::from_client(), |kind| meter.asked(kind)) => ended,
        ended = copy(from_server, to_client, Messages::from_server(), |kind| meter.answered(kind)) => ended,
    }
}

/// Hands bytes on as they come, and tells `seen` of each message that begins in them, before they
/// are handed on: an answer can then never be counted before its question.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut messages: Messages,
    seen: impl Fn(u8),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        messages.read(&buffer[..length], &seen);
        to.write_all(&buffer[..length]).await?;
    }
}

struct Meter {
    connection: Arc<Counter>,
    shared: Arc<Shared>,
    /// `ReadyForQuery` answers that are outstanding.
    pending: AtomicU64,
}

impl Meter {
    fn asked(&self, kind: u8) {
        if !matches!(kind, b'S' | b'Q') {
            return;
        }
        let alone = self.pending.fetch_add(1, Ordering::AcqRel) == 0;
        for counter in [&*self.connection, &self.shared.total] {
            counter.statements.fetch_add(1, Ordering::AcqRel);
            counter.round_trips.fetch_add(u64::from(alone), Ordering::AcqRel);
        }
    }

    fn answered(&self, kind: u8) {
        if kind == b'Z' {
            // The first one ends the start-up, for which nothing was counted.
            let _ = self
                .pending
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |pending| pending.checked_sub(1));
        }
    }
}

/// Finds the messages in a stream: a byte for the kind, four for the length that follows.
struct Messages {
    state: State,
    header: Vec<u8>,
}

enum State {
    /// Messages of a client that has not started yet have no kind.
    StartUp,
    Message,
    /// So many bytes of the current message are still to come.
    Body(usize),
}

/// Protocol 3.x; anything else at this point asks for encryption, or cancels (manual, "Message Formats").
const PROTOCOL_MAJOR: u16 = 3;

impl Messages {
    fn from_client() -> Self {
        Self { state: State::StartUp, header: Vec::with_capacity(8) }
    }

    fn from_server() -> Self {
        Self { state: State::Message, header: Vec::with_capacity(8) }
    }

    fn read(&mut self, mut bytes: &[u8], seen: &impl Fn(u8)) {
        while !bytes.is_empty() {
            match self.state {
                State::Body(left) => {
                    let taken = left.min(bytes.len());
                    bytes = &bytes[taken..];
                    self.state = if taken == left { State::Message } else { State::Body(left - taken) };
                }
                State::StartUp => {
                    if let Some([a, b, c, d, e, f, ..]) = self.header(&mut bytes, 8) {
                        let length = u32::from_be_bytes([a, b, c, d]) as usize;
                        if u16::from_be_bytes([e, f]) == PROTOCOL_MAJOR {
                            self.state = body(length.saturating_sub(8));
                        }
                    }
                }
                State::Message => {
                    if let Some([kind, a, b, c, d, ..]) = self.header(&mut bytes, 5) {
                        seen(kind);
                        self.state = body((u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4));
                    }
                }
            }
        }
    }

    /// The next `length` bytes, once they are all there.
    fn header(&mut self, bytes: &mut &[u8], length: usize) -> Option<[u8; 8]> {
        let taken = (length - self.header.len()).min(bytes.len());
        self.header.extend_from_slice(&bytes[..taken]);
        *bytes = &bytes[taken..];
        if self.header.len() < length {
            return None;
        }
        let mut header = [0; 8];
        header[..length].copy_from_slice(&self.header);
        self.header.clear();
        Some(header)
    }
}

fn body(length: usize) -> State {
    if length == 0 { State::Message } else { State::Body(length) }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend((body.len() as u32 + 4).to_be_bytes());
        message.extend(body);
        message
    }

    fn start_up() -> Vec<u8> {
        let tls = [&8_u32.to_be_bytes()[..], &80_877_103_u32.to_be_bytes()].concat();
        let hello = [&13_u32.to_be_bytes()[..], &196_608_u32.to_be_bytes(), b"abcd\0"].concat();
        [tls, hello].concat()
    }

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let stream =
            [start_up(), message(b'p', b"secret"), message(b'P', b"SELECT 1"), message(b'S', b"")].concat();
        for size in 1..stream.len() {
            let kinds = RefCell::new(Vec::new());
            let mut messages = Messages::from_client();
            for piece in stream.chunks(size) {
                messages.read(piece, &|kind| kinds.borrow_mut().push(kind));
            }
            assert_eq!(kinds.into_inner(), *b"pPS", "in pieces of {size}");
        }
    }

    #[test]
    fn pipelined_statements_are_one_round_trip() {
        let shared = Arc::new(Shared {
            total: Counter::default(),
            connections: Mutex::default(),
            refusing: AtomicBool::new(false),
            cut: watch::Sender::new(0),
        });
        let meter = Meter { connection: Arc::default(), shared, pending: AtomicU64::new(0) };
        meter.answered(b'Z');
        for kind in *b"PBDESPBDES" {
            meter.asked(kind);
        }
        meter.answered(b'Z');
        meter.answered(b'Z');
        meter.asked(b'Q');
        assert_eq!(meter.connection.read(), Count { round_trips: 2, statements: 3 });
    }
}
