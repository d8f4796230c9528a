//! Whom the server pings, and when. Each such connection is in one of [`SLOTS`] partitions by its id, and
//! each partition is due once in the time between two pings, one after the other. So a round reads those that fell due
//! since the last one, no item is written for a ping, and no partition holds more than its share.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use serde::{Deserialize, Serialize};

use super::{
    Connection, Connections, Item, Key, MAX_ATTEMPTS, Meta, has_condition_failed,
    items::{connection_of, ping_key},
    now_ms, number, pause, read, text, unavailable, unbuildable, unwritable,
};
use crate::StoreError;

/// Parts that the connections are pinged in. A release with another number pings connections that were
/// opened before it no more, and their clients come back.
pub(super) const SLOTS: u8 = 16;
/// Keys of one request (DynamoDB: "BatchGetItem").
const BATCH: usize = 100;

/// A connection that is pinged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinged {
    /// The gateway's id of it.
    pub connection_id: String,
    /// When it was opened, in milliseconds since 1970.
    pub connected_at: i64,
}

/// How far pinging has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingPlace {
    /// When the slot that is next fell due, or will. All times are milliseconds since 1970.
    due_at: i64,
    /// The connection of that slot up to which all have been pinged.
    after: Option<String>,
    /// When the first of that slot was pinged.
    begun_at: i64,
    /// When the slots were last begun with; 0 or nothing for one that never was.
    served_at: Vec<i64>,
}

/// A slot that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingSlot {
    number: u8,
    /// When its connections were pinged before this: since then they have had time to answer.
    pub served_at: i64,
}

impl PingPlace {
    /// The slot that is due here, where one is. What lies more than a whole turn back is left out: no
    /// connection is pinged twice to make up for it.
    pub fn slot(&mut self, every: Duration, now: i64) -> Option<PingSlot> {
        let length = Self::length(every);
        let current = now.div_euclid(length);
        // With another time between pings, as a release may bring one, the slots began at other times.
        let next = self.due_at.div_euclid(length) + i64::from(self.due_at.rem_euclid(length) > 0);
        let next = next.max(current - i64::from(SLOTS) + 1);
        if self.due_at != next * length {
            (self.due_at, self.after) = (next * length, None);
        }
        if next > current {
            return None;
        }
        if self.after.is_none() {
            self.begun_at = now;
        }
        let number = u8::try_from(next.rem_euclid(SLOTS.into())).ok()?;
        let served_at = self.served_at.get(usize::from(number)).copied().unwrap_or_default();
        Some(PingSlot { number, served_at })
    }

    /// Goes on within the slot.
    pub fn pass(&mut self, connection_id: &str) {
        self.after = Some(connection_id.to_owned());
    }

    /// Goes on to the next slot.
    pub fn turn(&mut self, slot: PingSlot, every: Duration) {
        self.served_at.resize(SLOTS.into(), 0);
        if let Some(served_at) = self.served_at.get_mut(usize::from(slot.number)) {
            *served_at = self.begun_at;
        }
        self.due_at += Self::length(every);
        self.after = None;
    }

    /// Milliseconds of a slot.
    fn length(every: Duration) -> i64 {
        i64::try_from(every.as_millis() / u128::from(SLOTS)).unwrap_or(i64::MAX).max(1)
    }
}

/// The right to ping, which one has at a time.
#[derive(Debug)]
pub struct PingTurn {
    /// How far those before have come.
    pub place: PingPlace,
    leased_until: i64,
}

impl Connections {
    /// Makes the caller the one who pings; nothing where somebody else is at it. One that dies over it
    /// has it for `lease`, and what it has pinged is pinged once more.
    pub async fn claim_pings(&self, lease: Duration) -> Result<Option<PingTurn>, StoreError> {
        let now = now_ms();
        let leased_until = now + i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let call = self
            .store
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::ping_turn().item()))
            .update_expression("SET leased_until = :until")
            .condition_expression("attribute_not_exists(leased_until) OR leased_until < :now")
            .expression_attribute_values(":until", number(leased_until))
            .expression_attribute_values(":now", number(now))
            .return_values(ReturnValue::AllNew);
        match call.send().await {
            Ok(claimed) => {
                let place = claimed.attributes.and_then(|mut item| item.remove("place"));
                let place = place.and_then(|place| serde_dynamo::from_attribute_value(place).ok());
                Ok(Some(PingTurn { place: place.unwrap_or_default(), leased_until }))
            }
            Err(error) if has_condition_failed(&error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Ends a turn, and notes how far it came, unless another one has begun.
    pub async fn end_pings(&self, PingTurn { place, leased_until }: PingTurn) -> Result<(), StoreError> {
        let place = serde_dynamo::to_attribute_value(place).map_err(unwritable)?;
        let call = self
            .store
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::ping_turn().item()))
            .update_expression("SET leased_until = :over, place = :place")
            .condition_expression("leased_until = :mine")
            .expression_attribute_values(":over", number(0))
            .expression_attribute_values(":mine", number(leased_until))
            .expression_attribute_values(":place", place);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if has_condition_failed(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Connections of a slot, from `place` on, and whether there are more behind them.
    pub async fn pinged(
        &self,
        slot: PingSlot,
        place: &PingPlace,
        limit: u16,
    ) -> Result<(Vec<Pinged>, bool), StoreError> {
        let mut query = self
            .store
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(ping_key(slot.number)))
            .limit(limit.into());
        // The space stands before every id.
        let after = place.after.as_ref().map_or_else(|| text(" "), |id| Key::ping(id).sort());
        query = query.expression_attribute_values(":after", after);
        let page = query.send().await.map_err(unavailable)?;
        let more = page.last_evaluated_key.is_some();
        let pinged = page.items.unwrap_or_default().iter().filter_map(pinged).collect();
        Ok((pinged, more))
    }

    /// These connections, as far as they are open, by their ids.
    pub async fn find_all(&self, pinged: &[Pinged]) -> Result<HashMap<String, Connection>, StoreError> {
        let mut found = HashMap::with_capacity(pinged.len());
        for some in pinged.chunks(BATCH) {
            let keys = some.iter().map(|pinged| Key::meta(&pinged.connection_id).item()).collect();
            for item in self.get_batch(keys).await? {
                let Some(id) = connection_of(&item).map(str::to_owned) else { continue };
                let Some(meta) = read::<Meta>(item) else { continue };
                found.insert(id.clone(), Connection::of(&id, meta));
            }
        }
        Ok(found)
    }

    /// Pings a connection no more that is not there.
    pub async fn stop_pinging(&self, pinged: &Pinged) -> Result<(), StoreError> {
        let result = self
            .store
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::ping(&pinged.connection_id).item()))
            .condition_expression("connected_at = :connected_at")
            .expression_attribute_values(":connected_at", number(pinged.connected_at))
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) if has_condition_failed(&error) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Reads items, and again what a batch left unread. Strongly consistent: one that has just been
    /// opened would seem to be gone.
    async fn get_batch(&self, mut keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for attempt in 1..=MAX_ATTEMPTS {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(unbuildable)?;
            let call = self.store.batch_get_item().request_items(&self.table, wanted);
            let answer = call.send().await.map_err(unavailable)?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            let unread = answer.unprocessed_keys.unwrap_or_default();
            keys = unread.into_values().flat_map(|unread| unread.keys).collect();
            if keys.is_empty() {
                return Ok(items);
            }
            pause(attempt).await;
        }
        Err(StoreError::Unavailable("connections table: too busy to read".into()))
    }
}

fn pinged(item: &Item) -> Option<Pinged> {
    let connected_at = item.get("connected_at")?.as_n().ok()?.parse().ok()?;
    Some(Pinged { connection_id: item.get("sk")?.as_s().ok()?.clone(), connected_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(240);
    /// Of this interval.
    const SLOT_MS: i64 = 15_000;
    const NOW: i64 = 1_700_000_000_000;

    /// The slots that are due at this time.
    fn due(place: &mut PingPlace, interval: Duration, now: i64) -> Vec<u8> {
        let mut slots = Vec::new();
        while let Some(slot) = place.slot(interval, now) {
            slots.push(slot.number);
            place.turn(slot, interval);
        }
        slots
    }

    #[test]
    fn each_slot_is_due_once_in_an_interval_whenever_rounds_come() {
        let mut place = PingPlace::default();
        let first = due(&mut place, INTERVAL, NOW);
        assert_eq!(first.len(), usize::from(SLOTS), "nobody knows when they were pinged");
        assert!(due(&mut place, INTERVAL, NOW).is_empty());
        // Rounds at odd times, of which some are lost.
        let mut now = NOW;
        let mut seen = first;
        for pause in [61_000, 59_000, 1, 118_000, 60_000, 178_000, 3_000, 62_000] {
            now += pause;
            seen.extend(due(&mut place, INTERVAL, now));
        }
        let in_turn = |pair: &[u8]| (pair[0] + 1) % SLOTS == pair[1];
        assert!(seen.windows(2).all(in_turn), "{seen:?}");
        let expected = now.div_euclid(SLOT_MS) - NOW.div_euclid(SLOT_MS) + i64::from(SLOTS);
        assert_eq!(seen.len() as i64, expected);
    }

    #[test]
    fn after_an_outage_each_slot_is_due_once() {
        let mut place = PingPlace::default();
        due(&mut place, INTERVAL, NOW);
        place.pass("somewhere");
        assert_eq!(due(&mut place, INTERVAL, NOW + 100 * 240_000).len(), usize::from(SLOTS));
    }

    #[test]
    fn a_round_goes_on_where_the_last_one_stopped() {
        let mut place = PingPlace::default();
        due(&mut place, INTERVAL, NOW);
        let slot = place.slot(INTERVAL, NOW + 60_000);
        assert!(slot.is_some());
        place.pass("L0SM9cOFvHcCIhw=");
        let stopped = place.clone();
        assert_eq!(place.slot(INTERVAL, NOW + 120_000), slot);
        assert_eq!(place, stopped);
    }

    #[test]
    fn a_slot_knows_when_its_connections_were_pinged_before() {
        let mut place = PingPlace::default();
        due(&mut place, INTERVAL, NOW);
        let first = place.slot(INTERVAL, NOW + 60_000).unwrap();
        assert_eq!(first.served_at, NOW);
        // The round is over in its middle, and the next one goes on.
        place.pass("L0SM9cOFvHcCIhw=");
        assert_eq!(place.slot(INTERVAL, NOW + 120_000), Some(first));
        place.turn(first, INTERVAL);
        due(&mut place, INTERVAL, NOW + 120_000);
        let mut again = Vec::new();
        while let Some(slot) = place.slot(INTERVAL, NOW + 300_000) {
            again.push((slot.number == first.number, slot.served_at));
            place.turn(slot, INTERVAL);
        }
        assert!(
            again.contains(&(true, NOW + 60_000)) && again.contains(&(false, NOW + 120_000)),
            "{again:?}"
        );
    }

    #[test]
    fn another_interval_begins_when_the_old_slot_ends() {
        for interval in [INTERVAL / 2, INTERVAL * 5 / 4, INTERVAL * 2, Duration::from_millis(300)] {
            let mut place = PingPlace::default();
            due(&mut place, INTERVAL, NOW);
            let later = NOW + SLOT_MS + i64::try_from(interval.as_millis()).unwrap();
            let slots = due(&mut place, interval, later).len();
            assert!((1..=usize::from(SLOTS)).contains(&slots), "{slots} of {interval:?}");
        }
    }

    #[test]
    fn ids_are_spread_over_the_slots() {
        let mut slots = [0_u32; SLOTS as usize];
        for number in 0..16_000_u32 {
            let id = format!("L{number:x}M9cOFvHcCI{}hw=", number % 7);
            let Key { pk, .. } = Key::ping(&id);
            let slot: usize = pk.strip_prefix("PING#").unwrap().parse().unwrap();
            slots[slot] += 1;
        }
        assert!(slots.iter().all(|count| (500..2000).contains(count)), "{slots:?}");
    }
}
