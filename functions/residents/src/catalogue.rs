//! What tests and tools know of these endpoints.

use shared::catalogue::{Entry, Person};

/// The endpoints of this function.
pub fn entries() -> Vec<Entry> {
    // guard, resident, spouse, neighbour, far neighbour, admin, block admin, super admin, and of the other society guard,
    // resident, admin; stranger
    vec![
Entry::of("list_requests").by(Person::Admin).after("submit_request").keeps(
"request_id",
"data.find((request) => request.status === 'pending' && request.requesting_user_id === home.user_id)?.id",
),
// Who lives there has nothing to ask for.
Entry::of("submit_request").by(Person::Newcomer)
.answers([201, 409, 409, 201, 201, 201, 201, 201, 201, 201, 201, 201])
.keeps("request_id", "data.id")
// One request is open at a time, and a resident of the flat needs none.
.in_a_run("made('request_id') ? 409 : 201", "409"),
Entry::of("reject_many_requests").by(Person::Admin).without("user_id").after_id("submit_request", "/data/id")
.answers([403, 403, 403, 403, 403, 200, 200, 200, 403, 403, 200, 403]),
Entry::of("approve_request").by(Person::Admin).after_id("submit_request", "/data/id")
.answers([403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
Entry::of("reject_request").by(Person::Admin).after_id("submit_request", "/data/id")
.answers([403, 403, 403, 403, 403, 200, 200, 200, 404, 404, 404, 404]),
Entry::of("list_my_flats").by(Person::Resident),
Entry::of("ensure_occupancy").by(Person::Resident).answers([409, 200, 200, 409, 409, 409, 409, 409, 409, 409, 409, 409]),
    ]
}
