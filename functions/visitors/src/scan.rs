//! A guard scans a pass or types its code. Wrong codes are counted, and soon none is answered any more.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::{Caller, RateState},
    entry::{Entry, EntryCode, Verdict},
    http::{Answer, ApiError},
    input::PathText,
    openapi::{DeadPass, Forbidden, NotFound, OutsideWindow},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{pass_code::AccessCode, visitor::Status};

/// What is answered to a code that is none, to one of another society, and to whatever else was scanned.
const UNKNOWN_PASS: ApiError = ApiError::NotFound("No pass has this code.");
/// Wrong codes in a window; the next one is refused.
const MAX_MISSES: i32 = 10;
/// Seconds of that window.
const WINDOW_SECONDS: i32 = 600;

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ScannedPass {
    id: Uuid,
    visitor_name: String,
    phone: String,
    vehicle_no: Option<String>,
    purpose: String,
    flat_id: Uuid,
    status: Status,
    expected_start: Timestamp,
    expected_end: Option<Timestamp>,
    #[schema(minimum = 1, maximum = 50)]
    number_of_people: i32,
    auto_approved: bool,
    created_at: Timestamp,
    invited_by: Option<Uuid>,
    qr_code: Option<String>,
    access_code: Option<String>,
    flat_number: String,
    block_name: String,
    complex_name: String,
    invited_by_name: Option<String>,
    /// For guards the country and the last four digits, unless their society shows them all of it.
    invited_by_phone: Option<String>,
    /// The visit, while it lasts.
    visit_id: Option<Uuid>,
    checkin_time: Option<Timestamp>,
    checkout_time: Option<Timestamp>,
    /// How often the pass lets in.
    #[schema(minimum = 1, maximum = 100)]
    max_entries: i32,
    #[schema(minimum = 0, maximum = 100)]
    entries_left: i32,
    entry: Option<Entry>,
}

/// The row of `scan.sql`.
#[derive(Deserialize)]
struct ScanRow {
    allowed: bool,
    misses: i32,
    reset_seconds: u64,
    pass: Option<ScannedPass>,
    /// What the judge says of it, were a guard to approve it now.
    verdict: Option<Verdict>,
}

/// Finds a pass by its QR id. Any other text that a scanner reads is answered as a pass that does not exist.
///
/// **Permissions:** active guards and admins, passes of their society or block.
///
/// A pass that does not let in now is refused, with the pass as `data`: outside its window, withdrawn, turned away, or
/// made by somebody who no longer lives there. Whose visitor is inside or has left is shown; `visit_id` is there while
/// they are inside.
// Whatever a scanner read, slashes included.
#[utoipa::path(get, path = "/v1/visitors/by-qr/{*qr_code}", params(("qr_code" = Uuid, Path, description = "The QR id")),
    responses((status = 200, body = Answer<ScannedPass>), OutsideWindow, Forbidden, NotFound, DeadPass))]
pub(crate) async fn find_by_qr(
    State(app): State<App>,
    caller: Caller,
    qr_code: Result<PathText<Uuid>, ApiError>,
) -> Result<Answer<ScannedPass>, ApiError> {
    let PathText(qr_code) = qr_code.map_err(|_| UNKNOWN_PASS)?;
    scan(&app, &caller, Some(qr_code.to_string()), None).await
}

/// Finds a pass by its access code, in any case.
///
/// **Permissions:** active guards and admins, passes of their society or block.
///
/// Ten wrong codes in ten minutes, and the next one is answered 429. A pass that does not let in now is refused, with the
/// pass as `data`: outside its window, withdrawn, turned away, or made by somebody who no longer lives there. Whose
/// visitor is inside or has left is shown; `visit_id` is there while they are inside.
#[utoipa::path(get, path = "/v1/visitors/by-access-code/{code}",
    params(("code" = AccessCode, Path, description = "The access code")),
    responses((status = 200, body = Answer<ScannedPass>), OutsideWindow, Forbidden, NotFound, DeadPass))]
pub(crate) async fn find_by_access_code(
    State(app): State<App>,
    caller: Caller,
    code: Result<PathText<AccessCode>, ApiError>,
) -> Result<Answer<ScannedPass>, ApiError> {
    let PathText(code) = code.map_err(|_| UNKNOWN_PASS)?;
    scan(&app, &caller, None, Some(code)).await
}

async fn scan(
    app: &App,
    caller: &Caller,
    qr_code: Option<String>,
    access_code: Option<AccessCode>,
) -> Result<Answer<ScannedPass>, ApiError> {
    let row = app
        .db
        .read_one::<ScanRow>(statement!(
            "scan.sql",
            caller = caller.user_id(),
            qr_code,
            access_code,
            window = WINDOW_SECONDS
        ))
        .await?
        .ok_or(UNKNOWN_PASS)?;
    if !row.allowed {
        return Err(ApiError::Forbidden("Only guards and admins look up passes."));
    }
    let over = if row.pass.is_some() { row.misses >= MAX_MISSES } else { row.misses > MAX_MISSES };
    if over {
        return Err(ApiError::RateLimited(limit(&row)));
    }
    let pass = row.pass.ok_or(UNKNOWN_PASS)?;
    let closed = row.verdict.filter(|verdict| verdict.code() != Some(EntryCode::WrongState));
    let refusal = closed.and_then(|verdict| verdict.refusal(serde_json::to_value(&pass).unwrap_or_default()));
    refusal.map_or(Ok(Answer::new(pass)), Err)
}

fn limit(row: &ScanRow) -> RateState {
    RateState { limit: MAX_MISSES, remaining: 0, reset_seconds: row.reset_seconds }
}
