//! The rows of a file, read as far as they can be, and what is wrong with the others.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Serialize;
use shared::{
    input::{Problem, ProblemCode},
    text::{PersonName, Phone, ShortText},
};
use utoipa::ToSchema;

use super::columns::{Column, HEADER, Lives, column, role};

/// Rows that a file has at most.
pub(super) const MOST: usize = 10_000;
/// Columns that it has at most.
const COLUMNS: usize = 100;

/// A flat, and one who lives there, as a row says.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    line: u64,
    complex: Option<String>,
    block: String,
    flat_number: String,
    unit_type: Option<String>,
    bhk: Option<String>,
    square_feet: Option<i32>,
    parking_slots: Option<i32>,
    name: Option<String>,
    /// Nobody lives there where it is not said.
    phone: Option<Phone>,
    role: &'static str,
}

/// What is wrong with a cell.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BadCell {
    /// The line of the file; the header is line 1.
    line: u64,
    /// The column, as the file calls it or as it should.
    column: String,
    /// Why it cannot be read.
    problem: String,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) rows: Vec<Row>,
    pub(super) bad: Vec<BadCell>,
    /// Lines that something is wrong with.
    pub(super) bad_rows: usize,
    /// Columns that say nothing here.
    pub(super) ignored: Vec<String>,
}

/// Reads a file, or says why it is none.
pub(super) fn read(text: &str) -> Result<File, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|sign| first.bytes().filter(|b| b == sign).count());
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(|_| no_file("it must be CSV with a header"))?.clone();
    if names.len() > COLUMNS {
        return Err(no_file("it must have at most 100 columns"));
    }
    let header = Header::read(&names)?;
    let mut file = File { rows: Vec::new(), bad: Vec::new(), bad_rows: 0, ignored: header.ignored.clone() };
    let mut seen = HashMap::new();
    for (place, record) in reader.records().enumerate() {
        if place == MOST {
            return Err(no_file("it must have at most 10,000 rows; please split it"));
        }
        let record = record.map_err(|_| no_file("it must be CSV with a header"))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut cells = Cells { header: &header, record: &record, line, bad: Vec::new() };
        let row = cells.row();
        if let Some(row) = &row {
            cells.is_the_only_one(row, &mut seen);
        }
        file.bad_rows += usize::from(!cells.bad.is_empty());
        match row.filter(|_| cells.bad.is_empty()) {
            Some(row) => file.rows.push(row),
            None => file.bad.append(&mut cells.bad),
        }
    }
    if file.rows.is_empty() && file.bad.is_empty() {
        return Err(no_file("it has no rows below its header"));
    }
    Ok(file)
}

fn no_file(why: &str) -> Problem {
    Problem::new(ProblemCode::WrongFormat, why)
        .of("csv")
        .saying(format!("The file cannot be imported: {why}."))
}

/// Where each column stands.
struct Header {
    places: HashMap<&'static str, usize>,
    names: StringRecord,
    ignored: Vec<String>,
}

impl Header {
    fn read(names: &StringRecord) -> Result<Self, Problem> {
        let mut header = Self { places: HashMap::new(), names: names.clone(), ignored: Vec::new() };
        for (place, name) in names.iter().enumerate() {
            match column(name) {
                // The first of two names wins: exports repeat some.
                Some(column) if !header.places.contains_key(own_name(column)) => {
                    header.places.insert(own_name(column), place);
                }
                _ => header.ignored.push(name.chars().take(120).collect()),
            }
        }
        if !header.places.contains_key(own_name(Column::Flat)) {
            return Err(no_file(
                "its first line must name the columns, such as block, flat_number, name and phone",
            ));
        }
        Ok(header)
    }

    fn name(&self, column: Column) -> String {
        let own = own_name(column);
        self.places
            .get(own)
            .and_then(|place| self.names.get(*place))
            .unwrap_or(own)
            .chars()
            .take(120)
            .collect()
    }
}

fn own_name(column: Column) -> &'static str {
    HEADER.iter().find(|(own, _)| *own == column).map_or("", |(_, name)| name)
}

/// The cells of one row, and what is wrong with them.
struct Cells<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    line: u64,
    bad: Vec<BadCell>,
}

impl Cells<'_> {
    fn row(&mut self) -> Option<Row> {
        let (block, flat_number) = self.flat();
        let (complex, unit_type, bhk) =
            (self.text(Column::Complex), self.text(Column::UnitType), self.text(Column::Bhk));
        let square_feet = self.whole(Column::SquareFeet, 1..=1_000_000);
        let parking_slots = self.whole(Column::ParkingSlots, 0..=1000);
        let lives = self.lives();
        let name =
            self.cell(Column::Name).map(str::to_owned).and_then(|name| match PersonName::parse(&name) {
                Ok(name) => Some(name.as_str().to_owned()),
                Err(problem) => self.note(Column::Name, problem.problem()),
            });
        let phone = self.cell(Column::Phone).map(str::to_owned).and_then(|phone| {
            Phone::parse(&phone).or_else(|| {
                self.note(Column::Phone, "must be a phone number such as +919876543210 or 9876543210")
            })
        });
        let lives_there = lives != Some(Lives::Nobody);
        if lives_there && name.is_some() && phone.is_none() && self.cell(Column::Phone).is_none() {
            let _: Option<()> = self.note(Column::Phone, "is required where a name is said");
        }
        let role = match lives {
            Some(Lives::As(role)) => role,
            Some(Lives::Nobody) | None => "owner",
        };
        let (name, phone) = if lives_there { (name, phone) } else { (None, None) };
        let (block, flat_number) = (block?, flat_number?);
        Some(Row {
            line: self.line,
            complex,
            block,
            flat_number,
            unit_type,
            bhk,
            square_feet,
            parking_slots,
            name,
            phone,
            role,
        })
    }

    /// The block and the number; where no column names blocks, both stand in one cell, such as `A-101` or `Tower 2 / 1203`.
    fn flat(&mut self) -> (Option<String>, Option<String>) {
        if self.header.places.contains_key(own_name(Column::Block)) {
            return (self.required(Column::Block), self.required(Column::Flat));
        }
        let Some(both) = self.required(Column::Flat) else { return (None, None) };
        let parts = both
            .rsplit_once(['-', '/', ' '])
            .map(|(block, flat)| (block.trim_end_matches(['-', '/', ' ']).to_owned(), flat.to_owned()));
        match parts {
            Some((block, flat)) if !block.is_empty() && !flat.is_empty() => (Some(block), Some(flat)),
            _ => (
                None,
                self.note(Column::Flat, "must name the block as well, such as A-101, where no column does"),
            ),
        }
    }

    fn lives(&mut self) -> Option<Lives> {
        let text = self.cell(Column::Role)?.to_owned();
        role(&text).or_else(|| self.note(Column::Role, "must be owner, tenant or other"))
    }

    fn whole(&mut self, column: Column, range: std::ops::RangeInclusive<i32>) -> Option<i32> {
        let text = self.cell(column)?.replace(',', "");
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.or_else(|| {
            self.note(column, format!("must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    fn required(&mut self, column: Column) -> Option<String> {
        if self.cell(column).is_none() {
            return self.note(column, "is required");
        }
        self.text(column)
    }

    fn text(&mut self, column: Column) -> Option<String> {
        let text = self.cell(column)?.to_owned();
        match ShortText::parse(&text) {
            Ok(text) => Some(text.as_str().to_owned()),
            Err(problem) => self.note(column, problem.problem()),
        }
    }

    /// What stands in a column, without the sign that keeps a table program from computing it; nothing where it is blank.
    fn cell(&self, column: Column) -> Option<&str> {
        let place = self.header.places.get(own_name(column))?;
        let text = self.record.get(*place)?.trim();
        let text = text.strip_prefix('\'').filter(|rest| computes(rest)).unwrap_or(text);
        (!text.is_empty()).then_some(text)
    }

    fn note<T>(&mut self, column: Column, problem: impl Into<String>) -> Option<T> {
        self.bad.push(BadCell { line: self.line, column: self.header.name(column), problem: problem.into() });
        None
    }

    /// Notes a row that says of somebody in a flat what an earlier one said.
    fn is_the_only_one(&mut self, row: &Row, seen: &mut HashMap<[String; 4], u64>) {
        let Some(phone) = &row.phone else { return };
        let complex = row.complex.clone().unwrap_or_default();
        let key = [complex, row.block.clone(), row.flat_number.clone()].map(|text| text.to_lowercase());
        let [complex, block, flat] = key;
        if let Some(before) = seen.insert([complex, block, flat, phone.as_str().to_owned()], self.line) {
            let _: Option<()> =
                self.note(Column::Phone, format!("stands in line {before} for this flat already"));
        }
    }
}

/// Whether a table program would take the cell for a formula (OWASP, CSV injection).
pub(super) fn computes(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
