//! Who administers what: granted within one's own scope, and revoked. Guards and residents have their roles by their posts
//! and homes.

pub(crate) mod catalogue;
mod grant;
mod list;
mod revoke;

use serde::{Deserialize, Serialize};
use shared::{
    Timestamp,
    vocabulary::{AdminRole, ScopeType},
};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use self::{grant::*, list::*, revoke::*};

/// A role that somebody holds.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct HeldRole {
    /// By which it is revoked.
    id: Uuid,
    role: AdminRole,
    scope_type: ScopeType,
    /// The society or the block; null for everything.
    scope_id: Option<Uuid>,
    /// What that is called.
    scope_name: Option<String>,
    user_id: Uuid,
    name: Option<String>,
    phone: Option<String>,
    since: Timestamp,
    /// Who granted it; null where an operator did.
    granted_by: Option<Uuid>,
    granted_by_name: Option<String>,
}
