//! The budget of every endpoint: what of its cost can be counted may not be more, `local/budgets.json`. The test
//! `round_trips` holds every endpoint to it, `cargo dev bench --budget` writes it anew, for a reviewer to see.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};
use stack::Progress;

use crate::{Error, measure::Cost};

const FILE: &str = "local/budgets.json";
const BUDGETS: &str = include_str!("../../budgets.json");
/// What a figure may be more than when the budget was written: where rows lie on pages is not the same every time.
const ROOM: f64 = 1.25;
/// Budgets are whole numbers of these.
const BUFFERS: u64 = 10;
const WAL: u64 = 100;

/// The most that an endpoint may cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Budget {
    round_trips: u64,
    statements: u64,
    buffers: u64,
    wal: u64,
}

impl Budget {
    fn of(cost: &Cost) -> Self {
        let room = |figure: u64, unit: u64| ((figure as f64 * ROOM / unit as f64).ceil() as u64) * unit;
        Self {
            round_trips: cost.round_trips,
            statements: cost.statements,
            buffers: room(cost.buffers, BUFFERS),
            wal: room(cost.wal, WAL),
        }
    }
}

/// What is over its budget, has none, or is a budget of nothing, a sentence each.
///
/// # Errors
/// The budgets cannot be read.
pub fn broken(costs: &[Cost]) -> Result<Vec<String>, Error> {
    let budgets = serde_json::from_str(BUDGETS).map_err(|error| Error::Failed(format!("{FILE}: {error}")))?;
    Ok(compare(&budgets, costs))
}

fn compare(budgets: &BTreeMap<String, Budget>, costs: &[Cost]) -> Vec<String> {
    let mut broken = Vec::new();
    for cost in costs {
        let Some(budget) = budgets.get(&cost.endpoint) else {
            broken.push(format!("{} has no budget", cost.endpoint));
            continue;
        };
        for (what, spent, most) in [
            ("round trips", cost.round_trips, budget.round_trips),
            ("statements", cost.statements, budget.statements),
            ("buffers", cost.buffers, budget.buffers),
            ("bytes of WAL", cost.wal, budget.wal),
        ] {
            if spent > most {
                broken.push(format!("{} takes {spent} {what}, {most} is its budget", cost.endpoint));
            }
        }
    }
    let is_counted = |endpoint: &&String| costs.iter().any(|cost| cost.endpoint == **endpoint);
    let of_nothing = budgets.keys().filter(|endpoint| !is_counted(endpoint));
    broken.extend(of_nothing.map(|endpoint| format!("{endpoint} has a budget and is not counted")));
    broken
}

/// Writes the budgets that these costs need.
pub(crate) fn write(checkout: &Path, costs: &[Cost], progress: Progress) -> Result<(), Error> {
    let lines: Vec<String> = costs
        .iter()
        .map(|cost| {
            format!("  {}: {}", serde_json::json!(cost.endpoint), serde_json::json!(Budget::of(cost)))
        })
        .collect();
    let path = checkout.join(FILE);
    fs::write(&path, format!("{{\n{}\n}}\n", lines.join(",\n"))).map_err(Error::path(&path))?;
    progress.say(format_args!("Written: {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(endpoint: &str, buffers: u64) -> Cost {
        Cost { endpoint: endpoint.to_owned(), round_trips: 2, statements: 2, buffers, wal: 40 }
    }

    #[test]
    fn what_costs_more_than_its_budget_is_named() {
        let budget = Budget::of(&cost("GET /a", 31));
        assert_eq!(budget, Budget { round_trips: 2, statements: 2, buffers: 40, wal: 100 });
        let budgets = BTreeMap::from([("GET /a".to_owned(), budget)]);
        assert_eq!(compare(&budgets, &[cost("GET /a", 40)]), [""; 0]);
        assert_eq!(compare(&budgets, &[cost("GET /a", 41)]), ["GET /a takes 41 buffers, 40 is its budget"]);
        let others = compare(&budgets, &[cost("GET /b", 1)]);
        assert_eq!(others, ["GET /b has no budget", "GET /a has a budget and is not counted"]);
    }
}
