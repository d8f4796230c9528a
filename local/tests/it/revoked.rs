//! A user who does not belong into a room any more stops hearing from it with the next event, on the
//! connection they have.

use serde_json::json;

use crate::support::{
    Socket, World,
    world::{BLOCK_A, FLAT_101, FLAT_102, GREEN_ACRES},
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

/// A role that was revoked while the occupancy is open: the person lives nowhere, and nobody is told to call them.
#[tokio::test]
async fn a_resident_without_the_role_lives_nowhere() {
    let world = World::open().await;
    let revoked = "UPDATE role_assignments SET revoked_at = now() WHERE user_id = ANY ($1)";
    let users = [world.resident.user_id, world.neighbour.user_id].to_vec();
    world.db.execute(revoked, &[&users]).await.unwrap();
    let log = async |flat| {
        let body = json!({"visitor_name": "Kiran", "phone": "9876543210", "flat_id": flat});
        world.guard.post("/v1/visitors", body).await.data(201)["flat_details"].take()
    };
    let (shared, alone) = (log(FLAT_101).await, log(FLAT_102).await);
    assert_eq!(
        (&shared["resident_name"], &shared["resident_user_id"]),
        (&json!("Ravi"), &json!(world.spouse.user_id))
    );
    for field in ["resident_name", "resident_user_id", "resident_phone"] {
        assert_eq!(alone[field], json!(null), "{field}");
    }
    let flats = world.guard.get(&format!("/v1/flats?block_id={BLOCK_A}")).await.data(200);
    assert_eq!((&flats[0]["resident_name"], &flats[0]["is_occupied"]), (&json!("Ravi"), &json!(true)));
    assert_eq!((&flats[1]["resident_name"], &flats[1]["is_occupied"]), (&json!(null), &json!(false)));
    let profile = world.resident.get("/v1/profile/me").await.data(200);
    assert_eq!((&profile["flats"], &profile["roles"]), (&json!([]), &json!([])));
    world
        .resident
        .get("/v1/visitors/pending")
        .await
        .data(200)
        .as_array()
        .unwrap()
        .is_empty()
        .then_some(())
        .unwrap();
    // A new home is the primary one: the other is none any more.
    let ask = json!({"flat_id": FLAT_102, "requested_role": "owner"});
    let asked = world.resident.post("/v1/resident-requests", ask).await.data(201);
    let approve = format!("/v1/resident-requests/{}/approve", asked["id"].as_str().unwrap());
    world.admin.post(&approve, json!({})).await.data(200);
    assert_eq!(world.resident.get("/v1/my-flats").await.data(200)[0]["is_primary"], true);
}

/// Writing at the gate asks what somebody is at one place, and who lives in one flat, of fewer tables than `caller_scope`
/// and `live_role_assignments`: they say the same of everybody, also of whom a role, a post or a home was taken from.
#[tokio::test]
async fn what_somebody_is_at_a_place_is_what_their_scope_says() {
    let world = World::open().await;
    // Some are several things at once, some were something; a guard without the role, a role without the post.
    world
        .db
        .batch_execute(
            "INSERT INTO role_assignments (user_id, role, scope_type, scope_id)
             SELECT u.id, 'society_admin', 'society', s.id
               FROM users u, societies s WHERE hashtext(u.firebase_uid || s.id) % 5 = 0;
             INSERT INTO flat_occupancies (user_id, flat_id)
             SELECT u.id, f.id FROM users u, flats f WHERE hashtext(u.firebase_uid || f.id) % 4 = 0 ON CONFLICT DO NOTHING;
             INSERT INTO guards (user_id, society_id)
             SELECT u.id, s.id FROM users u, societies s WHERE hashtext(s.id || u.firebase_uid) % 3 = 0 ON CONFLICT DO NOTHING;
             UPDATE role_assignments r SET revoked_at = now()
               FROM users u WHERE u.id = r.user_id AND hashtext(u.firebase_uid || r.role || r.scope_id) % 4 = 0;
             UPDATE guards g SET active = false
               FROM users u WHERE u.id = g.user_id AND hashtext(u.firebase_uid || g.society_id) % 4 = 0;
             UPDATE flat_occupancies o SET end_date = CURRENT_DATE
               FROM users u WHERE u.id = o.user_id AND hashtext(o.flat_id || u.firebase_uid) % 4 = 0;",
        )
        .await
        .unwrap();
    let differs = "SELECT count(*) FROM users u, places p, LATERAL caller_scope(u.id) AS me
         WHERE staff_at(u.id, p.society_id, p.block_id) IS DISTINCT FROM CASE
               WHEN me.super_admin OR p.society_id = ANY (me.admin_of) OR p.block_id = ANY (me.blocks) THEN 'admin'
               WHEN p.society_id = ANY (me.guard_of) THEN 'guard' END
            OR (SELECT o.since FROM live_occupancies o WHERE o.user_id = u.id AND o.flat_id = p.flat_id)
               IS DISTINCT FROM lives_since(me, p.flat_id)
            OR u.id = ANY (room_users('flat:' || p.flat_id)) <> (p.flat_id = ANY (me.flats))";
    assert_eq!(world.count(differs).await, 0);
    let kinds = "SELECT count(DISTINCT coalesce(staff_at(u.id, p.society_id, p.block_id), 'nobody')) FROM users u, places p";
    assert_eq!(world.count(kinds).await, 3);
    let other_roles = "SELECT count(*) FROM users u WHERE live_roles(u.id) IS DISTINCT FROM (
         SELECT coalesce(jsonb_agg(jsonb_build_object('role', l.role, 'scope_type', l.scope_type, 'scope_id', l.scope_id)
                                   ORDER BY l.role, l.created_at, l.scope_id), '[]')
           FROM live_role_assignments l WHERE l.user_id = u.id)";
    assert_eq!(world.count(other_roles).await, 0);
}
