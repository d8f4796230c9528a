//! What a society may decide for itself: what it means, what holds where it has decided nothing, and what may be decided.
//!
//! A decision is a row of `policies`, whose check constraint knows the same names and ranges, which a test compares;
//! statements read it together with the default given here. How long something is kept is no argument of a statement: the
//! SQL functions that remove it know their defaults, so that no caller can have more removed.

/// A policy that is a whole number.
#[derive(Clone, Copy, Debug)]
pub struct NumberPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What it decides.
    pub about: &'static str,
    /// What holds without a row.
    pub default: i32,
    /// The least that may be decided.
    pub least: i32,
    /// The most that may be decided.
    pub most: i32,
}

/// A policy that is a list of texts.
#[derive(Clone, Copy, Debug)]
pub struct ListPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What it decides.
    pub about: &'static str,
    /// What holds without a row.
    pub default: &'static [&'static str],
    /// How many texts it may hold.
    pub most: usize,
}

/// A policy that is on or off.
#[derive(Clone, Copy, Debug)]
pub struct SwitchPolicy {
    /// Its name in `policies`.
    pub name: &'static str,
    /// What it decides.
    pub about: &'static str,
    /// What holds without a row.
    pub default: bool,
}

/// A policy of any kind.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// A whole number.
    Number(NumberPolicy),
    /// On or off.
    Switch(SwitchPolicy),
    /// A list of texts.
    List(ListPolicy),
}

impl Policy {
    /// Its name in `policies`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Number(NumberPolicy { name, .. })
            | Self::Switch(SwitchPolicy { name, .. })
            | Self::List(ListPolicy { name, .. }) => name,
        }
    }

    /// What it decides.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Number(NumberPolicy { about, .. })
            | Self::Switch(SwitchPolicy { about, .. })
            | Self::List(ListPolicy { about, .. }) => about,
        }
    }
}

/// Seconds a flat has to answer.
pub const APPROVAL_TIMEOUT_SECONDS: NumberPolicy = NumberPolicy {
    name: "approval_timeout_seconds",
    about: "Seconds that a flat has to answer for a visitor at the gate.",
    default: 300,
    least: 10,
    most: 86_400,
};
/// Hours for which a yes counts where nobody comes in. The SQL function `entry_refusal` has the same default.
pub const ACCEPTANCE_VALID_HOURS: NumberPolicy = NumberPolicy {
    name: "acceptance_valid_hours",
    about: "Hours for which a yes counts where the visitor does not come in.",
    default: 12,
    least: 1,
    most: 720,
};
/// Days ahead at which a guest pass may start.
pub const GUEST_PASS_MAX_DAYS_AHEAD: NumberPolicy = NumberPolicy {
    name: "guest_pass_max_days_ahead",
    about: "Days ahead at which a guest pass may start.",
    default: 90,
    least: 1,
    most: 365,
};
/// Days a guest pass may last.
pub const GUEST_PASS_MAX_DAYS: NumberPolicy = NumberPolicy {
    name: "guest_pass_max_days",
    about: "Days that a guest pass may last.",
    default: 30,
    least: 1,
    most: 365,
};
/// Hours a guest pass lasts where its end is not said.
pub const GUEST_PASS_DEFAULT_HOURS: NumberPolicy = NumberPolicy {
    name: "guest_pass_default_hours",
    about: "Hours that a guest pass lasts where its end is not said.",
    default: 24,
    least: 1,
    most: 8760,
};
/// Invitations that a society sends in a day. A big one has a hundred guests on a day of a wedding, and a message costs up
/// to ten cents.
pub const INVITES_A_DAY: NumberPolicy = NumberPolicy {
    name: "invites_a_day",
    about: "Invitations that the society sends in 24 hours.",
    default: 200,
    least: 1,
    most: 10_000,
};
/// Prefixes of the numbers that invitations go to: without a decision of the society's India alone, where all of them lie.
pub const MESSAGE_COUNTRIES: ListPolicy = ListPolicy {
    name: "message_countries",
    about: "Beginnings of the phone numbers that invitations may go to, such as `+91`.",
    default: &["+91"],
    most: 50,
};
/// Whether a resident's request is approved without an admin.
pub const RESIDENT_AUTO_APPROVE: SwitchPolicy = SwitchPolicy {
    name: "resident_auto_approve",
    about: "Whether a request for a vacant flat is approved without an admin.",
    default: false,
};
/// Whether guards are served in their shifts alone; otherwise they are warned. The SQL function `is_off_shift` has the same
/// default.
pub const GUARD_SHIFT_ENFORCED: SwitchPolicy = SwitchPolicy {
    name: "guard_shift_enforced",
    about: "Whether guards who have shifts are served in them alone; otherwise they are warned.",
    default: false,
};
/// Whether guards see whole numbers. The SQL function `gate_phone` has the same default.
const GUARDS_SEE_RESIDENT_PHONES: SwitchPolicy = SwitchPolicy {
    name: "guards_see_resident_phones",
    about: "Whether guards see the whole phone numbers of residents, of which they otherwise see the end.",
    default: false,
};
/// How long events are kept. The SQL functions `emit_to` and `keep_event_hours` have the same default.
const EVENT_RETENTION_HOURS: NumberPolicy = NumberPolicy {
    name: "event_retention_hours",
    about: "Hours for which events are kept for apps that were away.",
    default: 72,
    least: 24,
    most: 720,
};
/// How long visitors are known. The SQL function `strip_visitors` has the same default.
const VISITOR_RETENTION_DAYS: NumberPolicy = NumberPolicy {
    name: "visitor_retention_days",
    about: "Days after the end of a visit for which it is kept who the visitor was.",
    default: 180,
    least: 30,
    most: 1095,
};

/// All of them, by their names.
pub const ALL: [Policy; 12] = [
    Policy::Number(ACCEPTANCE_VALID_HOURS),
    Policy::Number(APPROVAL_TIMEOUT_SECONDS),
    Policy::Number(EVENT_RETENTION_HOURS),
    Policy::Switch(GUARD_SHIFT_ENFORCED),
    Policy::Switch(GUARDS_SEE_RESIDENT_PHONES),
    Policy::Number(GUEST_PASS_DEFAULT_HOURS),
    Policy::Number(GUEST_PASS_MAX_DAYS),
    Policy::Number(GUEST_PASS_MAX_DAYS_AHEAD),
    Policy::Number(INVITES_A_DAY),
    Policy::List(MESSAGE_COUNTRIES),
    Policy::Switch(RESIDENT_AUTO_APPROVE),
    Policy::Number(VISITOR_RETENTION_DAYS),
];
