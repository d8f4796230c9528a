//! An open connection: frames in, frames out, limits, and how it ended.

use std::{sync::Arc, time::Duration};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncReadExt,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::registry::{Connection, Outgoing};
use crate::{Gateway, epoch_millis};

/// API Gateway quotas for WebSocket APIs.
const MAX_FRAME: usize = 32 * 1024;
/// API Gateway quotas for WebSocket APIs.
const MAX_MESSAGE: usize = 128 * 1024;
/// How long a client that was told to close has to do so.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TokioIo<Upgraded>>;
/// What was closed with, and the sink to do more with.
type Closed = (SplitSink<Socket, Message>, CloseCode, &'static str);

/// How a connection ended, as the `$disconnect` event says it.
pub(super) struct Ending {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Ending {
    fn new(code: CloseCode, reason: &str) -> Self {
        Self { code: code.into(), reason: reason.to_owned() }
    }

    /// The client vanished without a word.
    pub(super) fn lost() -> Self {
        Self::new(CloseCode::Abnormal, "Connection closed abnormally")
    }

    fn of_client(frame: Option<CloseFrame>) -> Self {
        match frame {
            Some(frame) => Self { code: frame.code.into(), reason: frame.reason.to_string() },
            None => Self::new(CloseCode::Status, "Client-side close frame status not set"),
        }
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    upgraded: Upgraded,
    posts: mpsc::Receiver<Outgoing>,
) -> Ending {
    let config = WebSocketConfig::default()
        .read_buffer_size(MAX_FRAME)
        .write_buffer_size(0)
        .max_frame_size(Some(MAX_FRAME))
        .max_message_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (sink, incoming) = socket.split();
    let mut session = Session { gateway, connection, incoming, writer: tokio::spawn(write(sink, posts)) };
    match session.run().await {
        Run::Ended(ending) => {
            session.connection.close();
            session.writer.abort();
            ending
        }
        Run::Close(code, reason) => {
            session.close(code, reason).await;
            Ending::new(code, reason)
        }
    }
}

struct Session {
    gateway: Arc<Gateway>,
    connection: Arc<Connection>,
    incoming: SplitStream<Socket>,
    /// Writing has a task of its own, so that a client which does not read still can be read from.
    writer: JoinHandle<Option<Closed>>,
}

/// Why the loop was left.
enum Run {
    /// The client closed, or is gone.
    Ended(Ending),
    /// We want the connection closed.
    Close(CloseCode, &'static str),
}

impl Session {
    async fn run(&mut self) -> Run {
        let limits = self.gateway.options.limits;
        let end_of_life = Instant::now() + limits.lifetime;
        loop {
            let quiet = Duration::from_millis(
                u64::try_from(epoch_millis() - self.connection.last_active()).unwrap_or(0),
            );
            let idle_at = Instant::now() + limits.idle.saturating_sub(quiet);
            tokio::select! {
                frame = self.incoming.next() => {
                    self.connection.touch();
                    if let Some(run) = self.receive(frame).await {
                        return run;
                    }
                }
                written = &mut self.writer => return match written {
                    Ok(Some((_, code, reason))) => self.finish(Ending::new(code, reason)).await,
                    Ok(None) | Err(_) => Run::Ended(Ending::lost()),
                },
                () = sleep_until(idle_at) => {
                    let quiet = epoch_millis() - self.connection.last_active();
                    if quiet >= i64::try_from(limits.idle.as_millis()).unwrap_or(i64::MAX) {
                        return Run::Close(CloseCode::Away, "Going away");
                    }
                }
                () = self.connection.until_cut() => return Run::Ended(Ending::lost()),
                () = sleep_until(end_of_life) => return Run::Close(CloseCode::Away, "Going away"),
            }
        }
    }

    async fn receive(&mut self, frame: Option<Result<Message, Error>>) -> Option<Run> {
        match frame {
            Some(Ok(Message::Text(text))) => {
                let (gateway, connection) = (self.gateway.clone(), self.connection.clone());
                tokio::spawn(async move {
                    if let Some(answer) = gateway.answer_message(&connection, text.to_string()).await {
                        // A client that has gone meanwhile needs no answer.
                        let _ = connection.outgoing().send(Outgoing::Text(answer)).await;
                        connection.touch();
                    }
                });
                None
            }
            Some(Ok(Message::Binary(_))) => {
                Some(Run::Close(CloseCode::Unsupported, "Binary is not supported"))
            }
            Some(Ok(Message::Close(frame))) => {
                self.connection.close();
                // One more look at the socket sends the answer that a close asks for.
                let _ = timeout(CLOSE_TIMEOUT, self.incoming.next()).await;
                Some(Run::Ended(Ending::of_client(frame)))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Err(Error::Capacity(_))) => Some(Run::Close(CloseCode::Size, "Message is too long")),
            Some(Err(Error::Utf8(_))) => Some(Run::Close(CloseCode::Invalid, "Text is not UTF-8")),
            Some(Err(Error::Protocol(violation))) if !is_loss(&violation) => {
                Some(Run::Close(CloseCode::Protocol, "Protocol error"))
            }
            Some(Err(_)) | None => Some(Run::Ended(Ending::lost())),
        }
    }

    /// Waits for the client's part of a close that has been sent.
    async fn finish(&mut self, ending: Ending) -> Run {
        self.connection.close();
        let rest = async { while let Some(Ok(_)) = self.incoming.next().await {} };
        let _ = timeout(CLOSE_TIMEOUT, rest).await;
        Run::Ended(ending)
    }

    /// Sends a close and reads on until the client has gone. What it sent in the meantime is thrown
    /// away unread: ending the socket with something unread would take our close back.
    async fn close(self, code: CloseCode, reason: &'static str) {
        self.connection.close();
        let told = timeout(CLOSE_TIMEOUT, async {
            self.connection.outgoing().send(Outgoing::Close(code, reason)).await.ok()?;
            self.writer.await.ok()?
        });
        let Ok(Some((sink, ..))) = told.await else { return };
        let Ok(mut socket) = self.incoming.reunite(sink) else { return };
        let mut unread = vec![0; MAX_FRAME];
        let _ = timeout(CLOSE_TIMEOUT, async {
            while socket.get_mut().read(&mut unread).await.is_ok_and(|length| length > 0) {}
        })
        .await;
    }
}

fn is_loss(violation: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(violation, ProtocolError::ResetWithoutClosingHandshake)
}

/// Writes until a close has been written (then the sink is handed back) or the client has gone.
async fn write(mut sink: SplitSink<Socket, Message>, mut posts: mpsc::Receiver<Outgoing>) -> Option<Closed> {
    while let Some(post) = posts.recv().await {
        match post {
            Outgoing::Text(text) => sink.send(Message::Text(text.into())).await.ok()?,
            Outgoing::Binary(bytes) => sink.send(Message::Binary(bytes.into())).await.ok()?,
            Outgoing::Close(code, reason) => {
                let frame = CloseFrame { code, reason: reason.into() };
                sink.send(Message::Close(Some(frame))).await.ok()?;
                return Some((sink, code, reason));
            }
        }
    }
    None
}
