//! Making the monthly partitions of visits, audit and messages before their month begins. Rows that came earlier lie in
//! the default partition and move.

use serde::Deserialize;
use shared::sql;

use crate::{Janitor, clean::Work};

/// A partition that is missing.
#[derive(Deserialize)]
struct Missing {
    table_name: String,
    day: String,
}

impl Janitor {
    /// Makes the missing partitions one by one, each worth having where another cannot be made.
    pub(crate) async fn make_partitions(&self) -> Work {
        let missing: Vec<Missing> =
            match self.db.read(sql!("SELECT to_jsonb(m) FROM missing_partitions() m")).await {
                Ok(missing) => missing,
                Err(error) => return Work { rows: 0, problem: Some(error) },
            };
        let mut work = Work::default();
        for Missing { table_name, day } in &missing {
            let make =
                sql!("SELECT to_jsonb(make_partition(:table, :day::text::date))", table = table_name, day);
            match self.db.read_one(make).await {
                Ok(made) => work.rows += i64::from(made == Some(true)),
                Err(error) => work.problem = work.problem.or(Some(error)),
            }
        }
        work
    }
}
