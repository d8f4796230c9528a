//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    vec![
        // A message of somebody else, or none: nobody is told which. A run has one of the caller's own.
        Entry::of("note_receipt").by(Person::Resident).answers([404; 12]).in_a_run("200", "200"),
        Entry::of("get_preferences").by(Person::Resident),
        Entry::of("set_preferences").by(Person::Resident),
    ]
}
