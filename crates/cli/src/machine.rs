//! What this machine and process are called.

use cds_pipeline::Process;
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock;

/// This process, for the accounts.
pub(crate) fn process() -> Process {
    Process { now: clock::now, new_id: new_uuid, host: host_name(), pid: std::process::id(), trace_id: trace_id() }
}

/// The machine's name; empty where the system does not tell.
pub(crate) fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    name
}

/// A new UUID of version 7; a clock before 1970 counts as 1970.
pub(crate) fn new_uuid() -> Uuid {
    let since_epoch = clock::since_epoch();
    Uuid::new_v7(Timestamp::from_unix(NoContext, since_epoch.as_secs(), since_epoch.subsec_nanos()))
}

/// The W3C trace that this invocation belongs to: the one that `TRACEPARENT` names, else a new one.
pub(crate) fn trace_id() -> String {
    let given = std::env::var("TRACEPARENT").ok();
    given.as_deref().and_then(parse_traceparent).unwrap_or_else(|| Uuid::new_v4().simple().to_string())
}

/// The trace id of a header as W3C Trace Context (level 1) defines it; later versions may append fields.
fn parse_traceparent(header: &str) -> Option<String> {
    let mut parts = header.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let has_form = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let has_end = version != "00" || parts.next().is_none();
    (has_form && has_end && version != "ff" && !is_zero(trace) && !is_zero(parent)).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_is_continued() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for header in [
            format!("00-{trace}-00f067aa0ba902b7-01"),
            format!(" 00-{trace}-00f067aa0ba902b7-00\n"),
            format!("01-{trace}-00f067aa0ba902b7-01-what-comes-later"),
        ] {
            assert_eq!(parse_traceparent(&header).as_deref(), Some(trace), "{header}");
        }
        for header in [
            String::new(),
            trace.to_owned(),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        ] {
            assert_eq!(parse_traceparent(&header), None, "{header}");
        }
    }

    #[test]
    fn new_trace_has_valid_form() {
        let header = format!("00-{}-00f067aa0ba902b7-01", Uuid::new_v4().simple());
        assert!(parse_traceparent(&header).is_some());
    }
}
