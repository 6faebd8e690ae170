//! The compact layout: writes records so that runs share what is equal, converts databases, and removes what no run
//! needs.
//!
//! `nesting` finds definitions inside of the code of others, `texts` stores code once, and `writer` compares a file
//! with an earlier run of its project.

mod base;
mod buffer;
mod convert;
mod files;
mod nesting;
mod packed;
mod sweep;
mod texts;
mod writer;

pub(super) use self::{
    base::Base,
    buffer::{FileBuffer, Owned, Waiting},
    convert::convert,
    files::FileWriter,
    packed::row_key,
    sweep::sweep,
    writer::{CompactWriter, NewRecord},
};
