//! What a society may decide for itself, with what holds where it has decided nothing.
//!
//! A decision is a row of `policies`, whose check constraint knows the names and ranges; statements
//! read it together with the default given here. How long something is kept is no argument of a statement: the SQL
//! functions that remove it know their defaults, so that no caller can have more removed.

/// A policy that is a whole number.
#[derive(Clone, Copy, Debug)]
pub struct NumberPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What holds without a row.
    pub default: i32,
}

/// A policy that is a list of texts.
#[derive(Clone, Copy, Debug)]
pub struct ListPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What holds without a row.
    pub default: &'static [&'static str],
}

/// A policy that is on or off.
#[derive(Clone, Copy, Debug)]
pub struct SwitchPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What holds without a row.
    pub default: bool,
}

/// Seconds a flat has to answer.
pub const APPROVAL_TIMEOUT_SECONDS: NumberPolicy =
    NumberPolicy { name: "approval_timeout_seconds", default: 300 };
/// Hours for which a yes counts where nobody comes in. The SQL function `entry_refusal` has the same default.
pub const ACCEPTANCE_VALID_HOURS: NumberPolicy = NumberPolicy { name: "acceptance_valid_hours", default: 12 };
/// Days ahead at which a guest pass may start.
pub const GUEST_PASS_MAX_DAYS_AHEAD: NumberPolicy =
    NumberPolicy { name: "guest_pass_max_days_ahead", default: 90 };
/// Days a guest pass may last.
pub const GUEST_PASS_MAX_DAYS: NumberPolicy = NumberPolicy { name: "guest_pass_max_days", default: 30 };
/// Hours a guest pass lasts where its end is not said.
pub const GUEST_PASS_DEFAULT_HOURS: NumberPolicy =
    NumberPolicy { name: "guest_pass_default_hours", default: 24 };
/// Invitations that a society sends in a day. A big one has a hundred guests on a day of a wedding, and a message costs up
/// to ten cents.
pub const INVITES_A_DAY: NumberPolicy = NumberPolicy { name: "invites_a_day", default: 200 };
/// Prefixes of the numbers that invitations go to: without a decision of the society's India alone, where all of them lie.
pub const MESSAGE_COUNTRIES: ListPolicy = ListPolicy { name: "message_countries", default: &["+91"] };
/// Whether a resident's request is approved without an admin.
pub const RESIDENT_AUTO_APPROVE: SwitchPolicy =
    SwitchPolicy { name: "resident_auto_approve", default: false };
/// Whether guards are served in their shifts alone; otherwise they are warned. The SQL function `is_off_shift` has the same
/// default.
pub const GUARD_SHIFT_ENFORCED: SwitchPolicy = SwitchPolicy { name: "guard_shift_enforced", default: false };
