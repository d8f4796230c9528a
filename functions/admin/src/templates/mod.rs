//! The texts of SMS and WhatsApp, as they were registered: those of the whole deployment.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{
    App, Timestamp,
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError, List, Scoped},
    input::{Body, Cursor, FromFields, Page, PathId, Problem, ProblemCode, Query},
    notify::unknown_place,
    openapi::{Forbidden, NotFound},
    statement,
    statement::Unique,
    text::LongText,
    vocabulary::{TemplateApproval, TemplateKind, TextChannel},
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::words::{DltId, TextLanguage, WhatsappName};

pub(crate) mod catalogue;

const FORBIDDEN: &str = "Only a super admin sees to the texts of messages.";
const UNKNOWN: &str = "There is no such text.";
const KEY: Unique = Unique {
    constraint: "message_templates_key",
    field: "language",
    sentence: "There is a text of this kind for this channel and language already.",
};

/// A text for phones.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct MessageTemplate {
    id: Uuid,
    kind: TemplateKind,
    channel: TextChannel,
    language: String,
    /// The text, with its places to fill.
    body: String,
    /// The id that an SMS was registered under (India: DLT).
    dlt_template_id: Option<String>,
    /// The name that WhatsApp knows it by.
    whatsapp_name: Option<String>,
    approval: TemplateApproval,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Lists the texts of messages, newest first.
///
/// **Permissions:** super admins.
#[utoipa::path(get, path = "/v1/admin/message-templates", params(Page),
    responses((status = 200, body = List<MessageTemplate>), Forbidden))]
pub(crate) async fn list_templates(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<List<MessageTemplate>, ApiError> {
    let row = app
        .db
        .read_one::<Scoped<Vec<MessageTemplate>>>(statement!(
            "list.sql",
            caller = caller.user_id(),
            before_at = page.cursor.at,
            before_id = page.cursor.id,
            rows = page.rows()
        ))
        .await?;
    let templates = Scoped::allowed(row, UNKNOWN)?;
    Ok(List::page(templates, page.limit, |last| Cursor { at: last.created_at.0, id: last.id }))
}

#[derive(ToSchema, FromFields)]
#[check(can_be_filled(body))]
pub(crate) struct NewTemplate {
    kind: TemplateKind,
    channel: TextChannel,
    language: TextLanguage,
    /// The text as it is registered. Its places are `{visitor_name}`, `{flat_number}`, `{society_name}`, `{access_code}` and,
    /// in a request, `{link}`.
    body: LongText,
    dlt_template_id: Option<DltId>,
    whatsapp_name: Option<WhatsappName>,
    /// Draft where it is not said. An approved SMS needs its `dlt_template_id`, WhatsApp its `whatsapp_name`.
    #[schema(required = false, nullable)]
    #[field(default = TemplateApproval::Draft)]
    approval: TemplateApproval,
}

fn can_be_filled(body: &LongText) -> Result<(), Problem> {
    let Some(place) = unknown_place(body.as_str()) else { return Ok(()) };
    let problem = "must have no other braces than those of {visitor_name}, {flat_number}, {society_name}, {access_code} and {link}";
    let sentence = format!(
        "The text has {place}, which nothing fills: its places are {{visitor_name}}, {{flat_number}}, {{society_name}}, {{access_code}} and {{link}}."
    );
    Err(Problem::new(ProblemCode::WrongFormat, problem).of("body").saying(sentence))
}

/// Adds the text of a message in another language.
///
/// **Permissions:** super admins.
#[utoipa::path(post, path = "/v1/admin/message-templates", request_body = NewTemplate,
    responses((status = 201, body = Answer<MessageTemplate>), Forbidden))]
pub(crate) async fn create_template(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewTemplate>,
) -> Result<Response, ApiError> {
    let key = key.or_made();
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    let written = writer
        .write::<MessageTemplate>(
            writing,
            change!(
                "create.sql",
                id = Uuid::now_v7(),
                kind = input.kind,
                channel = input.channel,
                language = input.language,
                body = input.body,
                dlt = input.dlt_template_id,
                whatsapp = input.whatsapp_name,
                approval = input.approval
            )
            .with_unique(KEY),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}

#[derive(ToSchema, FromFields)]
#[check(can_still_be_filled(body))]
pub(crate) struct TemplateChange {
    /// The text as it is registered; another one is a draft until it is approved.
    body: Option<LongText>,
    dlt_template_id: Option<DltId>,
    whatsapp_name: Option<WhatsappName>,
    approval: Option<TemplateApproval>,
}

fn can_still_be_filled(body: &Option<LongText>) -> Result<(), Problem> {
    body.as_ref().map_or(Ok(()), can_be_filled)
}

/// Changes the text of a message, or how far its registration has come.
///
/// **Permissions:** super admins.
///
/// What is left out or null stays as it is.
#[utoipa::path(patch, path = "/v1/admin/message-templates/{id}", params(("id" = Uuid, Path, description = "The text")),
    request_body = TemplateChange, responses((status = 200, body = Answer<MessageTemplate>), Forbidden, NotFound))]
pub(crate) async fn change_template(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(id): PathId,
    Body { input, key }: Body<TemplateChange>,
) -> Result<Response, ApiError> {
    let writing = Writing { caller: &caller, key: &key, meta: &meta, forbidden: FORBIDDEN, unknown: UNKNOWN };
    let written = writer
        .write::<MessageTemplate>(
            writing,
            change!(
                "change.sql",
                template = id,
                body = input.body,
                dlt = input.dlt_template_id,
                whatsapp = input.whatsapp_name,
                approval = input.approval
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
