//! How a store fails. Below HTTP nobody knows more of it; what a caller is told of it says [`ApiError`](crate::http::ApiError).

use crate::code::ErrorCode;

/// Why a store, or another service that this project calls, did not do what it was asked.
#[derive(Debug)]
pub enum StoreError {
    /// It is away or busy, and a repeat may help; the cause is for the log.
    Unavailable(String),
    /// A defect; the cause is for the log.
    Defect(String),
}

/// What the cause begins with where it is PostgreSQL's; its code follows.
pub(crate) const DATABASE: &str = "database: ";

impl StoreError {
    /// What the operator reads.
    pub fn cause(&self) -> &str {
        let (Self::Unavailable(cause) | Self::Defect(cause)) = self;
        cause
    }

    /// The code for a program.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Defect(_) => ErrorCode::Internal,
        }
    }

    /// PostgreSQL's code, where the error is one of its own.
    pub fn sqlstate(&self) -> Option<&str> {
        let code = self.cause().strip_prefix(DATABASE)?.split(' ').next()?;
        let is_code =
            code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_code.then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_code_alone() {
        let refused = StoreError::Unavailable(format!("{DATABASE}53R01 a room is busy"));
        assert_eq!(refused.sqlstate(), Some("53R01"));
        for cause in ["a statement took too long", "error connecting", ""] {
            assert_eq!(StoreError::Defect(format!("{DATABASE}{cause}")).sqlstate(), None);
        }
        assert_eq!(StoreError::Defect("42501".into()).sqlstate(), None);
    }
}
