//! The flats and residents of a society as a file that can be imported again.

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use csv::{Terminator, WriterBuilder};
use shared::{
    App,
    auth::{Caller, RequestMeta},
    http::{ApiError, Scoped},
    input::{FromFields, PathId, Problem, ProblemCode, Query},
    openapi::{Forbidden, NotFound},
    statement,
};
use uuid::Uuid;

use super::{columns::HEADER, rows::computes};

/// Lines of a file: some 3 MB, of the 6 that Lambda answers.
const MOST: usize = 25_000;

#[derive(utoipa::IntoParams, FromFields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// Only this block.
    block_id: Option<Uuid>,
}

/// Answers the flats of a society and who lives or is to live there, as CSV with our header.
///
/// A cell that a table program would compute begins with an apostrophe, which an import leaves out.
///
/// **Permissions:** admins of the society, super admins.
#[utoipa::path(get, path = "/v1/admin/societies/{id}/export", params(("id" = Uuid, Path, description = "The society"), Part),
    responses((status = 200, content_type = "text/csv", body = String, example = "complex,block,flat_number\r\n"), Forbidden, NotFound))]
pub(crate) async fn export_residents(
    State(app): State<App>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Query(part): Query<Part>,
) -> Result<Response, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<Vec<Option<String>>>>>(statement!(
            "export.sql",
            caller = caller.user_id(),
            society = id,
            block = part.block_id,
            rows = i64::try_from(MOST + 1).unwrap_or(i64::MAX),
            request = meta.request_id
        ))
        .await?;
    let lines = Scoped::allowed(row, "There is no such society.")?;
    if lines.len() > MOST {
        let problem =
            Problem::new(ProblemCode::Required, "is required where a society has more than 25,000 lines");
        return Err(ApiError::Invalid(vec![problem.of("block_id")]));
    }
    let file = written(&lines).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], file).into_response())
}

fn written(lines: &[Vec<Option<String>>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEADER.map(|(_, name)| name))?;
    for line in lines {
        writer.write_record(line.iter().map(|cell| {
            let cell = cell.as_deref().unwrap_or_default();
            if computes(cell) { format!("'{cell}") } else { cell.to_owned() }
        }))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
