//! The tables of what was measured.

use stack::Progress;
use std::{fs, path::Path, time::Duration};

use super::{Measured, SIZES, Timed, system::System};
use crate::{Error, measure};

/// What everything is a multiple of.
pub(super) const SIMPLE_UPDATE: &str = "pgbench's simple update";

/// Writes the tables: what requests cost here, and where another checkout was measured, too, what they cost there.
pub(super) fn write(checkout: &Path, measured: &[Measured], progress: Progress) -> Result<(), Error> {
    let Some(here) = measured.last() else { return Ok(()) };
    let rounds = here.simple.len();
    let spread = format!("The median of {rounds} rounds, in brackets the least and the most.");
    let tables = format!("{} {spread}\n\n{}\n{}", here.machine, costs(here), times(here));
    measure::write_between(checkout, "bench", &tables, progress)?;
    match measured {
        [before, here] => {
            measure::write_between(checkout, "bench --against", &comparison(before, here), progress)
        }
        _ => Ok(()),
    }
}

/// Where and of what figures are.
pub(super) async fn machine(system: &System) -> Result<String, Error> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let model = model.unwrap_or("a CPU without a name").trim();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let version: String = system.db.query_one("SHOW server_version", &[]).await?.try_get(0)?;
    Ok(format!("{model}, {cores} cores, PostgreSQL {version}, commit {}.", system.commit))
}

fn costs(here: &Measured) -> String {
    let mut table = String::from(
        "| Request | PostgreSQL's CPU, against the simple update | PostgreSQL's CPU, ms | Function's CPU, ms | Round trips | Statements | Buffers | WAL, bytes |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (endpoint, count) in &here.counts {
        let (multiples, postgres, function) = if *endpoint == SIMPLE_UPDATE {
            (vec![1.0], here.simple.clone(), Vec::new())
        } else {
            (
                here.multiples(endpoint),
                here.figures(endpoint, 1, |timed| timed.postgres),
                here.figures(endpoint, 1, |timed| timed.function),
            )
        };
        table.push_str(&format!(
            "| {} | {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} |\n",
            name(endpoint),
            spread(&multiples, 1),
            spread(&postgres, 2),
            spread(&function, 2),
            count.round_trips,
            count.statements,
            count.buffers,
            count.wal
        ));
    }
    table
}

fn times(here: &Measured) -> String {
    let mut table = String::from("| Request |");
    for size in SIZES {
        let callers =
            if size.callers == 1 { "1 caller".to_owned() } else { format!("{} callers", size.callers) };
        table.push_str(&format!(" {callers}: requests a second | p50, ms | p99, ms |"));
    }
    table.push_str("\n|---|---|---|---|---|---|---|---|---|---|\n");
    for endpoint in here.endpoints() {
        table.push_str(&format!("| {} |", name(endpoint)));
        for size in SIZES {
            let of = |figure: fn(&Timed) -> f64| here.figures(endpoint, size.callers, figure);
            table.push_str(&format!(
                " {} | {} | {} |",
                spread(&of(|timed| timed.rate), 0),
                spread(&of(|timed| milliseconds(timed.p50)), 1),
                spread(&of(|timed| milliseconds(timed.p99)), 1)
            ));
        }
        table.push('\n');
    }
    table.push_str("\n| The ring, from the guard's request | p50, ms | p99, ms |\n|---|---|---|\n");
    for (way, place) in WAYS {
        let of = |place: usize| here.ring(place);
        table.push_str(&format!("| {way} | {} | {} |\n", spread(&of(place), 1), spread(&of(place + 1), 1)));
    }
    table
}

/// The ways of a ring, and where their medians stand.
const WAYS: [(&str, usize); 2] =
    [("to the frame of the resident's app", 0), ("to the push for another phone", 2)];

fn comparison(before: &Measured, here: &Measured) -> String {
    let mut table = format!(
        "Commit {} before, commit {} here, in turn in one run; medians of {} rounds.\n\n",
        before.commit,
        here.commit,
        here.simple.len()
    );
    table.push_str(
        "| Request | PostgreSQL's CPU, against the simple update: before | here | Function's CPU, ms: before | here | Requests a second of 1, 8, 32 callers: before | here | here against before | p50 of 1 caller, ms: before | here |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for endpoint in here.endpoints() {
        let both = [before, here];
        let multiples = both.map(|one| median(&one.multiples(endpoint)));
        let functions = both.map(|one| median(&one.figures(endpoint, 1, |timed| timed.function)));
        let p50 = both.map(|one| median(&one.figures(endpoint, 1, |timed| milliseconds(timed.p50))));
        let rates = SIZES
            .map(|size| both.map(|one| median(&one.figures(endpoint, size.callers, |timed| timed.rate))));
        let joined = |figures: Vec<String>| figures.join(", ");
        table.push_str(&format!(
            "| {} | {:.1} | {:.1} | {:.2} | {:.2} | {} | {} | {} | {:.1} | {:.1} |\n",
            name(endpoint),
            multiples[0],
            multiples[1],
            functions[0],
            functions[1],
            joined(rates.iter().map(|rate| format!("{:.0}", rate[0])).collect()),
            joined(rates.iter().map(|rate| format!("{:.0}", rate[1])).collect()),
            joined(rates.iter().map(|rate| format!("{:.1}", rate[1] / rate[0])).collect()),
            p50[0],
            p50[1]
        ));
    }
    table.push_str("\n| The ring, from the guard's request | p50, ms: before | here | here against before | p99, ms: before | here |\n|---|---|---|---|---|---|\n");
    for (way, place) in WAYS {
        let of = |one: &Measured, place: usize| median(&one.ring(place));
        let (old, new) = (of(before, place), of(here, place));
        let (late, later) = (of(before, place + 1), of(here, place + 1));
        table.push_str(&format!(
            "| {way} | {old:.1} | {new:.1} | {:.2} | {late:.1} | {later:.1} |\n",
            new / old
        ));
    }
    table
}

impl Measured {
    /// Endpoints in the order of the day.
    fn endpoints(&self) -> impl Iterator<Item = &'static str> {
        self.counts.iter().map(|(endpoint, _)| *endpoint).filter(|endpoint| *endpoint != SIMPLE_UPDATE)
    }

    fn figures(&self, endpoint: &'static str, callers: usize, figure: impl Fn(&Timed) -> f64) -> Vec<f64> {
        self.timed.get(&(endpoint, callers)).into_iter().flatten().map(figure).collect()
    }

    /// PostgreSQL's CPU in simple updates of the same round.
    fn multiples(&self, endpoint: &'static str) -> Vec<f64> {
        let postgres = self.figures(endpoint, 1, |timed| timed.postgres);
        postgres.iter().zip(&self.simple).map(|(postgres, simple)| postgres / simple).collect()
    }

    fn ring(&self, place: usize) -> Vec<f64> {
        self.rings.iter().filter_map(|ring| ring.get(place).copied()).map(milliseconds).collect()
    }
}

fn name(endpoint: &str) -> String {
    if endpoint == SIMPLE_UPDATE { endpoint.to_owned() } else { format!("`{endpoint}`") }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The median, and in brackets the least and the most where there are others.
fn spread(figures: &[f64], digits: usize) -> String {
    let (least, most) = figures
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), figure| (least.min(*figure), most.max(*figure)));
    match figures.len() {
        0 => String::new(),
        1 => format!("{:.digits$}", median(figures)),
        _ => format!("{:.digits$} ({least:.digits$}–{most:.digits$})", median(figures)),
    }
}

/// How many times one figure another is.
pub(super) fn ratio(figure: f64, against: f64) -> String {
    if against > 0.0 { format!("{:.2}", figure / against) } else { String::new() }
}

pub(super) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_between_the_least_and_the_most() {
        assert_eq!(spread(&[3.0, 1.0, 2.04], 1), "2.0 (1.0–3.0)");
        assert_eq!(spread(&[1.5], 2), "1.50");
        assert_eq!(spread(&[], 2), "");
    }
}
