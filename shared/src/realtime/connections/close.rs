//! Closing: `META` first, so that nothing can join any more, then the rooms it names.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, ReturnValue, WriteRequest};

use super::{
    Connections, Key, MAX_ATTEMPTS, Meta, has_collided, has_condition_failed, number, pause, read,
    unavailable, unbuildable,
};
use crate::{
    StoreError,
    realtime::{Member, Room},
};

/// Items in one batch (DynamoDB: "BatchWriteItem").
const BATCH: usize = 25;

impl Connections {
    /// Forgets a connection and takes it out of all its rooms, unless its id now belongs to another
    /// connection. Doing so twice changes nothing.
    pub async fn close(&self, connection_id: &str, connected_at: i64) -> Result<(), StoreError> {
        let Some(meta) = self.forget(connection_id, connected_at).await? else { return Ok(()) };
        let members = meta.rooms.iter().map(|room| Key::member(room, connection_id));
        let shakes = meta.protocol.has_handshake();
        let waiting = (shakes && !meta.admitted).then(|| Key::waiting(connection_id, connected_at));
        let ping = shakes.then(|| Key::ping(connection_id));
        self.delete(members.chain(waiting).chain(ping).collect()).await
    }

    /// Closes a connection that the gateway says is gone, and takes it out of `room` even where
    /// nothing else is left of it.
    pub async fn remove(&self, room: Room, member: &Member) -> Result<(), StoreError> {
        self.close(&member.connection_id, member.connected_at).await?;
        let result = self
            .store
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::member(&room.to_string(), &member.connection_id).item()))
            .condition_expression("connected_at = :connected_at")
            .expression_attribute_values(":connected_at", number(member.connected_at))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if has_condition_failed(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Removes `META` and answers what it was; nothing where there was none, or it belongs to another
    /// connection.
    async fn forget(&self, connection_id: &str, connected_at: i64) -> Result<Option<Meta>, StoreError> {
        let mut attempt = 0;
        loop {
            let result = self
                .store
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(Key::meta(connection_id).item()))
                .condition_expression("connected_at = :connected_at")
                .expression_attribute_values(":connected_at", number(connected_at))
                .return_values(ReturnValue::AllOld)
                .send()
                .await;
            attempt += 1;
            match result {
                Ok(deleted) => return Ok(deleted.attributes.and_then(read)),
                Err(error) if has_condition_failed(&error) => return Ok(None),
                // A join is just being written.
                Err(error) if has_collided(&error) && attempt < MAX_ATTEMPTS => pause(attempt).await,
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    /// Deletes items in batches, and again what a batch left undone.
    pub(super) async fn delete(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(key.item())).build().map_err(unbuildable)?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        for batch in requests.chunks(BATCH) {
            self.delete_batch(batch.to_vec()).await?;
        }
        Ok(())
    }

    async fn delete_batch(&self, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        for attempt in 1..=MAX_ATTEMPTS {
            let call = self.store.batch_write_item().request_items(&self.table, requests);
            let undone: HashMap<_, _> =
                call.send().await.map_err(unavailable)?.unprocessed_items.unwrap_or_default();
            requests = undone.into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Unavailable("connections table: too busy to delete".into()))
    }
}
