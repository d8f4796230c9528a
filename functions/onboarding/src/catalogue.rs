//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, json};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of("list_cities")
            .shows(&["200"], &["item"], &json!("Bengaluru"))
            .keeps("city", "home.city ?? data[0]"),
        Entry::of("list_societies").keeps("society_id", "home.society_id ?? data[0]?.id"),
        Entry::of("list_complexes").keeps("complex_id", "home.complex_id ?? data[0]?.id"),
        Entry::of("list_blocks").keeps("block_id", "home.block_id ?? data[0]?.id"),
        Entry::of("list_flats").keeps("flat_id", "home.flat_id ?? data[0]?.id"),
    ]
}
