//! A file is looked through, its flats are added at once, and who is to live there is let in step by step.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, Scoped},
    input::{Body, FromField, FromFields, IdempotencyKey, NoInput, PathId, Problem, ProblemCode},
    openapi::{self, Forbidden, NotFound, WrongState},
    statement,
    write::{Writer, Writing},
};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{BadCell, File, read};

/// Bad cells that are told at once.
const TOLD: usize = 500;
/// Residents of one transaction, some 50 ms.
const STEP: i32 = 250;
/// How long one call goes on.
const PATIENCE: Duration = Duration::from_secs(4);
/// Characters of a file; Lambda takes bodies of 6 MB.
const MOST: usize = 4_000_000;

/// The text of a file, which no log shows.
pub(crate) struct Csv(String);

shared::schema!(Csv, "Csv", openapi::text("").max_length(Some(MOST)));

impl FromField for Csv {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        if text.len() > MOST {
            return Err(Problem::new(ProblemCode::TooLong, "must have at most 4,000,000 characters"));
        }
        Ok(Self(text))
    }
}

#[derive(ToSchema, FromFields)]
pub(crate) struct NewImport {
    /// The file, with a header: ours (`complex`, `block`, `flat_number`, `unit_type`, `bhk`, `square_feet`, `parking_slots`,
    /// `name`, `phone`, `role`), or that of an export of ADDA, MyGate or NoBrokerHood. At most 10,000 rows.
    csv: Csv,
    /// Only says what is wrong with it.
    dry_run: Option<bool>,
    /// Imports the other rows where some are bad.
    skip_bad_rows: Option<bool>,
}

/// How far an import came.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Import {
    id: Uuid,
    society_id: Uuid,
    /// Flats that were not there before.
    #[schema(minimum = 0)]
    flats_made: i32,
    /// Residents that the file names.
    #[schema(minimum = 0)]
    residents: i32,
    /// Those of them who live there, or will as soon as they sign in with their number.
    #[schema(minimum = 0)]
    residents_done: i32,
    /// Those who did not before.
    #[schema(minimum = 0)]
    residents_new: i32,
    finished: bool,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

/// What a file says.
#[derive(Serialize, ToSchema)]
pub(crate) struct Looked {
    /// Rows that can be imported.
    #[schema(minimum = 0)]
    good_rows: usize,
    /// Rows that cannot.
    #[schema(minimum = 0)]
    bad_rows: usize,
    /// What is wrong with them, the first 500.
    bad_cells: Vec<BadCell>,
    /// Flats that the society does not have yet; null where they are added.
    #[schema(minimum = 0)]
    new_flats: Option<i64>,
    /// Blocks that it does not have yet, the first 50.
    new_blocks: Vec<String>,
    /// Columns that say nothing here.
    ignored_columns: Vec<String>,
    /// The import, which `POST /v1/admin/imports/{id}/go-on` goes on with until it is finished; null where nothing was changed,
    /// in a dry run or where rows are bad.
    import: Option<Import>,
}

/// What a society does not have yet.
#[derive(Deserialize)]
struct Missing {
    flats: i64,
    blocks: Vec<String>,
}

/// Imports flats and residents; or looks the file through.
///
/// **Permissions:** admins of the society, super admins.
///
/// Flats that are missing are added at once, and none is removed. Who has verified the number of a row lives there, without a
/// request; others as soon as they sign in with it. Where a row is bad nothing is changed, unless `skip_bad_rows` says
/// otherwise.
#[utoipa::path(post, path = "/v1/admin/societies/{id}/imports", params(("id" = Uuid, Path, description = "The society")),
    request_body = NewImport, responses((status = 200, body = Answer<Looked>), (status = 201, body = Answer<Looked>), Forbidden, NotFound, WrongState))]
pub(crate) async fn import_residents(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<NewImport>,
) -> Result<Response, ApiError> {
    let NewImport { csv, dry_run, skip_bad_rows } = input;
    let File { rows, mut bad, bad_rows, ignored } =
        read(&csv.0).map_err(|problem| ApiError::Invalid(vec![problem]))?;
    let good_rows = rows.len();
    bad.truncate(TOLD);
    let begins = dry_run != Some(true) && good_rows > 0 && (bad_rows == 0 || skip_bad_rows == Some(true));
    let rows = serde_json::to_value(&rows).map_err(|error| ApiError::Internal(error.to_string()))?;
    let mut looked = Looked {
        good_rows,
        bad_rows,
        bad_cells: bad,
        new_flats: None,
        new_blocks: Vec::new(),
        ignored_columns: ignored,
        import: None,
    };
    if !begins {
        let Missing { flats, blocks } = missing(writer.app(), &caller, id, &rows).await?;
        (looked.new_flats, looked.new_blocks) = (Some(flats), blocks);
        return Ok(Answer::new(looked).into_response());
    }
    let key = key.or_made();
    let written = writer
        .write::<Import>(
            writing(&caller, &key, &meta, "There is no such society."),
            change!("begin.sql", id = Uuid::now_v7(), society = id, rows),
        )
        .await?;
    let told = written.map(|import| {
        looked.import = Some(import);
        looked
    });
    Ok(told.with_status(StatusCode::CREATED))
}

/// Goes on with an import, for four seconds at most; what is finished stays so.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(post, path = "/v1/admin/imports/{id}/go-on", params(("id" = Uuid, Path, description = "The import")),
    request_body = NoInput, responses((status = 200, body = Answer<Import>), Forbidden, NotFound))]
pub(crate) async fn go_on_with_import(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { key, .. }: Body<NoInput>,
) -> Result<Response, ApiError> {
    // A key would answer a repetition with how far the first call came.
    let key = IdempotencyKey { key: None, ..key };
    let until = Instant::now() + PATIENCE;
    loop {
        let written = writer
            .write::<Import>(
                writing(&caller, &key, &meta, "There is no such import."),
                change!("go_on.sql", import = id, rows = STEP, trace = meta.trace_id),
            )
            .await?;
        if written.answer().finished || Instant::now() > until {
            return Ok(written.with_status(StatusCode::OK));
        }
    }
}

/// How far an import came.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/imports/{id}", params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, body = Answer<Import>), Forbidden, NotFound))]
pub(crate) async fn get_import(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<Answer<Import>>, ApiError> {
    Ok(Json(Answer::new(find(&app, &caller, id).await?)))
}

async fn find(app: &App, caller: &Caller, import: Uuid) -> Result<Import, ApiError> {
    let row =
        app.db.read_one::<Scoped<Import>>(statement!("get.sql", caller = caller.user_id(), import)).await?;
    Scoped::allowed(row, "There is no such import.")
}

async fn missing(app: &App, caller: &Caller, society: Uuid, rows: &Value) -> Result<Missing, ApiError> {
    let statement = statement!("look.sql", caller = caller.user_id(), society, rows);
    let row = app.db.read_one::<Scoped<Option<Missing>>>(statement).await?;
    let missing = Scoped::allowed(row, "There is no such society.")?;
    missing.ok_or_else(|| ApiError::Internal("what is missing was not looked for".into()))
}

fn writing<'a>(
    caller: &'a Caller,
    key: &'a IdempotencyKey,
    meta: &'a RequestMeta,
    unknown: &'static str,
) -> Writing<'a> {
    Writing { caller, key, meta, forbidden: "Only an admin of this society imports residents.", unknown }
}
