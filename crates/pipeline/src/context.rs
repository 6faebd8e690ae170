//! What the work needs of the program around it.

use std::sync::Arc;

use cds_model::{LedgerId, Timestamp};
use uuid::Uuid;

use crate::{Interrupt, Reporter};

/// Who works, who watches, and what may end the work; every clone is the same.
#[derive(Clone)]
pub struct Context {
    /// What the process knows of itself.
    pub process: Process,
    /// Who shows what happens.
    pub reporter: Arc<dyn Reporter>,
    /// What may end the work early.
    pub interrupt: Interrupt,
}

/// What a process knows of itself, of its machine and of the moment.
#[derive(Debug, Clone)]
pub struct Process {
    /// The time of day.
    pub now: fn() -> Timestamp,
    /// A new UUID; one of version 7 makes ids of accounts grow with time.
    pub new_id: fn() -> Uuid,
    /// The name of the machine; empty where it is not known.
    pub host: String,
    /// The number of the process.
    pub pid: u32,
    /// The W3C trace that the invocation belongs to.
    pub trace_id: String,
}

impl Process {
    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// An id for an invocation that was given none.
    pub fn new_ledger_id(&self) -> LedgerId {
        LedgerId((self.new_id)())
    }
}
