//! Telemetry on its way to wherever it is kept: taken at once, written in batches, and counted when it is lost.

mod buffer;
mod flusher;

use cds_model::TelemetryEntry;

use crate::Error;

pub use buffer::{BATCH_SIZE, QUEUE_CAPACITY, TelemetryBuffer};
pub use flusher::{FlushOutcome, TelemetryFlusher};

/// Where telemetry is kept.
pub trait TelemetrySink: Send {
    /// Writes `entries` in their order, all or none.
    ///
    /// # Errors
    ///
    /// None of them is written; they may come again, together with others behind them.
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error>;

    /// Called between two batches, for what else is to be done now and then; must not take long.
    fn pause(&mut self) {}
}
