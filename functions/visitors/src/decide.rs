//! A resident without the app answers, by the link that they were sent. It ends where an app's answer ends.

use axum::{extract::State, response::Response};
use shared::{
    auth::RequestMeta,
    decision_link::DecisionLinks,
    digest::sha256,
    http::{Answer, ApiError, with_rate},
    input::{Body, FromFields, IdempotencyKey},
    openapi::{Forbidden, KeyReused, NotFound, WrongStateOrLate},
    text::LongText,
    write::Writer,
};
use utoipa::ToSchema;

use crate::{
    respond::{How, Respond, RespondAnswer, Respondent, respond_by},
    visitor::Decision,
};

/// What answering by link needs.
#[derive(Clone)]
pub struct Decider {
    pub(crate) writer: Writer,
    pub(crate) links: DecisionLinks,
}

#[derive(ToSchema, FromFields)]
pub(crate) struct LinkDecision {
    /// What stands behind `#` in the link.
    token: String,
    decision: Decision,
    note: Option<LongText>,
}

/// Answers for a flat whether a visitor may come in, by a link.
///
/// **Permissions:** the resident whom the link was made for, while they live in the visitor's flat. No bearer token.
///
/// As the app's answer, except that a link answers a question and takes no answer back. It is its own idempotency
/// key: the same decision is answered with the first answer again, the other one is refused.
#[utoipa::path(post, path = "/v1/decide", request_body = LinkDecision, security(()),
    responses((status = 200, body = Answer<RespondAnswer>), Forbidden, NotFound, WrongStateOrLate, KeyReused))]
pub(crate) async fn decide(
    State(Decider { writer, links }): State<Decider>,
    meta: RequestMeta,
    Body { input: LinkDecision { token, decision, note }, .. }: Body<LinkDecision>,
) -> Result<Response, ApiError> {
    let (who, link) = writer.app().identify_by_link(&links, &token, &meta).await?;
    let key = one_time(&token, decision);
    let respondent = Respondent { caller: &who.caller, key: &key, meta: &meta, how: How::Link(&link) };
    let answer = respond_by(&writer, respondent, link.visitor_id, &Respond { decision, note }).await;
    Ok(with_rate(who.rate, answer))
}

/// The key under which a link's one decision is remembered. The link itself is a secret, so its digest is kept.
fn one_time(token: &str, decision: Decision) -> IdempotencyKey {
    IdempotencyKey {
        method: "POST".to_owned(),
        path: "/v1/decide".to_owned(),
        key: Some(sha256(token).map(|byte| format!("{byte:02x}")).concat()),
        payload: sha256(decision.as_str()),
    }
}
