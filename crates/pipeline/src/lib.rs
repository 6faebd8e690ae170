//! From a tree to a snapshot: the stages of a run, their accounts, and what is open while it goes on.
//!
//! [`snapshot::take`] is the whole way; the stages alone are in [`stages`], the lock, the store and the accounts of an
//! invocation in [`Session`]. This crate prints nothing and reads neither arguments nor environment nor the time of day:
//! what it needs of these comes in with [`Context`], and what a reader should know goes out through [`Reporter`]. It
//! writes to any [`Persistence`](cds_persistence::Persistence); accounts are kept where that is an SQLite file.

mod accounts;
mod answers;
pub mod backfill;
mod context;
mod ending;
mod error;
pub mod forecast;
mod interrupt;
mod known;
pub mod not_read;
mod plan;
pub mod preflight;
mod reporter;
mod reuse;
mod session;
pub mod snapshot;
pub mod stages;
pub mod target;
pub mod threads;
pub mod upkeep;
mod warning;
mod writer_lock;

pub use self::{
    accounts::OpenAccount,
    context::{Context, Process},
    ending::Ending,
    error::{Error, TakenId, Unavailable, chain},
    interrupt::Interrupt,
    plan::{AccountPlan, DatabasePlan, IntentPlan, Intents, KeptPlan, Predecessor, SourcePlan},
    reporter::{Event, FileCounts, Reporter},
    session::{RunPlan, Session, note_failed_start},
    warning::Warning,
    writer_lock::WriterLock,
};
