//! Who is at the gate, for the page behind a decision link.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    auth::RequestMeta,
    decision_link::DecisionClaims,
    http::{Answer, ApiError, Scoped, with_rate},
    input::{Body, FromFields},
    openapi::{Forbidden, Late, NotFound},
    statement,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    decide::Decider,
    visitor::{Status, UNKNOWN_VISITOR},
};

#[derive(ToSchema, FromFields)]
pub(crate) struct LinkHolder {
    /// What stands behind `#` in the link.
    token: String,
}

/// Whom a resident is asked about, as far as the answer needs it.
#[derive(Serialize, Deserialize, ToSchema)]
struct AskedVisitor {
    visitor_name: String,
    purpose: String,
    flat_number: String,
    block_name: String,
    society_name: String,
    status: Status,
    approval_deadline: Timestamp,
}

/// The row of `decide_visitor.sql`.
#[derive(Deserialize)]
struct Found {
    late: bool,
    visitor: AskedVisitor,
}

/// Answers who is at the gate, to the holder of a link.
///
/// **Permissions:** the resident whom the link was made for, while they live in the visitor's flat and until the
/// deadline. No bearer token.
#[utoipa::path(post, path = "/v1/decide/visitor", request_body = LinkHolder, security(()),
    responses((status = 200, body = Answer<AskedVisitor>), Forbidden, NotFound, Late))]
pub(crate) async fn show_visitor(
    State(decider): State<Decider>,
    meta: RequestMeta,
    Body { input, .. }: Body<LinkHolder>,
) -> Result<Response, ApiError> {
    let app = decider.writer.app();
    let (who, link) = app.identify_by_link(&decider.links, &input.token, &meta).await?;
    Ok(with_rate(who.rate, find(&decider, who.caller.user_id(), &link).await))
}

async fn find(
    decider: &Decider,
    user_id: &Uuid,
    link: &DecisionClaims,
) -> Result<Answer<AskedVisitor>, ApiError> {
    let db = &decider.writer.app().db;
    let row = db
        .read_one::<Scoped<Option<Found>>>(statement!(
            "decide_visitor.sql",
            caller = user_id,
            visitor = link.visitor_id,
            flat = link.flat_id,
            deadline = link.deadline
        ))
        .await?;
    let Found { late, visitor } =
        Scoped::allowed(row, UNKNOWN_VISITOR)?.ok_or(ApiError::NotFound(UNKNOWN_VISITOR))?;
    if late {
        let status = visitor.status.as_str().to_owned();
        return Err(ApiError::WrongState { deadline_passed: true, status });
    }
    Ok(Answer::new(visitor))
}
