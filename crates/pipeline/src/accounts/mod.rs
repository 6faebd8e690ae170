//! The accounts of one invocation: its row in the ledger, its stages, and its telemetry.
//!
//! An account that cannot be written is a warning, once, and the work goes on: nothing here returns an error once the
//! invocation has started.

pub(crate) mod abandoned;
mod answered;
pub(crate) mod brief;
pub(crate) mod given_id;
mod kept;
mod observer;
pub(crate) mod run;
mod stage;
pub(crate) mod telemetry;
mod turn;

pub use self::brief::OpenAccount;
pub(crate) use self::{
    answered::Answered,
    observer::TelemetryObserver,
    run::Accounts,
    stage::{StageInput, StageReport},
    turn::Turn,
};
