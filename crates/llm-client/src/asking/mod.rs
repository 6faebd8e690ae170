//! The engine that asks about many records: what is asked, when it is sent, and how failures are handled.
//!
//! Everything runs in one task: `run` is the only loop, and each other module makes one kind of decision without
//! waiting. Time comes from tokio, so a test can pause and advance it.

mod answers;
mod concurrency;
mod context;
mod outcomes;
mod pacing;
mod questions;
mod recall;
mod replies;
mod report;
mod run;
mod spending;

pub use concurrency::Concurrency;
pub use context::{AnswerStore, EnrichContext, EnrichOptions, NoStore, Preflight, StopSignal, StopSwitch};
pub use questions::Forecast;
pub use recall::Recalled;
pub use report::{
    CallFailure, CallReport, Decision, Ending, Enrichment, FailedRecord, FailureGroup, Left, Place, SkipCondition,
};
pub use spending::Budget;

pub(crate) use questions::forecast;
pub(crate) use recall::recall;
pub(crate) use run::run;
