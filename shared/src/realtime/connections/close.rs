//! Closing: `META` first, so that nothing can join any more, then the rooms that are found.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::delete_item::DeleteItemError,
    types::{DeleteRequest, WriteRequest},
};

use super::{
    Connections, Key, MAX_ATTEMPTS, connection_key, name_in_sort_key, number, pause, unavailable, unbuildable,
};
use crate::{
    http::ApiError,
    realtime::{Member, Room},
};

/// Items in one batch (DynamoDB: "BatchWriteItem").
const BATCH: usize = 25;

impl Connections {
    /// Forgets a connection and takes it out of all its rooms, unless its id now belongs to another
    /// connection. Doing so twice changes nothing.
    pub async fn close(&self, connection_id: &str, connected_at: i64) -> Result<(), ApiError> {
        if self.forget(connection_id, connected_at).await? {
            let rooms = self.rooms_of(connection_id).await?;
            // The rooms' side goes first: should the rest fail, the connection hears nothing any more.
            let members = rooms.iter().map(|room| Key::member(*room, connection_id));
            let memberships = rooms.iter().map(|room| Key::membership(connection_id, *room));
            self.delete(members.chain(memberships).collect()).await?;
        }
        Ok(())
    }

    /// Closes a connection that the gateway says is gone, and takes it out of `room` even where
    /// nothing else is left of it.
    pub async fn remove(&self, room: Room, member: &Member) -> Result<(), ApiError> {
        self.close(&member.connection_id, member.connected_at).await?;
        let result = self
            .store
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::member(room, &member.connection_id).item()))
            .condition_expression("connected_at = :connected_at")
            .expression_attribute_values(":connected_at", number(member.connected_at))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if has_condition_failed(error.as_service_error()) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Removes `META`; false where it belongs to another connection.
    async fn forget(&self, connection_id: &str, connected_at: i64) -> Result<bool, ApiError> {
        let mut attempt = 0;
        loop {
            let result = self
                .store
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(Key::meta(connection_id).item()))
                .condition_expression("attribute_not_exists(pk) OR connected_at = :connected_at")
                .expression_attribute_values(":connected_at", number(connected_at))
                .send()
                .await;
            attempt += 1;
            match result {
                Ok(_) => return Ok(true),
                Err(error) if has_condition_failed(error.as_service_error()) => return Ok(false),
                // A join is just being written.
                Err(error)
                    if error.code() == Some("TransactionConflictException") && attempt < MAX_ATTEMPTS =>
                {
                    pause(attempt).await;
                }
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    async fn rooms_of(&self, connection_id: &str) -> Result<Vec<Room>, ApiError> {
        let items = self.items_of(&connection_key(connection_id)).await?;
        Ok(items.iter().filter_map(|item| name_in_sort_key(item, "ROOM#")?.parse().ok()).collect())
    }

    /// Deletes items in batches, and again what a batch left undone.
    pub(super) async fn delete(&self, keys: Vec<Key>) -> Result<(), ApiError> {
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

    async fn delete_batch(&self, mut requests: Vec<WriteRequest>) -> Result<(), ApiError> {
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
        Err(ApiError::Unavailable("connections table: too busy to delete".into()))
    }
}

fn has_condition_failed(error: Option<&DeleteItemError>) -> bool {
    error.is_some_and(DeleteItemError::is_conditional_check_failed_exception)
}
