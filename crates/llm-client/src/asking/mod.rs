//! The engine that asks about many records: what is asked, when it is sent, and how failures are handled.
//!
//! Everything runs in one task: `run` is the only loop, and each other module makes one kind of decision without
//! waiting. Time comes from tokio, so a test can pause and advance it.

mod account;
mod backoff;
mod breaker;
mod budget;
mod call;
mod climb;
mod concurrency;
mod decision;
mod event;
mod forecast;
mod identity;
mod interruption;
mod keeper;
mod options;
mod outcomes;
mod pacing;
mod pause;
mod pending;
mod replies;
mod retry;
mod run;
mod sameness;
mod selection;
mod spending;
mod store;

pub use account::{Ending, Enrichment, FailureGroup, Left};
pub use concurrency::Concurrency;
pub use decision::{Decision, SkipCondition};
pub use event::{CallFailure, CallReport, FailedRecord, Place};
pub use forecast::Forecast;
pub use interruption::{StopSignal, StopSwitch};
pub use options::{EnrichContext, EnrichOptions, Preflight};
pub use spending::Budget;
pub use store::{AnswerStore, NoStore};

pub(crate) use forecast::forecast;
pub(crate) use run::run;
