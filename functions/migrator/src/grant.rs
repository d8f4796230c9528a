//! The first super admin, whom nobody can appoint through the API.

use serde::{Deserialize, Serialize};
use shared::{statement, text::Phone};
use tokio_postgres::Client;

use crate::Failure;

/// Somebody who has signed in, as an operator names them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// By Firebase's id of them.
    FirebaseUid(String),
    /// By the number with which they signed in.
    Phone(String),
}

/// Names nobody.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::FirebaseUid(_) => "FirebaseUid(…)",
            Self::Phone(_) => "Phone(…)",
        })
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Granted {
    /// They are a super admin from now on, which is audited.
    Granted,
    /// They were one before.
    Held,
}

/// Makes somebody a super admin.
///
/// # Errors
/// Nobody has signed in as such, or the database is down.
pub async fn grant_super_admin(client: &Client, person: &Person) -> Result<Granted, Failure> {
    let (uid, phone) = match person {
        Person::FirebaseUid(uid) => (Some(uid), None),
        Person::Phone(phone) => (None, Some(Phone::parse(phone).ok_or(Failure::NoPhone)?)),
    };
    let statement = statement!("grant_super_admin.sql", uid, phone);
    let row = client.query_one(statement.sql, statement.values).await?;
    match row.try_get(0)? {
        "granted" => Ok(Granted::Granted),
        "held" => Ok(Granted::Held),
        _ => Err(Failure::Unknown),
    }
}
