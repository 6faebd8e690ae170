//! Telemetry on its way to a sink: accepted at once, written in batches, and counted when lost.

mod buffer;
mod flusher;

use cds_model::TelemetryEntry;

use crate::Error;

pub use buffer::{BATCH_SIZE, QUEUE_CAPACITY, TelemetryBuffer};
pub use flusher::{FlushOutcome, TelemetryFlusher};

/// A destination for telemetry.
pub trait TelemetrySink: Send {
    /// Writes `entries` in order, all or none.
    ///
    /// # Errors
    ///
    /// If none of them is written; they may come again, followed by others.
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error>;

    /// Called between batches, for other periodic work; it must be quick.
    fn pause(&mut self) {}
}
