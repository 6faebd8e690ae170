//! The past of a repository: a snapshot of each of its commits, oldest first.
//!
//! Files come from the object store; nothing is checked out, and nothing of the repository is executed. Each snapshot is
//! a run with an account of its own. What two commits share is read, parsed and asked about once.

mod at;
mod commits;
mod order;
mod past_tree;
mod quiet;
mod run;

pub use self::{
    at::{CommitPlan, CommittedRecords, records_at},
    commits::{CommitQuery, Every, PastCommit, select},
    order::{Todo, to_do},
    past_tree::ReadCounts,
    run::{Asking, BackfillPlan, Backfilled, Outlook, Saved, backfill, look_ahead},
};
