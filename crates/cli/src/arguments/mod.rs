//! Groups of arguments that several commands share: what the user typed, and what it was decided to mean.

mod accounts;
mod database;
mod duplicates;
mod gate;
mod history;
mod intents;
mod result;
mod source;
mod transfer;
mod values;

pub(crate) use accounts::{AccountPlan, ProjectArguments, TrackingArguments, parse_ledger_id};
pub(crate) use database::{DatabaseArguments, DatabasePlan, LockArguments, check_is_path};
pub(crate) use duplicates::{DupFormat, DupResultArguments, Limit, SearchArguments, parse_ratio};
pub(crate) use gate::{GateArguments, JudgementArguments};
pub(crate) use history::HistoryArguments;
pub(crate) use intents::{IntentArguments, IntentPlan};
pub(crate) use result::{ResultArguments, ResultFormat, SCHEMA_VERSION, write_object};
pub(crate) use source::{SourceArguments, SourcePlan};
pub(crate) use transfer::{ArchivePlan, SelectionArguments, StateArguments, peer_of, real_path};
pub(crate) use values::{parse_duration, parse_note, parse_notes};
