//! Who lives in a society, and who is to: admins let them in and out.

pub(crate) mod catalogue;
mod list;
mod move_in;
mod move_out;

pub(crate) use self::{list::*, move_in::*, move_out::*};
