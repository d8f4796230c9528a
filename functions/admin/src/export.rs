//! The audit of a society as lines that anybody can verify, without us.

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    http::{ApiError, Scoped},
    input::{FromFields, Query},
    openapi::{Forbidden, NotFound},
    statement,
};
use utoipa::openapi::Object;
use uuid::Uuid;

use crate::anchor::Number;

type Rows = Number<1, 2_000>;
const ROWS: i64 = 1_000;
/// What every JSON parser can read.
type After = Number<0, 9_007_199_254_740_991>;
/// Lambda answers 6 MB at most, and quotes within a line take two bytes.
const BYTES: i64 = 2_500_000;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    society_id: Uuid,
    /// The number of the last row that is known already.
    #[param(schema_with = after, required = false)]
    #[field(default = Number(0))]
    after: After,
    /// How many rows are answered at most.
    #[param(schema_with = rows, required = false)]
    #[field(default = Number(ROWS))]
    limit: Rows,
}

fn rows() -> Object {
    Rows::schema(ROWS)
}

fn after() -> Object {
    After::schema(0)
}

/// A line: what was hashed, and the hash.
#[derive(Serialize, Deserialize)]
pub struct Line {
    /// The row in its canonical form.
    pub content: String,
    /// The SHA-256 of that text.
    pub hash: String,
}

/// The lines as they are sent.
pub fn lines(rows: &[Line]) -> String {
    rows.iter().filter_map(|row| serde_json::to_string(row).ok()).map(|line| line + "\n").collect()
}

/// Answers the audit of a society as JSON lines, oldest first; what was read is audited itself.
///
/// A line holds `content`, a row in its canonical form, and `hash`, the SHA-256 of that text. The next page is asked for
/// with the `seq` of the last line as `after`.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/audit/export", params(Question),
    responses((status = 200, content_type = "application/x-ndjson", body = String,
               example = "{\"content\":\"{…}\",\"hash\":\"…\"}\n"), Forbidden, NotFound))]
pub(crate) async fn export_audit(
    State(app): State<App>,
    caller: Caller,
    meta: RequestMeta,
    Query(asked): Query<Question>,
) -> Result<Response, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<Line>>>(statement!(
            "export.sql",
            caller = caller.user_id(),
            society = asked.society_id,
            after = asked.after.0,
            rows = asked.limit.0,
            bytes = BYTES,
            request = meta.request_id
        ))
        .await?;
    let rows = Scoped::allowed(row, "There is no such society.")?;
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines(&rows)).into_response())
}
