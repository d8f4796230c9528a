//! An admin rejects many requests at once, such as those of somebody who asks for every flat.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Ids, Problem, ProblemCode},
    openapi::{Forbidden, one_of},
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

#[derive(ToSchema, FromFields)]
#[check(names_either(ids, user_id))]
pub(crate) struct RejectMany {
    /// The requests; either they or `user_id`.
    ids: Option<Ids>,
    /// The user whose open requests are meant, as far as the caller decides about them, the hundred oldest of them.
    user_id: Option<Uuid>,
    /// Why; it stands with each of them.
    note: Option<LongText>,
}

fn names_either(ids: &Option<Ids>, user_id: &Option<Uuid>) -> Result<(), Problem> {
    let problem = Problem::new(ProblemCode::Required, "or else user_id is required").of("ids");
    let problem = problem.saying("Please name either requests (ids) or a user (user_id).");
    if ids.is_some() == user_id.is_some() { Err(problem) } else { Ok(()) }
}

#[derive(Serialize, Deserialize, ToSchema)]
struct RejectedMany {
    /// How many are rejected by this.
    rejected: i64,
    results: Vec<RejectedOne>,
}

/// What came of one.
#[derive(Serialize, Deserialize, ToSchema)]
struct RejectedOne {
    id: Uuid,
    /// `forbidden` is the caller's own, or one of a flat that others decide about.
    #[schema(schema_with = outcome)]
    outcome: String,
}

fn outcome() -> Object {
    one_of(["rejected", "rejected_before", "approved_before", "forbidden", "not_found"])
}

/// Rejects many requests at once.
///
/// **Permissions:** admin whose scope holds the flat, never the requester themselves.
///
/// Each is audited as if it had been rejected by itself; what came of each is in the answer.
#[utoipa::path(post, path = "/v1/resident-requests/reject", request_body = RejectMany,
    responses((status = 200, body = Answer<RejectedMany>), Forbidden))]
pub(crate) async fn reject_many_requests(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<RejectMany>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only an admin of this flat decides, and never about their own request.",
        unknown: "There is no such request.",
    };
    let ids = input.ids.map(|ids| ids.0);
    let written = writer
        .write::<RejectedMany>(
            writing,
            change!("reject_many.sql", ids, user = input.user_id, note = input.note),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
