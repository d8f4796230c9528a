//! Those who gave a pass take it back. It is the denial of `respond`, which the residents' app sends.

use axum::{extract::State, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    http::{Answer, ApiError},
    input::{Body, FromFields, PathId},
    openapi::{Forbidden, NotFound, WrongState},
    text::LongText,
    write::Writer,
};
use utoipa::ToSchema;

use crate::{
    respond::{How, Respond, RespondAnswer, Respondent, respond_by},
    visitor::Decision,
};

#[derive(ToSchema, FromFields)]
pub(crate) struct Withdraw {
    note: Option<LongText>,
}

/// Withdraws a guest pass.
///
/// **Permissions:** current resident of the flat; admins whose scope holds it.
///
/// At any time before entry, also outside its window. Where a pass lets in several times, also while its visitor is inside:
/// they stay `checked_in` until they leave, and do not come in again. The gate is told (`guest_pass_withdrawn`). A
/// repeat of one's own withdrawal is answered as the first time.
#[utoipa::path(post, path = "/v1/visitors/{id}/withdraw", params(("id" = Uuid, Path, description = "The visitor")),
    request_body = Withdraw,
    responses((status = 200, body = Answer<RespondAnswer>), Forbidden, NotFound, WrongState))]
pub(crate) async fn withdraw(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(visitor_id): PathId,
    Body { input: Withdraw { note }, key }: Body<Withdraw>,
) -> Result<Response, ApiError> {
    let respondent = Respondent { caller: &caller, key: &key, meta: &meta, how: How::Withdrawal };
    respond_by(&writer, respondent, visitor_id, &Respond { decision: Decision::Deny, note }).await
}
