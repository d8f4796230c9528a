//! Serving a connection that lags behind its room: what it lacks, in order, until it has everything.

use shared::{
    StoreError,
    realtime::{Backlog, Event, Member, Outbox, Posted},
};

use crate::Dispatcher;

/// Tries without any success, over half a minute to two, after which the connection is closed: its
/// client connects again and asks for what it missed.
const MAX_ATTEMPTS: i32 = 6;

impl Dispatcher {
    /// Sends a connection what it lacks. True where it was given up.
    pub(crate) async fn serve_lagging(&self, outbox: &Outbox<'_>, backlog: Backlog) -> bool {
        let (room, connection_id) = (backlog.room, backlog.connection_id.clone());
        let served = self.try_to_serve(outbox, backlog).await;
        served.unwrap_or_else(|error| {
            // It is due again when the lease ends.
            tracing::warn!(%room, connection_id, ?error, "a lagging connection could not be served");
            false
        })
    }

    async fn try_to_serve(&self, outbox: &Outbox<'_>, mut backlog: Backlog) -> Result<bool, StoreError> {
        let Some(member) = self.find_entitled(&backlog).await? else {
            outbox.forget(&backlog).await?;
            return Ok(false);
        };
        loop {
            let (since, posted) = self.send(&member, &backlog).await?;
            match posted {
                Posted::Accepted => match outbox.advance(&backlog, since).await? {
                    Some(rest) if !rest.events.is_empty() => backlog = rest,
                    // What it lacks is not there to be sent.
                    Some(rest) => {
                        outbox.forget(&rest).await?;
                        return Ok(false);
                    }
                    None => return Ok(false),
                },
                Posted::Gone => {
                    self.pusher.connections().remove(backlog.room, &member).await?;
                    outbox.forget(&backlog).await?;
                    return Ok(false);
                }
                Posted::Failed if backlog.attempts >= MAX_ATTEMPTS && self.give_up(&member).await? => {
                    outbox.forget(&backlog).await?;
                    return Ok(true);
                }
                Posted::Failed => {
                    outbox.postpone(&backlog, since).await?;
                    return Ok(false);
                }
            }
        }
    }

    /// The connection, where it is still in the room and its user belongs there.
    async fn find_entitled(&self, backlog: &Backlog) -> Result<Option<Member>, StoreError> {
        let connections = self.pusher.connections();
        let member = connections.member(backlog.room, &backlog.connection_id).await?;
        let member = member.filter(|member| member.connected_at == backlog.connected_at);
        match member {
            Some(member) if !backlog.users.contains(&member.user_id) => {
                connections.leave(&member.connection_id, backlog.room).await?;
                Ok(None)
            }
            member => Ok(member),
        }
    }

    /// Posts one event after the other; answers the last one that was taken, and what came of the rest.
    async fn send(&self, member: &Member, backlog: &Backlog) -> Result<(i64, Posted), StoreError> {
        let mut since = backlog.since;
        for event in &backlog.events {
            let frame = member.protocol.event(event);
            let frame = frame.map_err(|_| StoreError::Defect("an event could not be serialised".into()))?;
            let posted = self.pusher.gateway().post(&member.connection_id, &frame).await;
            if posted != Posted::Accepted {
                let Event { room, seq, request_id, trace_id, .. } = event;
                let Member { connection_id, .. } = member;
                tracing::warn!(%room, seq, request_id, trace_id, connection_id, "an event was not taken again");
                return Ok((since, posted));
            }
            since = event.seq;
        }
        Ok((since, Posted::Accepted))
    }

    /// Closes a connection that takes nothing. False where that is not possible either.
    async fn give_up(&self, member: &Member) -> Result<bool, StoreError> {
        if self.pusher.gateway().hang_up(&member.connection_id).await == Posted::Failed {
            return Ok(false);
        }
        self.pusher.connections().close(&member.connection_id, member.connected_at).await?;
        Ok(true)
    }
}
