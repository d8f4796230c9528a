//! An admin makes somebody an admin, within their own scope.

use axum::{extract::State, http::StatusCode, response::Response};
use shared::{
    auth::{Caller, RequestMeta},
    change,
    http::{Answer, ApiError},
    input::{Body, FromFields, Problem, ProblemCode},
    openapi::{Forbidden, NotFound},
    text::Phone,
    vocabulary::AdminRole,
    write::{Writer, Writing},
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::HeldRole;

#[derive(ToSchema, FromFields)]
#[check(has_its_scope(role, scope_id))]
#[check(names_either(user_id, phone))]
pub(crate) struct NewRole {
    role: AdminRole,
    /// The society of a society admin, the block of a block admin; a super admin has none.
    scope_id: Option<Uuid>,
    /// Who gets it; either this or `phone`.
    user_id: Option<Uuid>,
    /// The number with which they have signed in.
    phone: Option<Phone>,
}

fn has_its_scope(role: &AdminRole, scope: &Option<Uuid>) -> Result<(), Problem> {
    let (code, problem) = match (role, scope) {
        (AdminRole::SuperAdmin, Some(_)) => (ProblemCode::WrongFormat, "must be left out for a super admin"),
        (AdminRole::SocietyAdmin, None) => (ProblemCode::Required, "is required: that of a society"),
        (AdminRole::BlockAdmin, None) => (ProblemCode::Required, "is required: that of a block"),
        (AdminRole::SuperAdmin, None) | (AdminRole::SocietyAdmin | AdminRole::BlockAdmin, Some(_)) => {
            return Ok(());
        }
    };
    Err(Problem::new(code, problem).of("scope_id"))
}

fn names_either(user: &Option<Uuid>, phone: &Option<Phone>) -> Result<(), Problem> {
    let problem = Problem::new(ProblemCode::Required, "or else phone is required").of("user_id");
    let problem = problem.saying("Please name either a user (user_id) or their phone number (phone).");
    if user.is_some() == phone.is_some() { Err(problem) } else { Ok(()) }
}

/// Grants a role. Who holds it already keeps it, which is answered with 200.
///
/// **Permissions:** super admins; admins of the society, its own roles and those of its blocks.
#[utoipa::path(post, path = "/v1/admin/roles", request_body = NewRole,
    responses((status = 201, body = Answer<HeldRole>), Forbidden, NotFound))]
pub(crate) async fn grant_role(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    Body { input, key }: Body<NewRole>,
) -> Result<Response, ApiError> {
    let writing = Writing {
        caller: &caller,
        key: &key,
        meta: &meta,
        forbidden: "Your role does not reach so far that you could grant this one.",
        unknown: "There is no such society or block.",
    };
    let written = writer
        .write::<HeldRole>(
            writing,
            change!(
                "grant.sql",
                id = Uuid::now_v7(),
                role = input.role,
                scope = input.scope_id,
                user = input.user_id,
                phone = input.phone
            ),
        )
        .await?;
    Ok(written.with_status(StatusCode::CREATED))
}
