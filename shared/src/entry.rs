//! Whether a visitor may come in now. The SQL function `entry_refusal` decides it for all statements; here are its codes,
//! and the sentences by which a guard knows what to do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    http::{ApiError, ErrorCode},
    vocabulary::DecidedBy,
};

/// Why a visitor may not come in now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntryCode {
    /// The state alone says so: nobody said yes, somebody said no, they are inside, or they have left.
    WrongState,
    /// The pass's window has not begun.
    NotYetValid,
    /// The pass's window is over.
    Expired,
    /// The time at which a visitor without a pass was expected is over.
    VisitExpired,
    /// The yes is older than the society's policy `acceptance_valid_hours`.
    AcceptanceExpired,
    /// The flat or an admin took the pass back.
    PassWithdrawn,
    /// A guard said no to the pass.
    PassTurnedAway,
    /// Who made the pass no longer lives in the flat.
    InviterMovedOut,
    /// Guards cleared the visitor from their lists.
    VisitorCleared,
}

/// What the judge says, as the SQL function `entry_verdict` answers it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Verdict {
    code: Option<EntryCode>,
    decided_by: Option<DecidedBy>,
    accepted_hours_ago: Option<i64>,
}

impl Verdict {
    /// Why they may not come in; none where they may.
    pub fn code(self) -> Option<EntryCode> {
        self.code
    }

    /// The refusal, with what stands under `data`, its `status` among it; none where they may come in.
    pub fn refusal(self, data: Value) -> Option<ApiError> {
        let code = match self.code? {
            EntryCode::WrongState => {
                let status = data["status"].as_str().unwrap_or_default().to_owned();
                return Some(ApiError::WrongState { deadline_passed: false, status });
            }
            EntryCode::NotYetValid => return Some(ApiError::NotYetValid(data)),
            EntryCode::Expired => return Some(ApiError::Expired(data)),
            EntryCode::VisitExpired => ErrorCode::VisitExpired,
            EntryCode::AcceptanceExpired => ErrorCode::AcceptanceExpired,
            EntryCode::PassWithdrawn => ErrorCode::PassWithdrawn,
            EntryCode::PassTurnedAway => ErrorCode::PassTurnedAway,
            EntryCode::InviterMovedOut => ErrorCode::InviterMovedOut,
            EntryCode::VisitorCleared => ErrorCode::VisitorCleared,
        };
        Some(ApiError::Refused { code, why: self.sentence().unwrap_or_default().into(), data })
    }

    /// What to tell the guard; none where they may come in.
    fn sentence(self) -> Option<String> {
        let sentence = match self.code? {
            EntryCode::WrongState => "This visitor cannot come in as they stand.",
            EntryCode::NotYetValid => return Some(ApiError::NotYetValid(json!(null)).message()),
            EntryCode::Expired => return Some(ApiError::Expired(json!(null)).message()),
            EntryCode::VisitExpired => {
                "The time this visitor was expected for is over. Log them again, so that the flat is asked."
            }
            EntryCode::AcceptanceExpired => {
                let age = in_words(self.accepted_hours_ago.unwrap_or_default());
                return Some(format!(
                    "The flat's yes of {age} ago no longer counts. Log the visitor again, so that the flat is asked."
                ));
            }
            EntryCode::PassWithdrawn if self.decided_by == Some(DecidedBy::Guard) => {
                "This pass was withdrawn: an admin of the society took it back."
            }
            EntryCode::PassWithdrawn => "This pass was withdrawn: a resident of the flat took it back.",
            EntryCode::PassTurnedAway => "This pass was turned away at the gate.",
            EntryCode::InviterMovedOut => {
                "This pass counts no longer: who made it does not live in the flat any more. Log the visitor, so that \
                 the flat is asked."
            }
            EntryCode::VisitorCleared => {
                "This visitor was cleared from the list. Log them again, so that the flat is asked."
            }
        };
        Some(sentence.to_owned())
    }
}

/// A time in hours, from two days on in days.
fn in_words(hours: i64) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        0..48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

/// Whether the gate may let a visitor in now who was accepted, or has a pass.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(from = "Verdict")]
pub struct Entry {
    /// Whether they may come in: at once where they were accepted, by the guard's approval where a pass is pending.
    allowed: bool,
    /// Why not.
    code: Option<EntryCode>,
    /// The same for a guard, with what to do.
    reason: Option<String>,
}

impl From<Verdict> for Entry {
    fn from(verdict: Verdict) -> Self {
        Self { allowed: verdict.code.is_none(), code: verdict.code, reason: verdict.sentence() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Verdict};

    fn entry(verdict: &str) -> Entry {
        serde_json::from_str(verdict).unwrap()
    }

    /// The oldest yes is told in days, a late one in hours, and both say what to do.
    #[test]
    fn an_old_yes_says_how_old_and_what_to_do() {
        for (hours, age) in [(12, "12 hours"), (47, "47 hours"), (48, "2 days"), (60 * 24 + 5, "60 days")] {
            let verdict = format!(
                r#"{{"code": "ACCEPTANCE_EXPIRED", "decided_by": "resident", "accepted_hours_ago": {hours}}}"#
            );
            let reason = entry(&verdict).reason.unwrap();
            assert!(reason.contains(&format!("yes of {age} ago")), "{reason}");
            assert!(reason.ends_with("Log the visitor again, so that the flat is asked."), "{reason}");
        }
    }

    #[test]
    fn who_may_come_in_needs_no_reason() {
        let verdict = r#"{"code": null, "decided_by": null, "accepted_hours_ago": null}"#;
        let entry = entry(verdict);
        assert!(entry.allowed && entry.code.is_none() && entry.reason.is_none(), "{entry:?}");
        let verdict: Verdict = serde_json::from_str(verdict).unwrap();
        assert!(verdict.refusal(serde_json::Value::Null).is_none());
    }
}
