//! Places, as several functions answer them, and a user's home and post.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Timestamp, openapi, vocabulary::OccupancyRole};

/// What `home_of` in the migrations answers: where a user lives and where they stand guard.
#[derive(Debug, Deserialize)]
pub struct Home {
    /// Their flats, the primary one first.
    pub flats: Vec<Flat>,
    /// Their post.
    pub guard: Option<GuardPost>,
}

/// A flat someone lives in now. The first of several is the primary one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Flat {
    /// Id of the occupancy; also under `occupancy_id`.
    pub id: Uuid,
    /// Id of the occupancy.
    pub occupancy_id: Uuid,
    /// `owner`, `tenant` or `other`.
    #[schema(value_type = OccupancyRole)]
    pub occupancy_role: String,
    /// Whether it is their main home.
    pub is_primary: bool,
    /// First day, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub start_date: String,
    /// The flat.
    pub flat_id: Uuid,
    /// Its number.
    pub flat_number: String,
    /// What kind of unit it is.
    pub unit_type: Option<String>,
    /// Bedrooms, hall, kitchen, such as `2.5`.
    pub bhk: Option<String>,
    /// Its block.
    pub block_id: Uuid,
    /// The block's name.
    pub block_name: String,
    /// Its complex.
    pub complex_id: Uuid,
    /// The complex's name.
    pub complex_name: String,
    /// Its society.
    pub society_id: Uuid,
    /// The society's name.
    pub society_name: String,
    /// The society's city.
    pub city: String,
    /// The society's address.
    pub address: Option<String>,
}

/// A guard's active post.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GuardPost {
    /// Id of the post; also under `guard_id`.
    pub id: Uuid,
    /// Id of the post.
    pub guard_id: Uuid,
    /// Always true: inactive posts are not shown.
    #[schema(schema_with = openapi::always_true)]
    pub active: bool,
    /// The society.
    pub society_id: Uuid,
    /// The society's name.
    pub society_name: String,
    /// The society's city.
    pub city: String,
    /// The block they are assigned to.
    pub block_id: Option<Uuid>,
    /// That block's name.
    pub assigned_block_name: Option<String>,
    /// Whether they are on duty now; who has no shifts always is.
    pub on_shift: bool,
    /// Where they stand today.
    pub assignments: Vec<Assignment>,
}

/// Where a guard stands, by days of the society's calendar.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// The gate.
    pub gate_id: Option<Uuid>,
    /// The gate's name.
    pub gate_name: Option<String>,
    /// The block.
    pub block_id: Option<Uuid>,
    /// The block's name.
    pub block_name: Option<String>,
    /// The first day, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub from: String,
    /// The last day, where there is one.
    #[schema(format = Date)]
    pub until: Option<String>,
}

/// A part of a society, which holds blocks.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Complex {
    /// Its id.
    pub id: Uuid,
    /// Its society.
    pub society_id: Uuid,
    /// What it is called.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A part of a complex, which holds flats.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Its id.
    pub id: Uuid,
    /// Its complex.
    pub complex_id: Uuid,
    /// What it is called.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
}
