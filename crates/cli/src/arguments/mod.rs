//! Groups of arguments that several commands share: what the user typed, and what it was decided to mean.

mod accounts;
mod asking;
mod database;
mod duplicates;
mod gate;
mod history;
mod intents;
mod result;
mod source;
mod transfer;
mod values;
mod view;

pub(crate) use accounts::{ProjectArguments, TrackingArguments, parse_ledger_id};
pub(crate) use asking::AskingArguments;
pub(crate) use cds_pipeline::{DatabasePlan, IntentPlan, Intents, SourcePlan};
pub(crate) use database::{DatabaseArguments, LockArguments, RunArguments, check_is_path, shown_layout};
pub(crate) use duplicates::{DupFormat, DupResultArguments, SearchArguments, parse_ratio};
pub(crate) use gate::{GateArguments, JudgementArguments, TreeGateArguments};
pub(crate) use history::HistoryArguments;
pub(crate) use intents::IntentArguments;
pub(crate) use result::{ResultArguments, ResultFormat, SCHEMA_VERSION, object, write_object};
pub(crate) use source::{FileArguments, SourceArguments};
pub(crate) use transfer::{ArchivePlan, SelectionArguments, StateArguments, peer_of, real_path};
pub(crate) use values::{parse_duration, parse_note, parse_notes};
pub(crate) use view::{DupView, ViewArguments};
