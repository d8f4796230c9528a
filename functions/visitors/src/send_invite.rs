//! An invitation goes to the visitor's phone. It is written here, and sent from the queue.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, PathId},
    openapi::{Forbidden, NotFound, WrongStateOrUnapproved},
    policy,
    vocabulary::TextChannel,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::visitor::UNKNOWN_VISITOR;

/// Invitations of one pass: one, and two more where it was not seen.
const OF_A_PASS: i32 = 3;
/// Invitations to one number in a day, by any sender: somebody who is expected in five homes. Past that it is a nuisance.
const OF_A_NUMBER: i32 = 5;
/// Invitations of one user in a day: a party. Who has more guests shares the code by themselves.
const OF_A_USER: i32 = 30;

#[derive(ToSchema, FromFields)]
pub(crate) struct Invite {
    #[schema(required = false, nullable, default = "sms")]
    #[field(default = TextChannel::Sms)]
    channel: TextChannel,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct InviteAnswer {
    message: String,
    notification_id: Uuid,
}

/// Sends an invitation to the visitor's phone.
///
/// **Permissions:** residents of the flat, guards and admins of the society or block.
///
/// There are three for a visitor, and in a day five to a number, 30 of a user, and as many of a society as its policy
/// says. They go to numbers of the countries that the society allows, by WhatsApp only where a user has the number and
/// has agreed.
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
            change!(
                "send_invite.sql",
                visitor = visitor_id,
                notification = Uuid::now_v7(),
                channel = input.channel,
                of_a_pass = OF_A_PASS,
                of_a_number = OF_A_NUMBER,
                of_a_user = OF_A_USER,
                of_a_society = policy::INVITES_A_DAY.default,
                countries = json!(policy::MESSAGE_COUNTRIES.default),
                trace = meta.trace_id
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::OK))
}
