//! A proxy in front of PostgreSQL that counts what goes over the wire, and can cut it.
//!
//! A round trip is a message that has to be answered, sent by a client that had received everything
//! it asked for before; whatever is sent while an answer is outstanding (pipelined) belongs to the
//! same round trip. A statement is a `Sync` after an `Execute`, or a simple `Query`. Start-up, authentication and what
//! prepares a statement for later do not count among them. (PostgreSQL manual, "Frontend/Backend Protocol".)
//!
//! Each function has a port of its own, which leads to the same server, so that faults know who asks.

use std::{
    net::SocketAddr,
    ops::Sub,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

use crate::{
    Error,
    faults::{Faults, Kind, Point},
    proxy::{self, Line, Next},
};

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Times a client waited for the server.
    pub round_trips: u64,
    /// Statements, pipelined ones counted singly.
    pub statements: u64,
    /// Statements that were prepared for later, a round trip each: once for a connection.
    pub prepared: u64,
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            statements: self.statements - before.statements,
            prepared: self.prepared - before.prepared,
        }
    }
}

/// The proxy. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct Wire {
    shared: Arc<Shared>,
    server: SocketAddr,
    faults: Faults,
    port: u16,
}

#[derive(Debug, Default)]
struct Shared {
    total: Counter,
    connections: Mutex<Vec<Arc<Counter>>>,
    refusing: AtomicBool,
    /// Connections end when this changes.
    cut: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Counter {
    round_trips: AtomicU64,
    statements: AtomicU64,
    prepared: AtomicU64,
    open: AtomicBool,
}

impl Counter {
    fn read(&self) -> Count {
        Count {
            round_trips: self.round_trips.load(Ordering::Acquire),
            statements: self.statements.load(Ordering::Acquire),
            prepared: self.prepared.load(Ordering::Acquire),
        }
    }
}

impl Wire {
    /// Listens on a free port of 127.0.0.1 and hands everything on to `server`.
    pub async fn start(server: SocketAddr, faults: Faults) -> Result<Self, Error> {
        let shared = Arc::<Shared>::default();
        let door = Door { shared: shared.clone(), faults: faults.clone(), function: None };
        let port = proxy::start(server, door).await?;
        Ok(Self { shared, server, faults, port })
    }

    /// A port for one function, so that it is known who calls. What goes through it is counted with the rest.
    pub async fn door(&self, function: &str) -> Result<u16, Error> {
        let (shared, faults) = (self.shared.clone(), self.faults.clone());
        proxy::start(self.server, Door { shared, faults, function: Some(function.to_owned()) }).await
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
        self.shared.cut.send_replace(());
    }

    /// Has new connections end at once, or serves them again.
    pub fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::Release);
    }
}

/// A port of the wire.
struct Door {
    shared: Arc<Shared>,
    faults: Faults,
    function: Option<String>,
}

impl Line for Door {
    fn tap(&self) -> (impl FnMut(&[u8]) -> Next + Send, impl FnMut(&[u8]) + Send) {
        let asking = Arc::new(Meter::open(&self.shared));
        let answering = asking.clone();
        let (mut questions, mut answers) = (Messages::from_client(), Messages::from_server());
        let asked = move |bytes: &[u8]| {
            let mut statements = 0;
            questions.read(bytes, &mut |kind| statements += u64::from(asking.asked(kind)));
            let kills = |function: &str| statements > 0 && self.faults.kills(function, Point::BeforeCommit);
            if self.function.as_deref().is_some_and(kills) { Next::KeepBack } else { Next::HandOn }
        };
        let answered = move |bytes: &[u8]| answers.read(bytes, &mut |kind| answering.answered(kind));
        (asked, answered)
    }

    async fn end(&self) {
        let mut cut = self.shared.cut.subscribe();
        if self.shared.refusing.load(Ordering::Acquire) {
            return;
        }
        tokio::select! {
            _ = cut.changed() => {}
            () = self.faults.down(Kind::PostgresDown, self.function.as_deref()) => {}
        }
    }
}

struct Meter {
    connection: Arc<Counter>,
    shared: Arc<Shared>,
    /// `ReadyForQuery` answers that are outstanding.
    pending: AtomicU64,
    /// Whether something was to be run, and whether something was parsed, since the last `Sync`.
    runs: AtomicBool,
    parses: AtomicBool,
}

impl Meter {
    /// Counts a new connection, until this is dropped.
    fn open(shared: &Arc<Shared>) -> Self {
        let connection = Arc::new(Counter { open: AtomicBool::new(true), ..Counter::default() });
        let mut connections = shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|known| known.open.load(Ordering::Acquire));
        connections.push(connection.clone());
        let (runs, parses) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { connection, shared: shared.clone(), pending: AtomicU64::new(0), runs, parses }
    }

    /// Counts a message of the client's, and tells whether it is a statement.
    fn asked(&self, kind: u8) -> bool {
        match kind {
            b'E' => self.runs.store(true, Ordering::Release),
            b'P' => self.parses.store(true, Ordering::Release),
            b'S' | b'Q' => {
                let alone = self.pending.fetch_add(1, Ordering::AcqRel) == 0;
                let runs = self.runs.swap(false, Ordering::AcqRel) || kind == b'Q';
                let prepares = self.parses.swap(false, Ordering::AcqRel) && !runs;
                for counter in [&*self.connection, &self.shared.total] {
                    counter.statements.fetch_add(u64::from(runs), Ordering::AcqRel);
                    counter.round_trips.fetch_add(u64::from(runs && alone), Ordering::AcqRel);
                    counter.prepared.fetch_add(u64::from(prepares), Ordering::AcqRel);
                }
                return runs;
            }
            _ => {}
        }
        false
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

impl Drop for Meter {
    fn drop(&mut self) {
        self.connection.open.store(false, Ordering::Release);
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

    fn read(&mut self, mut bytes: &[u8], seen: &mut impl FnMut(u8)) {
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
            let mut kinds = Vec::new();
            let mut messages = Messages::from_client();
            for piece in stream.chunks(size) {
                messages.read(piece, &mut |kind| kinds.push(kind));
            }
            assert_eq!(kinds, *b"pPS", "in pieces of {size}");
        }
    }

    #[test]
    fn pipelined_statements_are_one_round_trip() {
        let meter = Meter::open(&Arc::default());
        meter.answered(b'Z');
        for kind in *b"PBDESPBDES" {
            meter.asked(kind);
        }
        meter.answered(b'Z');
        meter.answered(b'Z');
        meter.asked(b'Q');
        assert_eq!(meter.connection.read(), Count { round_trips: 2, statements: 3, prepared: 0 });
    }

    #[test]
    fn a_statement_is_prepared_apart_from_being_run() {
        let meter = Meter::open(&Arc::default());
        meter.answered(b'Z');
        for kind in *b"PDSBESBES" {
            assert_eq!(meter.asked(kind), kind == b'S' && meter.connection.read().statements > 0, "{kind}");
            if kind == b'S' {
                meter.answered(b'Z');
            }
        }
        assert_eq!(meter.connection.read(), Count { round_trips: 2, statements: 2, prepared: 1 });
    }
}
