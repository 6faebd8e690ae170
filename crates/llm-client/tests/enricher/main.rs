//! Enriches many records with scripted clients and a paused clock that advances only while something waits.

mod breaker;
mod budget;
mod concurrency;
mod conservation;
mod interruption;
mod progress;
mod retry;
mod reuse;
mod selection;
mod support;
mod telemetry;
