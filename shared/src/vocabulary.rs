//! The words that the database, the API and the code share: each set stands here once. A test compares them with what the
//! database checks, and the statements with both (`local/tests/it/vocabulary.rs`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    fields::{FromField, Problem, ProblemCode},
    openapi::one_of,
    schema, text_param,
};

/// Defines enums by their words.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        $(#[$about])*
        pub enum $name {
            $($(#[$doc])* $variant),+
        }

        impl $name {
            /// The words of all, in order.
            pub const WORDS: [&'static str; [$($word),+].len()] = [$($word),+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The one with this word.
            pub fn of(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        text_param!($name);

        impl FromField for $name {
            fn from_field(value: &Value) -> Result<Self, Problem> {
                let text = String::from_field(value)?;
                Self::of(&text).ok_or_else(|| no_word(&Self::WORDS))
            }
        }
    )+};
}

words! {
    /// Where a visitor stands.
    VisitorStatus {
        /// Nobody has answered.
        Pending = "pending",
        /// They may come in.
        Accepted = "accepted",
        /// They may not.
        Denied = "denied",
        /// They are inside.
        CheckedIn = "checked_in",
        /// They have left.
        CheckedOut = "checked_out",
    }

    /// Whose word a visitor's state comes from.
    DecidedBy {
        /// A resident of the flat.
        Resident = "resident",
        /// A guard, or an admin.
        Guard = "guard",
        /// Nobody answered in time.
        Timeout = "timeout",
    }

    /// On which side somebody answered.
    AnsweredBy {
        /// In the flat.
        Resident = "resident",
        /// At the gate.
        Guard = "guard",
    }

    /// What a resident or a guard says.
    Decision {
        /// Let them in.
        Accept = "accept",
        /// Do not.
        Deny = "deny",
    }

    /// For what visitors come, in the usual words. They may be others, which can name a person.
    Purpose {
        /// Where nothing is said.
        Guest = "guest",
        /// A relative.
        Family = "family",
        /// A friend.
        Friend = "friend",
        /// A parcel.
        Delivery = "delivery",
        /// A letter or a parcel.
        Courier = "courier",
        /// A meal.
        Food = "food",
        /// Somebody is fetched or brought.
        Cab = "cab",
        /// Help in the house.
        Service = "service",
        /// Of the building.
        Maintenance = "maintenance",
        /// Of a thing.
        Repair = "repair",
        /// Who works there.
        Staff = "staff",
        /// One of many guests.
        Party = "party",
    }

    /// How a guard knows whom they let in, in the usual words. They may be others.
    CheckinMethod {
        /// From the list; where nothing is said.
        Manual = "manual",
        /// By the QR code.
        Qr = "qr",
        /// The same.
        QrCode = "qr_code",
        /// By the code that is spoken.
        Code = "code",
        /// The same.
        AccessCode = "access_code",
        /// By a pass.
        Pass = "pass",
        /// By a scan.
        Scan = "scan",
    }

    /// How a message travels.
    Channel {
        /// To an app, through Firebase Cloud Messaging.
        Push = "push",
        /// To a phone number.
        Sms = "sms",
        /// To a phone number.
        Whatsapp = "whatsapp",
    }

    /// How the invitation travels.
    #[schema(as = Channel)]
    TextChannel {
        /// As a text message.
        Sms = "sms",
        /// Through WhatsApp.
        Whatsapp = "whatsapp",
    }

    /// Whom a step of escalation asks.
    Audience {
        /// The primary resident.
        Primary = "primary",
        /// All residents.
        All = "all",
    }

    /// What a text for phones is about.
    TemplateKind {
        /// Somebody is at the gate.
        VisitorRequest = "visitor_request",
        /// A guest pass.
        Invite = "invite",
    }

    /// How far the registration of a text has come.
    TemplateApproval {
        /// Nobody has seen it.
        Draft = "draft",
        /// The carrier looks at it.
        Submitted = "submitted",
        /// It may be sent.
        Approved = "approved",
        /// It may not.
        Rejected = "rejected",
    }

    /// How far a message has come.
    MessageStatus {
        /// It waits for its turn.
        Queued = "queued",
        /// The service has taken it.
        Sent = "sent",
        /// It is on the phone.
        Delivered = "delivered",
        /// It was opened there.
        Opened = "opened",
        /// It was never sent.
        Failed = "failed",
    }

    /// What a user may be.
    RoleName {
        /// Of everything.
        SuperAdmin = "super_admin",
        /// Of a society.
        SocietyAdmin = "society_admin",
        /// Of a block.
        BlockAdmin = "block_admin",
        /// At the gate of a society.
        Guard = "guard",
        /// In a flat.
        Resident = "resident",
    }

    /// A role that admins grant; the others come with a post or a home.
    AdminRole {
        /// Of everything.
        SuperAdmin = "super_admin",
        /// Of a society.
        SocietyAdmin = "society_admin",
        /// Of a block.
        BlockAdmin = "block_admin",
    }

    /// How far a role reaches.
    ScopeType {
        /// Everywhere.
        Global = "global",
        /// A society.
        Society = "society",
        /// A block.
        Block = "block",
        /// A flat.
        Flat = "flat",
    }

    /// As what someone lives in a flat.
    RequestedRole {
        /// It is theirs.
        Owner = "owner",
        /// They pay rent.
        Tenant = "tenant",
        /// Neither.
        Other = "other",
    }

    /// Where a request stands.
    RequestStatus {
        /// Nobody has decided.
        Pending = "pending",
        /// They live there.
        Approved = "approved",
        /// They do not.
        Rejected = "rejected",
    }

    /// What an admin says to a request.
    RequestDecision {
        /// They live there.
        Approve = "approve",
        /// They do not.
        Reject = "reject",
    }

    /// Where an emergency stands.
    EmergencyStatus {
        /// Nobody attends to it.
        Pending = "pending",
        /// A guard does.
        Addressed = "addressed",
        /// It is over.
        Resolved = "resolved",
    }
}

/// Languages of India's gates, by their codes (ISO 639-1).
pub const LANGUAGES: [&str; 7] = ["bn", "en", "hi", "kn", "mr", "ta", "te"];

/// As what someone lives in a flat, where it is told.
pub struct OccupancyRole;

schema!(OccupancyRole, "OccupancyRole", one_of(RequestedRole::WORDS));

/// Says which words there are.
fn no_word(words: &[&str]) -> Problem {
    let choice = match words {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    };
    Problem::new(ProblemCode::WrongFormat, format!("must be {choice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_none_is_answered_with_those_that_are() {
        let refused = |value| VisitorStatus::from_field(&value).unwrap_err();
        let none = Problem::new(
            ProblemCode::WrongFormat,
            "must be pending, accepted, denied, checked_in or checked_out",
        );
        assert_eq!(refused("Pending".into()), none);
        assert_eq!(refused(7.into()), Problem::new(ProblemCode::WrongType, "must be a text"));
        let none = Problem::new(ProblemCode::WrongFormat, "must be accept or deny");
        assert_eq!(Decision::from_field(&"yes".into()), Err(none));
        assert_eq!(Decision::from_field(&"deny".into()), Ok(Decision::Deny));
    }

    /// As JSON and in the API description, which derive their words from the names, as elsewhere.
    fn same<T: Serialize + ToSchema>(words: &[&str], of: impl Fn(&str) -> Option<T>) {
        for word in words {
            assert_eq!(serde_json::to_value(of(word).unwrap()).unwrap(), *word);
        }
        assert_eq!(serde_json::to_value(T::schema()).unwrap()["enum"], serde_json::json!(words));
    }

    #[test]
    fn a_word_is_the_same_everywhere() {
        same(&VisitorStatus::WORDS, VisitorStatus::of);
        same(&DecidedBy::WORDS, DecidedBy::of);
        same(&AnsweredBy::WORDS, AnsweredBy::of);
        same(&Decision::WORDS, Decision::of);
        same(&Purpose::WORDS, Purpose::of);
        same(&CheckinMethod::WORDS, CheckinMethod::of);
        same(&Channel::WORDS, Channel::of);
        same(&TextChannel::WORDS, TextChannel::of);
        same(&MessageStatus::WORDS, MessageStatus::of);
        same(&RoleName::WORDS, RoleName::of);
        same(&AdminRole::WORDS, AdminRole::of);
        same(&ScopeType::WORDS, ScopeType::of);
        same(&Audience::WORDS, Audience::of);
        same(&TemplateKind::WORDS, TemplateKind::of);
        same(&TemplateApproval::WORDS, TemplateApproval::of);
        same(&RequestedRole::WORDS, RequestedRole::of);
        same(&RequestStatus::WORDS, RequestStatus::of);
        same(&RequestDecision::WORDS, RequestDecision::of);
        same(&EmergencyStatus::WORDS, EmergencyStatus::of);
    }
}
