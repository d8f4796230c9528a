//! Times without an offset, as the apps send them: the clock of the flat's society.

use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{
    Dice, World,
    world::{BLUE_FLAT, FLAT_101, GREEN_ACRES},
};

const VISITOR: &str = "Kiran";

fn visitor(flat: uuid::Uuid, start: &str, end: &str) -> Value {
    json!({"visitor_name": VISITOR, "phone": "9876543210", "flat_id": flat, "expected_start": start, "expected_end": end})
}

/// A day on which somebody may be expected.
fn tomorrow() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).tomorrow().unwrap().date()
}

/// As `DateTime.now().toIso8601String()` of Dart writes the clock of a phone in a timezone.
fn dart(now: &jiff::Timestamp, zone: &str) -> String {
    now.to_zoned(TimeZone::get(zone).unwrap()).datetime().strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

/// A guard in India and a resident in Berlin say nine in the evening, and each means their own.
#[tokio::test]
async fn a_time_without_an_offset_is_the_clock_of_the_flats_society() {
    let world = World::open().await;
    world
        .db
        .execute("UPDATE societies SET timezone = 'Europe/Berlin' WHERE id <> $1", &[&GREEN_ACRES])
        .await
        .unwrap();
    let day = tomorrow();
    for (guard, flat, zone) in
        [(&world.guard, FLAT_101, "Asia/Kolkata"), (&world.blue_guard, BLUE_FLAT, "Europe/Berlin")]
    {
        let body = visitor(flat, &format!("{day}T21:00:00.123456"), &format!("{day}T23:00:00"));
        let made = guard.post("/v1/visitors", body).await.data(201);
        let start = day.at(21, 0, 0, 123_456_000).to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp();
        assert_eq!(instant(&made["visitor"]["expected_start"]), start);
    }
    // With an offset it is what it says, wherever the flat is.
    let body = visitor(FLAT_101, &format!("{day}T21:00:00+01:00"), &format!("{day}T23:00:00Z"));
    let made = world.guard.post("/v1/visitors", body).await.data(201);
    assert_eq!(instant(&made["visitor"]["expected_start"]), format!("{day}T20:00:00Z").parse().unwrap());
}

/// A pass that the app makes for now is valid now: read as UTC it would begin five and a half hours later.
#[tokio::test]
async fn a_pass_made_by_the_phones_clock_is_valid_at_once() {
    let world = World::open().await;
    let now = jiff::Timestamp::now();
    let later = now + jiff::SignedDuration::from_hours(2);
    let body = visitor(FLAT_101, &dart(&now, "Asia/Kolkata"), &dart(&later, "Asia/Kolkata"));
    let made = world.resident.post("/v1/visitors/guest-pass", body).await.data(201);
    let code = made["visitor"]["access_code"].as_str().unwrap();
    world.guard.get(&format!("/v1/visitors/by-access-code/{code}")).await.data(200);
}

/// The end is compared with the start as instants, so one with and one without an offset are compared rightly, too.
#[tokio::test]
async fn an_end_before_the_start_is_refused_whatever_their_form() {
    let world = World::open().await;
    let sentence = "The expected end must be after the expected start.";
    let day = tomorrow();
    for (start, end) in [
        ("21:00:00", "20:59:59"),
        ("21:00:00Z", "21:00:00Z"),
        ("21:00:00", "15:30:00Z"),
        ("15:30:00Z", "21:00:00"),
    ] {
        let (start, end) = (format!("{day}T{start}"), format!("{day}T{end}"));
        let refused = world.guard.post("/v1/visitors", visitor(FLAT_101, &start, &end)).await;
        let refused = refused.refused(400, "VALIDATION_FAILED");
        assert_eq!(refused["error"], sentence, "{start} {end}");
        assert_eq!(refused["details"][0]["field"], "expected_end");
    }
    for (start, end) in [("21:00:00", "15:30:01Z"), ("15:30:00Z", "21:00:01")] {
        let (start, end) = (format!("{day}T{start}"), format!("{day}T{end}"));
        world.guard.post("/v1/visitors", visitor(FLAT_101, &start, &end)).await.data(201);
    }
    let pass = visitor(FLAT_101, "2026-11-24T21:00:00", "2026-11-24T21:00:01");
    let refused =
        world.resident.post("/v1/visitors/guest-pass", pass).await.refused(400, "VALIDATION_FAILED");
    assert_eq!(refused["error"], "A pass must end after it starts, and in the future.");
    assert_eq!(world.count("SELECT count(*) FROM visitors WHERE guest_pass").await, 0);
}

/// A list from here to there takes the same times, and a day is the society's own.
#[tokio::test]
async fn lists_take_the_same_times() {
    let world = World::open().await;
    let id = world.log_visitor().await;
    let made = "UPDATE visitors SET created_at = '2026-11-24T20:00:00Z' WHERE id = $1";
    world.db.execute(made, &[&id]).await.unwrap();
    for (period, found) in [
        ("date_from=2026-11-25T01:30:00&date_to=2026-11-25T01:30:00.000001", 1),
        ("date_from=2026-11-25T01:30:00.000001", 0),
        ("date_to=2026-11-25T01:30:00", 0),
        ("date_from=2026-11-24T20:00:00Z&date_to=2026-11-25T01:31:00", 1),
        ("date_from=2026-11-25&date_to=2026-11-25", 1),
        ("date_from=2026-11-24&date_to=2026-11-24", 0),
    ] {
        let list = world.guard.get(&format!("/v1/visitors?{period}")).await.data(200);
        assert_eq!(list.as_array().unwrap().len(), found, "{period}");
    }
}

/// Clocks around every change of an offset in these places, read by the database and by a library that has nothing to
/// do with it: an hour that comes twice is the first one, a skipped one is read by the offset before.
#[tokio::test]
async fn clocks_are_read_as_a_library_of_calendars_reads_them() {
    let world = World::open().await;
    let mut dice = Dice(10);
    let mut twice = 0;
    for zone in [
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Tehran",
    ] {
        let zone_rules = TimeZone::get(zone).unwrap();
        let since: jiff::Timestamp = "2005-01-01T00:00:00Z".parse().unwrap();
        let mut clocks: Vec<DateTime> = Vec::new();
        for change in zone_rules.following(since).take(30) {
            for _ in 0..8 {
                let seconds = i64::try_from(dice.roll(6 * 3600)).unwrap() - 3 * 3600;
                let near = change.timestamp() + jiff::SignedDuration::from_secs(seconds);
                clocks.push(change.offset().to_datetime(near));
            }
        }
        clocks.push("2026-11-24T21:30:00.123456".parse().unwrap());
        for clock in clocks {
            let expected = zone_rules.to_ambiguous_zoned(clock);
            twice += usize::from(expected.is_ambiguous());
            let expected = expected.compatible().unwrap().timestamp();
            let sql = format!("SELECT society_time(NULL, '{clock}', '{zone}')");
            let read: OffsetDateTime = world.db.query_one(&sql, &[]).await.unwrap().get(0);
            assert_eq!(read.unix_timestamp_nanos(), expected.as_nanosecond(), "{clock} in {zone}");
        }
    }
    assert!(twice > 100, "only {twice} clocks were ambiguous");
}

fn instant(value: &Value) -> jiff::Timestamp {
    value.as_str().unwrap().parse().unwrap()
}
