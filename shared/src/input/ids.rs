use serde_json::Value;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type, schema::ArrayBuilder};
use uuid::Uuid;

use super::{FromField, Problem, ProblemCode};

/// Ids of several things, for what is done to all of them at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(pub Vec<Uuid>);

impl Ids {
    /// The most at once: a page of a list.
    const MOST: usize = 100;
}

crate::schema!(
    Ids,
    "Ids",
    ArrayBuilder::new()
        .items(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        )
        .min_items(Some(1))
        .max_items(Some(Self::MOST))
);

impl FromField for Ids {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let ids =
            value.as_array().ok_or_else(|| Problem::new(ProblemCode::WrongType, "must be a list of ids"))?;
        if ids.is_empty() || ids.len() > Self::MOST {
            let problem = format!("must have from 1 to {} ids", Self::MOST);
            return Err(Problem::new(ProblemCode::OutOfRange, problem));
        }
        ids.iter()
            .map(Uuid::from_field)
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|_| Problem::new(ProblemCode::WrongFormat, "must have UUIDs only"))
    }
}
