//! The enrichment of many records, with scripted clients under a clock that stands still until somebody waits.

mod breaker;
mod concurrency;
mod conservation;
mod interruption;
mod progress;
mod retry;
mod reuse;
mod selection;
mod support;
mod telemetry;
