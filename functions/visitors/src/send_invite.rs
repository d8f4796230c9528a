//! An invitation goes to the visitor's phone. It is written here, and sent from the queue.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    auth::{Caller, RequestMeta},
    db::Type,
    http::{Answer, ApiError},
    input::{Body, Fields, FromField, FromFields, PathId, Problem, ProblemCode},
    openapi::{Forbidden, NotFound, WrongStateOrUnapproved},
    text_param,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::UNKNOWN_VISITOR;

/// How the invitation travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
enum Channel {
    Sms,
    Whatsapp,
}

impl Channel {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
        }
    }
}

text_param!(Channel);

impl FromField for Channel {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        match String::from_field(value)?.as_str() {
            "sms" => Ok(Self::Sms),
            "whatsapp" => Ok(Self::Whatsapp),
            _ => Err(Problem::new(ProblemCode::WrongFormat, "must be sms or whatsapp")),
        }
    }
}

#[derive(ToSchema)]
pub(crate) struct Invite {
    #[schema(required = false, nullable, default = "sms")]
    channel: Channel,
}

impl FromFields for Invite {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { channel: fields.or("channel", Channel::Sms)? })
    }
}

#[derive(Serialize, Deserialize, ToSchema)]
struct InviteAnswer {
    message: String,
    notification_id: Uuid,
}

/// Sends an invitation to the visitor's phone.
///
/// **Permissions:** residents of the flat, guards and admins of the society or block.
#[utoipa::path(post, path = "/v1/visitors/{id}/send-invite", params(("id" = Uuid, Path, description = "The visitor")),
    request_body = Invite, responses((status = 200, body = Answer<InviteAnswer>), Forbidden, NotFound, WrongStateOrUnapproved))]
pub(crate) async fn send_invite(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    PathId(visitor_id): PathId,
    Body { input, key }: Body<Invite>,
) -> Result<Response, ApiError> {
    let forbidden = "Only the visited flat, guards and admins send invitations.";
    let written = writer
        .write::<InviteAnswer>(
            Writing { caller: &caller, key: &key, meta: &meta, forbidden, unknown: UNKNOWN_VISITOR },
            include_str!("send_invite.sql"),
            &[(&visitor_id, Type::UUID), (&Uuid::now_v7(), Type::UUID), (&input.channel, Type::TEXT)],
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
