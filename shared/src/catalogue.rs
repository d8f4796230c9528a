//! What is known of an endpoint beside its description: whose call it is, what has to be there before, what each of
//! twelve people is answered, what its examples show, and what a run of the Postman collection keeps of it.
//!
//! Each function says it once, in its `catalogue`. The table of permissions, the sample events, the examples of the API
//! reference and the Postman collection are made from that; the path and the body that they send are those of the
//! reference. Nothing of this runs on Lambda.

pub use serde_json::{Value, json};

/// Stands in examples for the id of something that has to be made first; the demo society has none.
pub const EXAMPLE_ID: &str = "01990a3b-5c00-7000-8000-000000000001";
/// Stands in examples for the QR id of a pass.
pub const QR_CODE: &str = "0b8f6c1e-2d4a-4c57-9a3e-7f1d2c3b4a59";
/// Stands in examples for the access code of a pass.
pub const ACCESS_CODE: &str = "K7PQ2M";
/// Stands in examples for the token of a decision link, which only the dispatcher can make.
pub const LINK_TOKEN: &str = "LINK_TOKEN";

/// Stands in examples for a name that nothing has yet.
pub const NEW_NAME: &str = "Jasmine";
/// Stands in examples for a language in which there is no text yet.
pub const NEW_LANGUAGE: &str = "gu_IN";

/// Those who try every endpoint, on things of flat 101 of block A of the society Green Acres. Whose name begins with
/// `blue` belongs to another society, a neighbour to another flat, the far one to another block.
pub const PEOPLE: [&str; 12] = [
    "guard",
    "resident",
    "spouse",
    "neighbour",
    "far neighbour",
    "admin",
    "block admin",
    "super admin",
    "blue guard",
    "blue resident",
    "blue admin",
    "stranger",
];

/// The status that each of [`PEOPLE`] is answered.
pub type Answers = [u16; 12];

/// Everybody is answered.
pub const ANYONE: Answers = [200; 12];

/// Whose call an endpoint is first of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// The guard at the gate.
    Guard,
    /// The first resident of flat 101.
    Resident,
    /// The admin of the society.
    Admin,
    /// The admin of everything.
    SuperAdmin,
    /// Somebody else each time, without a role.
    Newcomer,
}

/// What another endpoint has made before.
#[derive(Clone, Debug)]
pub struct Given {
    /// The operation that makes it.
    pub by: &'static str,
    /// Where its answer names it, as a JSON pointer, and what stands for that in the example; `None` where it only has to
    /// be there.
    pub named: Option<(&'static str, &'static str)>,
}

/// What a field shows in the examples of one endpoint alone.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The status of the answer; empty for the request.
    pub status: &'static str,
    /// The field.
    pub field: &'static str,
    /// What it holds.
    pub value: Value,
}

/// An endpoint, by the name of its operation. A second path of it is the same one.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The operation, which is the handler's name.
    pub operation: &'static str,
    /// Whose call it is.
    pub caller: Person,
    /// What is there before.
    pub given: Option<Given>,
    /// What the table of permissions asks for that the example of the reference leaves out.
    pub query: &'static str,
    /// What it sends in place of the example's body.
    pub body: Option<Value>,
    /// What each person is answered.
    pub answers: Answers,
    /// What fields show here alone.
    pub shown: Vec<Shown>,
    /// A field that the example leaves out, since another one stands in for it.
    pub left_out: Option<&'static str>,
    /// What a run of the Postman collection keeps of the answer's `data`: variable, and JavaScript for its value.
    pub kept: Vec<(&'static str, &'static str)>,
    /// What a guard and a resident are answered in such a run where it has not what was given to [`PEOPLE`]: a status, or
    /// JavaScript that answers one.
    pub in_a_run: Option<(&'static str, &'static str)>,
}

impl Entry {
    /// A guard's call that needs nothing and that everybody is answered.
    pub fn of(operation: &'static str) -> Self {
        Self {
            operation,
            caller: Person::Guard,
            given: None,
            query: "",
            body: None,
            answers: ANYONE,
            shown: Vec::new(),
            left_out: None,
            kept: Vec::new(),
            in_a_run: None,
        }
    }

    /// It is this person's call.
    pub fn by(self, caller: Person) -> Self {
        Self { caller, ..self }
    }

    /// Another operation is called before.
    pub fn after(self, by: &'static str) -> Self {
        Self { given: Some(Given { by, named: None }), ..self }
    }

    /// The same, and what its answer names at `pointer` takes the place of `example`.
    pub fn after_as(self, by: &'static str, pointer: &'static str, example: &'static str) -> Self {
        Self { given: Some(Given { by, named: Some((pointer, example)) }), ..self }
    }

    /// The same, of the id in the example.
    pub fn after_id(self, by: &'static str, pointer: &'static str) -> Self {
        self.after_as(by, pointer, EXAMPLE_ID)
    }

    /// The table asks with this query.
    pub fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    /// The table sends this body.
    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// What each of [`PEOPLE`] is answered.
    pub fn answers(self, answers: Answers) -> Self {
        Self { answers, ..self }
    }

    /// The example of the request holds this.
    pub fn sends(mut self, field: &'static str, value: Value) -> Self {
        self.shown.push(Shown { status: "", field, value });
        self
    }

    /// Examples of answers with these statuses hold this in each of these fields.
    pub fn shows(mut self, statuses: &[&'static str], fields: &[&'static str], value: &Value) -> Self {
        for status in statuses {
            self.shown.extend(fields.iter().map(|field| Shown { status, field, value: value.clone() }));
        }
        self
    }

    /// The example of the request is without this field.
    pub fn without(self, field: &'static str) -> Self {
        Self { left_out: Some(field), ..self }
    }

    /// A run of the Postman collection keeps this of the answer's `data`.
    pub fn keeps(mut self, variable: &'static str, value: &'static str) -> Self {
        self.kept.push((variable, value));
        self
    }

    /// A guard and a resident are answered otherwise there.
    pub fn in_a_run(self, guard: &'static str, resident: &'static str) -> Self {
        Self { in_a_run: Some((guard, resident)), ..self }
    }

    /// The status that the caller is answered.
    pub fn status(&self) -> u16 {
        let column = match self.caller {
            Person::Guard => 0,
            Person::Resident => 1,
            Person::Admin => 5,
            Person::SuperAdmin => 7,
            Person::Newcomer => 11,
        };
        self.answers.get(column).copied().unwrap_or_default()
    }
}
