//! A society and its places, from the society down to the flats, and what it decides for itself.

mod blocks;
pub(crate) mod catalogue;
mod complexes;
mod flats;
mod policies;
mod societies;
mod steps;

pub(crate) use self::{blocks::*, complexes::*, flats::*, policies::*, societies::*, steps::*};
