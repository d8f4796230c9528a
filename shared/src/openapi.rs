//! What handlers say about themselves for the API reference, `docs/openapi.json`.
//!
//! A handler's `#[utoipa::path]` names what is particular to it: parameters, body, answer, and those
//! refusals of this module that it can end in. What all operations have in common is added once,
//! where the document is put together (the crate `local`). Nothing of this runs on Lambda.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Object, ObjectBuilder, OpenApi, RefOr, Response, Type},
};

use crate::code::ErrorCode;

/// Refusals: an HTTP status and the error codes a handler answers with it.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $status:literal [$($code:ident),+];)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let codes = [$(ErrorCode::$code.as_str()),+].join(" ");
                [($status.to_owned(), Response::new(codes).into())].into()
            }
        }
    )+};
}

refusals! {
    /// A pass before or after its window.
    OutsideWindow = "400" [NotYetValid, Expired];
    /// A token that was valid once.
    TokenExpired = "401" [TokenExpired];
    /// A guard's code or PIN that is another one.
    WrongPin = "401" [PinWrong];
    /// A phone that stands at no gate.
    NoGatePhone = "403" [DeviceNotRegistered];
    /// A PIN that was given by an admin.
    PinChange = "409" [PinChangeRequired];
    /// A role or scope that is not enough.
    Forbidden = "403" [Forbidden];
    /// Something unknown to this caller.
    NotFound = "404" [NotFound];
    /// Another state than the one that the change starts from.
    WrongState = "409" [WrongState];
    /// The same, or a visitor whom the judge of entry does not let in.
    NotLetIn = "409" [WrongState, AcceptanceExpired, VisitExpired, VisitorCleared, PassWithdrawn, PassTurnedAway, InviterMovedOut];
    /// A pass that is good no more.
    DeadPass = "409" [PassWithdrawn, PassTurnedAway, InviterMovedOut];
    /// Another state, or a deadline that has passed.
    WrongStateOrLate = "409" [WrongState, DeadlinePassed];
    /// A deadline that has passed.
    Late = "409" [DeadlinePassed];
    /// The same, or a text that the carrier has not approved.
    WrongStateOrUnapproved = "409" [WrongState, TemplateNotApproved];
    /// A caller who is not known to live there, or who has asked too often.
    WrongStateOrUnverified = "409" [WrongState, VerificationRequired];
    /// More requests than there may be.
    RateLimited = "429" [RateLimited];
    /// A key that was used before with another payload.
    KeyReused = "422" [IdempotencyKeyReused];
}

/// The schema of a `bool` that is always true.
pub fn always_true() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])).build()
}

/// The schema of a `bool` that is never true.
pub fn always_false() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([false])).build()
}

/// The schema of a text that is one of `values`.
pub fn one_of<const N: usize>(values: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}

/// The schema of a text that matches `pattern` (ECMA-262).
pub fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

/// A description with its paths as OpenAPI writes them, which knows no `{*rest}`.
pub fn without_rest(mut api: OpenApi) -> OpenApi {
    let paths = std::mem::take(&mut api.paths.paths);
    api.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    api
}

/// Gives a type its place among the schemas of the document.
#[macro_export]
macro_rules! schema {
    ($type:ident $(<$n:ident: $bound:ident>)?, $name:expr, $schema:expr) => {
        impl $(<$n: $bound>)? utoipa::PartialSchema for $type $(<$n>)? {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::Schema::from($schema).into()
            }
        }

        impl $(<$n: $bound>)? utoipa::ToSchema for $type $(<$n>)? {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}
