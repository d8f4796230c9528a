//! Whether the audit of a society is what was written.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::Caller,
    http::{Answer, ApiError, Scoped},
    input::{FromFields, Query},
    openapi::{self, Forbidden, NotFound},
    statement,
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

use crate::anchor::{Anchor, Number, Position, hash};

/// How many rows one call verifies: some 15 ms of PostgreSQL's time a thousand.
type Rows = Number<1, 10_000>;
const ROWS: i64 = 10_000;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    society_id: Uuid,
    #[param(schema_with = Anchor::schema, required = false)]
    anchor: Option<Anchor>,
    #[param(schema_with = Position::schema, required = false)]
    cursor: Option<Position>,
    /// How many rows are verified at most.
    #[param(schema_with = rows, required = false)]
    #[field(default = Number(ROWS))]
    limit: Rows,
}

fn rows() -> Object {
    Rows::schema(ROWS)
}

/// What a page of the chain says; `verify_audit` of the migrations.
#[derive(Serialize, Deserialize)]
pub struct Page {
    /// Whether nothing is wrong in this page.
    pub verified: bool,
    /// Rows that were looked at.
    pub checked: i64,
    /// The number of the last one.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// What the anchor says, where one was given.
    pub anchor: Option<String>,
    /// Where the chain begins.
    pub start: Start,
    /// What is wrong, the first hundred.
    pub problems: Vec<Finding>,
    /// Up to when rows past the chain were looked for; nothing at the end.
    pub seen: Option<Timestamp>,
    /// Whether this was the end of the chain.
    pub complete: bool,
}

impl Page {
    /// Where the next page begins.
    pub fn next(&self) -> Option<Position> {
        let Self { seq, seen: Some(seen), complete: false, .. } = self else { return None };
        Some(Position { seq: *seq, hash: hash(&self.hash)?, seen: seen.0 })
    }
}

/// Where a chain begins: before its first row, or at the last row that is kept no longer.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Start {
    /// The number; 0 where the chain is whole.
    pub seq: i64,
    /// The hash; zeros where the chain is whole.
    pub hash: String,
}

/// A row that is not as it was written.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What was done to it: `changed`, `removed`, `replaced` (its hash was computed anew), or `inserted` past the chain.
    #[schema(schema_with = kind)]
    pub kind: String,
    /// The row's number; an inserted row has none.
    pub seq: Option<i64>,
    /// The last number, where several rows in a row are gone.
    pub to_seq: Option<i64>,
    /// The row's id, where that is known.
    pub audit_id: Option<Uuid>,
}

fn kind() -> Object {
    openapi::one_of(["changed", "removed", "replaced", "inserted"])
}

fn anchor() -> Object {
    openapi::one_of(["matches", "differs", "not_reached", "earlier", "forgotten"])
}

/// What was verified.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    /// Whether nothing is wrong in this page.
    verified: bool,
    /// Rows that were looked at.
    checked: i64,
    /// The number of the last one: with `hash` an anchor for later.
    seq: i64,
    /// Its hash.
    hash: String,
    /// What became of the anchor: `not_reached` in a page before it, `earlier` in one after it, `forgotten` where its row is
    /// kept no longer.
    #[schema(schema_with = anchor)]
    anchor: Option<String>,
    start: Start,
    /// What is wrong, the first hundred.
    problems: Vec<Finding>,
    /// Where the next page starts; null at the end of the chain.
    next_cursor: Option<String>,
}

/// Verifies the audit of a society, page by page.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/audit/verify", params(Question),
    responses((status = 200, body = Answer<Verified>), Forbidden, NotFound))]
pub(crate) async fn verify_audit(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<Question>,
) -> Result<Json<Answer<Verified>>, ApiError> {
    let Question { society_id, anchor, cursor, limit } = asked;
    let (after, before, seen) = (
        cursor.map_or(0, |cursor| cursor.seq),
        cursor.map(|cursor| cursor.hash.to_vec()),
        cursor.map(|cursor| cursor.seen),
    );
    let (anchor_seq, anchor_hash) = (anchor.map(|a| a.seq), anchor.map(|a| a.hash.to_vec()));
    let row = app
        .db
        .read_one::<Scoped<Option<Page>>>(statement!(
            "verify.sql",
            caller = caller.user_id(),
            society = society_id,
            after,
            hash = before,
            time = seen,
            rows = limit.0,
            anchor_seq,
            anchor_hash
        ))
        .await?;
    let page = Scoped::allowed(row, "There is no such society.")?;
    let page = page.ok_or_else(|| ApiError::Internal("a chain was not verified".into()))?;
    let next_cursor = page.next().map(Position::encode);
    let Page { verified, checked, seq, hash, anchor, start, problems, .. } = page;
    Ok(Json(Answer::new(Verified { verified, checked, seq, hash, anchor, start, problems, next_cursor })))
}
