//! The stages of a run, each with its account: analyze, build, enrich, persist.

mod enrich;
pub(crate) mod fingerprint;
mod keep;
mod persist;
mod recall;
mod records;

pub use self::{
    enrich::enrich,
    keep::keep,
    records::{Found, find_records},
};
pub(crate) use self::{
    persist::persist,
    recall::recall,
    records::{AnalyzeStage, find_records_in},
};

/// What a stage lacks in its result, with the first or most frequent reason.
fn missing(count: usize, what: &str, reason: Option<&str>) -> Option<String> {
    let reason = reason.unwrap_or("no reason is known");
    match count {
        0 => None,
        1 => Some(format!("1 {what}: {reason}")),
        _ => Some(format!("{count} {what}s, among them: {reason}")),
    }
}
