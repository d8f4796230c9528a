//! Whoever does not belong into a room any more stops hearing from it with the next event, on the
//! connection he has.

use serde_json::json;

use crate::support::{
    Socket, World,
    world::{FLAT_101, GREEN_ACRES},
};

/// Fails where `former` hears of an event that `current` hears of.
async fn only_the_current_one_hears(current: &mut Socket, former: &mut Socket, event: &str) {
    current.event(event).await;
    assert!(former.heard().await.is_empty());
}

#[tokio::test]
async fn a_resident_who_moved_out_is_not_rung() {
    let world = World::open().await;
    let (mut resident, mut spouse) = (world.resident.connect().await, world.spouse.connect().await);
    resident.join("flat", FLAT_101).await;
    spouse.join("flat", FLAT_101).await;
    world.log_visitor().await;
    resident.event("visitor_request").await;
    spouse.event("visitor_request").await;

    let moved_out = "UPDATE flat_occupancies SET end_date = CURRENT_DATE WHERE user_id = $1";
    world.db.execute(moved_out, &[&world.spouse.user_id]).await.unwrap();
    world.log_visitor().await;
    only_the_current_one_hears(&mut resident, &mut spouse, "visitor_request").await;
    spouse.send(json!({"action": "join_room", "room_type": "flat", "room_id": FLAT_101})).await;
    assert_eq!(spouse.event("error").await["code"], "ROOM_FORBIDDEN");
}

#[tokio::test]
async fn a_guard_who_was_deactivated_hears_nothing_more() {
    let world = World::open().await;
    let (mut guard, mut former) = (world.guard.connect().await, world.second_guard.connect().await);
    guard.join("society", GREEN_ACRES).await;
    former.join("society", GREEN_ACRES).await;
    let deactivated = "UPDATE guards SET active = false WHERE user_id = $1";
    world.db.execute(deactivated, &[&world.second_guard.user_id]).await.unwrap();
    world.make_pass().await;
    only_the_current_one_hears(&mut guard, &mut former, "guest_pass_created").await;
}

#[tokio::test]
async fn an_admin_whose_role_was_revoked_hears_nothing_more() {
    let world = World::open().await;
    let (mut guard, mut admin) = (world.guard.connect().await, world.admin.connect().await);
    let mut super_admin = world.super_admin.connect().await;
    guard.join("society", GREEN_ACRES).await;
    admin.join("society", GREEN_ACRES).await;
    super_admin.join("society", GREEN_ACRES).await;
    world.make_pass().await;
    super_admin.event("guest_pass_created").await;
    admin.event("guest_pass_created").await;
    guard.event("guest_pass_created").await;
    let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = ANY ($1)";
    let users = [world.admin.user_id, world.super_admin.user_id].to_vec();
    world.db.execute(revoked, &[&users]).await.unwrap();
    world.make_pass().await;
    only_the_current_one_hears(&mut guard, &mut admin, "guest_pass_created").await;
    assert!(super_admin.heard().await.is_empty());
}
