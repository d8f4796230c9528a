//! The page at `/`, in Chromium: a guard's desk beside a resident's phone, and the admin's view.

use stack::{
    Project, Seed, Stack,
    faults::{Fault, Kind},
};
use tasks::openapi;

use crate::support::{Browser, eventually, logs};

const DESK: &str = "Guard's desk";
const PHONE: &str = "Resident's phone";
const REPORTS: &str = "Reports";
const WIDE: u32 = 1280;
/// A common phone's.
const NARROW: u32 = 390;

async fn demo() -> Stack {
    logs::watch();
    Stack::builder().seed(Seed::Demo).pages(openapi::pages).start().await.unwrap()
}

/// The desk rings, the phone lets in, the desk checks in and out; both protocols carried it.
#[tokio::test]
async fn a_visitor_rings_and_comes_in() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.sees("connected", DESK).await;
    page.sees("connected", PHONE).await;
    page.presses("Ring the flat").await;
    page.sees("Kiran is at the gate", PHONE).await;
    page.sees("waiting for the flat", DESK).await;
    page.sees("1 app is open, came to 1 of 1 phone", DESK).await;
    page.finds_no_obstacle().await;
    page.takes_a_picture("page.png").await;

    page.fills(&[("A word for the guard", "Please come up")]).await;
    page.presses("Let in Kiran").await;
    page.sees("may come in", DESK).await;
    page.sees("Nobody is waiting at the gate.", PHONE).await;
    page.presses("Check in Kiran").await;
    page.sees("Kiran has come in.", "").await;
    page.presses("Check out Kiran").await;
    page.sees("left", DESK).await;
    page.finds_no_obstacle().await;

    let frames = page.reads("#frames li").await;
    for (who, kind, event) in [
        ("guard-1", "society360", r#""event":"request_approved""#),
        ("guard-1", "society360", r#""note":"Please come up""#),
        ("resident-101a", "Socket.IO", r#"42["visitor_request""#),
        ("resident-101a", "Socket.IO", r#"42["visitor_checkout""#),
        ("guard-1", "HTTP", "POST /v1/visits/checkout: done"),
    ] {
        let told = |line: &&String| [who, kind, event].iter().all(|part| line.contains(part));
        assert!(frames.iter().any(|line| told(&line)), "{event}: {frames:#?}");
    }
    assert!(!frames.iter().any(|line| line.contains("eyJhbGciOi")), "a token is shown");
    page.close().await;
}

/// On a phone's width and in the dark: a pass that is looked up and let in.
#[tokio::test]
async fn a_guest_comes_with_a_pass() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), NARROW, "dark").await;
    page.unfolds("Invite somebody").await;
    page.presses("Make a pass").await;
    page.sees("Name: ", PHONE).await;
    page.sees("Phone: ", PHONE).await;
    page.finds_no_obstacle().await;
    let invited = [("Name", "Leela"), ("Phone", "9812345678")];
    page.fills_in("Guest pass", &invited).await;
    page.presses("Make a pass").await;
    page.sees("Pass of Leela", PHONE).await;
    page.presses("Send by SMS to Leela").await;
    page.sees("The code is on its way by SMS.", "").await;
    let code = page.reads("#passes .code").await.remove(0);

    page.fills(&[("Code, or what its QR says", "ZZZZZZ")]).await;
    page.presses("Look up").await;
    eventually("a wrong code is refused", async || !page.reads("#pass .problems li").await.is_empty()).await;
    page.fills(&[("Code, or what its QR says", &code.to_lowercase())]).await;
    page.presses("Look up").await;
    page.sees("has a pass", "The pass that was shown").await;
    page.sees("has a pass", "Visitors").await;
    page.finds_no_obstacle().await;
    page.takes_a_picture("phone-width.png").await;
    page.presses_in("Let in Leela", "The pass that was shown").await;
    page.sees("Leela has come in.", "").await;
    page.close().await;
}

/// The app is closed: a push comes in its place, says that it came, and opens the app, which rings.
#[tokio::test]
async fn a_closed_app_is_reached_by_push() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "dark").await;
    page.ticks("App is open", false).await;
    page.sees("off", PHONE).await;
    page.presses("Ring the flat").await;
    page.sees("came to 1 of 1 phone", DESK).await;
    page.misses("app is open", DESK).await;
    page.finds_no_obstacle().await;
    let title = page.reads("#pushes strong").await.remove(0);
    page.presses(&format!("Open {title}")).await;
    page.sees("opened on 1 of 1 phone", DESK).await;
    page.presses("Turn away Kiran").await;
    page.sees("turned away", DESK).await;
    page.presses("Clear those turned away").await;
    page.sees("Nobody yet.", DESK).await;
    page.close().await;
}

/// A resident calls the guards, one of them goes, and the resident sees both.
#[tokio::test]
async fn an_emergency_reaches_the_gate() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.presses("Emergency").await;
    page.fills(&[("What has happened, if you can say", "Smoke in the kitchen")]).await;
    page.finds_no_obstacle().await;
    page.presses("Call the guards").await;
    page.sees("Smoke in the kitchen", DESK).await;
    page.finds_no_obstacle().await;
    page.presses("I go to flat 101").await;
    page.sees("A guard is on the way.", "").await;
    page.presses("It is over in flat 101").await;
    page.sees("The emergency is over.", "").await;
    page.misses("Smoke in the kitchen", DESK).await;
    page.turns_to("Administration").await;
    page.sees("Smoke in the kitchen", REPORTS).await;
    page.close().await;
}

/// Somebody new asks to live in a flat; the admin approves, and sees what went on today.
#[tokio::test]
async fn an_admin_answers_somebody_new() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.presses("Ring the flat").await;
    page.presses("Let in Kiran").await;
    page.presses("Check in Kiran").await;
    page.is_offered("Check out Kiran").await;
    page.turns_to("Administration").await;
    page.sees("Nobody is waiting for an answer.", "").await;
    page.presses("Ask").await;
    page.is_offered("Approve Asha").await;
    page.finds_no_obstacle().await;
    page.takes_a_picture("administration.png").await;
    page.presses("Approve Asha").await;
    page.sees("Nobody is waiting for an answer.", "").await;
    page.presses("Read again the reports").await;
    eventually("one is inside", async || {
        page.reads("#today dd").await == ["1", "0", "1", "0", "1"]
            && page.reads("#days td").await[1..3] == ["1", "1"]
    })
    .await;
    page.close().await;
}

/// Without a mouse: the visitor is logged, the phone answers, and the focus is where it can be seen.
#[tokio::test]
async fn the_keyboard_is_enough() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.sees("connected", PHONE).await;
    page.types(&["Tab"]).await;
    assert_eq!(page.focus().await, "Skip to the guard's desk");
    page.types(&["Enter"]).await;
    page.types_until("Ring the flat").await;
    page.types(&["Enter"]).await;
    page.is_offered("Turn away Kiran").await;
    page.types_until("Turn away Kiran").await;
    page.types(&["Space"]).await;
    page.sees("turned away", DESK).await;
    page.types_until("Gate and flat").await;
    page.types(&["ArrowRight"]).await;
    assert_eq!(page.focus().await, "Administration");
    page.sees("Who wants to live here", "").await;
    page.close().await;
}

/// What the API refuses stands beside its fields, all of it at once.
#[tokio::test]
async fn all_problems_are_shown_at_once() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), NARROW, "light").await;
    page.fills_in("Somebody is at the gate", &[("Name", ""), ("Phone", "12")]).await;
    page.presses("Ring the flat").await;
    eventually("both are named", async || {
        let problems = page.reads("#log .problems li").await;
        problems.len() == 2 && problems[0].starts_with("Name: ") && problems[1].starts_with("Phone: ")
    })
    .await;
    assert_eq!(page.focus().await, "Name");
    page.finds_no_obstacle().await;
    page.close().await;
}

/// The phone's connection is cut in place of its ring: it comes back by itself, and rings.
#[tokio::test]
async fn a_phone_that_was_cut_off_rings_all_the_same() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.sees("connected", PHONE).await;
    stack.faults().set([Fault::new(Kind::ConnectionCut).times(1)]).unwrap();
    page.presses("Ring the flat").await;
    page.is_offered("Let in Kiran").await;
    page.sees("connected", PHONE).await;
    let frames = page.reads("#frames li").await;
    let joined = frames.iter().filter(|line| line.contains(r#"42["room_joined""#)).count();
    assert_eq!(joined, 2, "{frames:#?}");
    page.close().await;
}

/// PostgreSQL is away: the desk says so and keeps what was typed; afterwards the same button rings once.
#[tokio::test]
async fn a_store_that_is_away_is_said() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
    page.sees("connected", PHONE).await;
    stack.faults().set([Fault::new(Kind::PostgresDown)]).unwrap();
    page.fills_in("Somebody is at the gate", &[("Name", "Leela")]).await;
    page.presses("Ring the flat").await;
    page.sees("The service is briefly unavailable.", DESK).await;
    page.finds_no_obstacle().await;
    stack.faults().set([]).unwrap();
    page.presses("Ring the flat").await;
    page.is_offered("Let in Leela").await;
    assert_eq!(page.reads("#rings strong").await, ["Leela is at the gate"]);
    page.close().await;
}

/// Without the demo society, or with the tokens of a real project, it says what to do.
#[tokio::test]
async fn a_stack_without_demo_says_so() {
    logs::watch();
    let real = Stack::builder().project(Project::Firebase("some-project".to_owned()));
    for (stack, said) in [(Stack::builder(), "cargo dev --fresh"), (real, "--firebase-project")] {
        let stack = stack.start().await.unwrap();
        let mut page = Browser::open(stack.base_url(), WIDE, "light").await;
        page.sees(said, "").await;
        page.close().await;
    }
}

/// The API reference has no obstacles either.
#[tokio::test]
async fn the_reference_has_no_obstacles() {
    let stack = demo().await;
    let mut page = Browser::open(stack.base_url(), NARROW, "light").await;
    page.goes_to("/docs").await;
    page.sees("Visitors", "").await;
    page.finds_no_obstacle().await;
    page.close().await;
}
