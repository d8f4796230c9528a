//! A resident answers: the first answer wins, except that a denial still counts until the visitor is inside. A pass
//! is withdrawn in the same way.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, IdempotencyKey, PathId},
    notify::DecisionClaims,
    openapi::{Forbidden, NotFound, WrongStateOrLate},
    text::LongText,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::{Decision, Status, UNKNOWN_VISITOR};

#[derive(ToSchema, FromFields)]
pub(crate) struct Respond {
    pub(crate) decision: Decision,
    pub(crate) note: Option<LongText>,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RespondAnswer {
    visitor_id: Uuid,
    decision: Decision,
    status: Status,
}

/// Answers for a flat whether a visitor may come in.
///
/// **Permissions:** current resident of the visitor's flat.
///
/// The first answer wins, except that a denial still counts until the visitor is inside. A guest pass needs no
/// answer: `deny` withdraws it, as the call of that name does, and `accept` is refused. A repeat of one's
/// own last answer is answered as the first time.
#[utoipa::path(post, path = "/v1/visitors/{id}/respond", params(("id" = Uuid, Path, description = "The visitor")),
    request_body = Respond,
    responses((status = 200, body = Answer<RespondAnswer>), Forbidden, NotFound, WrongStateOrLate))]
pub(crate) async fn respond(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(visitor_id): PathId,
    Body { input, key }: Body<Respond>,
) -> Result<Response, ApiError> {
    respond_by(
        &writer,
        Respondent { caller: &caller, key: &key, meta: &meta, how: How::App },
        visitor_id,
        &input,
    )
    .await
}

/// Who answers, and by what.
pub(crate) struct Respondent<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) key: &'a IdempotencyKey,
    pub(crate) meta: &'a RequestMeta,
    pub(crate) how: How<'a>,
}

/// How they answer.
pub(crate) enum How<'a> {
    /// In an app.
    App,
    /// By a link.
    Link(&'a DecisionClaims),
    /// By withdrawing a pass, which admins may, too.
    Withdrawal,
}

/// The one way in which a resident's answer is taken, and a pass withdrawn.
pub(crate) async fn respond_by(
    writer: &Writer,
    Respondent { caller, key, meta, how }: Respondent<'_>,
    visitor_id: Uuid,
    Respond { decision, note }: &Respond,
) -> Result<Response, ApiError> {
    let (link, withdrawal) = match how {
        How::App => (None, false),
        How::Link(link) => (Some(link), false),
        How::Withdrawal => (None, true),
    };
    let forbidden = if withdrawal {
        "Only the residents of the flat and the admins of the society withdraw a pass."
    } else {
        "Only the residents of the visited flat answer."
    };
    let writing = Writing { caller, key, meta, forbidden, unknown: UNKNOWN_VISITOR };
    let written = writer
        .write::<RespondAnswer>(
            writing,
            change!(
                "respond.sql",
                visitor = visitor_id,
                decision,
                note,
                link_flat = link.map(|link| link.flat_id),
                link_deadline = link.map(|link| link.deadline),
                withdrawal,
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
