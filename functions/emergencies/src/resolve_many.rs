//! A guard resolves many emergencies at once, such as those of somebody who does not stop.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Ids, Problem, ProblemCode},
    openapi::{Forbidden, NotFound, one_of},
    write::{Writer, Writing},
};
use utoipa::{ToSchema, openapi::Object};
use uuid::Uuid;

#[derive(ToSchema, FromFields)]
#[check(names_either(ids, flat_id))]
pub(crate) struct ResolveMany {
    /// The emergencies; either they or `flat_id`.
    ids: Option<Ids>,
    /// The flat whose open emergencies are meant, the hundred oldest of them.
    flat_id: Option<Uuid>,
}

fn names_either(ids: &Option<Ids>, flat_id: &Option<Uuid>) -> Result<(), Problem> {
    let problem = Problem::new(ProblemCode::Required, "or else flat_id is required").of("ids");
    let problem = problem.saying("Please name either emergencies (ids) or a flat (flat_id).");
    if ids.is_some() == flat_id.is_some() { Err(problem) } else { Ok(()) }
}

#[derive(Serialize, Deserialize, ToSchema)]
struct ResolvedMany {
    /// How many are resolved by this.
    resolved: i64,
    results: Vec<ResolvedOne>,
}

/// What came of one.
#[derive(Serialize, Deserialize, ToSchema)]
struct ResolvedOne {
    id: Uuid,
    /// `forbidden` is one of a society that the caller has a part in, but is no active guard of.
    #[schema(schema_with = outcome)]
    outcome: String,
}

fn outcome() -> Object {
    one_of(["resolved", "resolved_before", "forbidden", "not_found"])
}

/// Resolves many emergencies at once, those that nobody has taken on too.
///
/// **Permissions:** active guard of the society.
///
/// Each is told and audited as if it had been resolved by itself; what came of each is in the answer.
#[utoipa::path(post, path = "/v1/emergencies/resolve", request_body = ResolveMany,
    responses((status = 200, body = Answer<ResolvedMany>), Forbidden, NotFound))]
pub(crate) async fn resolve_many_emergencies(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<ResolveMany>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Only an active guard of this society attends to emergencies.",
        unknown: "There is no such flat.",
    };
    let ids = input.ids.map(|ids| ids.0);
    let written = writer
        .write::<ResolvedMany>(
            writing,
            change!("resolve_many.sql", ids, flat = input.flat_id, trace = meta.trace_id),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::input::Fields;

    use super::*;

    #[test]
    fn either_ids_or_a_flat_are_named() {
        const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";
        for (sent, wrong) in [
            (json!({"ids": [ID]}), vec![]),
            (json!({"flat_id": ID}), vec![]),
            (json!({}), vec!["ids"]),
            (json!({"ids": [ID], "flat_id": ID}), vec!["ids"]),
            (json!({"ids": [], "flat_id": "x"}), vec!["ids", "flat_id"]),
        ] {
            let problems = Fields::read::<ResolveMany>(sent.as_object().unwrap()).err().unwrap_or_default();
            assert_eq!(problems.iter().map(Problem::field).collect::<Vec<_>>(), wrong, "{sent}");
        }
    }
}
