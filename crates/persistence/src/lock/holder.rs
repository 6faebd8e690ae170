//! The holder of a lock, as its file describes it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The process that holds a lock or left it behind, as its file describes it.
///
/// The file is not trusted: the texts may be anything within the limits of [`LockHolder::bounded`]. Missing fields are
/// empty, or 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LockHolder {
    /// Its process id on its own machine or in its container; 0 if unknown.
    pub pid: u32,
    /// The name of the machine.
    pub host: String,
    /// The invocation in the ledger; empty for commands that have none.
    pub run_id: String,
    /// The command, such as `persist`.
    pub command: String,
    /// When it took the lock: RFC 3339 in UTC.
    pub started_at: String,
    /// Its current stage.
    pub stage: String,
}

// In bytes, as encoded in JSON. Together with the member names they fit into a block.
const HOST_LIMIT: usize = 255;
const RUN_ID_LIMIT: usize = 64;
const COMMAND_LIMIT: usize = 160;
const STARTED_AT_LIMIT: usize = 40;
const STAGE_LIMIT: usize = 80;

impl LockHolder {
    /// Cuts every text to its limit in a lock file: 255 bytes of JSON for the host, 160 for the command, 80 for the
    /// stage, 64 for the run and 40 for the time.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        cut(&mut self.host, HOST_LIMIT);
        cut(&mut self.run_id, RUN_ID_LIMIT);
        cut(&mut self.command, COMMAND_LIMIT);
        cut(&mut self.started_at, STARTED_AT_LIMIT);
        cut(&mut self.stage, STAGE_LIMIT);
        self
    }
}

/// One line without control characters, such as `process 7 on host-a, since …, command persist, run …, stage build`.
impl fmt::Display for LockHolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            0 => formatter.write_str("a process without a known id")?,
            pid => write!(formatter, "process {pid}")?,
        }
        let fields = [
            (" on ", &self.host),
            (", since ", &self.started_at),
            (", command ", &self.command),
            (", run ", &self.run_id),
            (", stage ", &self.stage),
        ];
        for (name, text) in fields {
            if !text.is_empty() {
                write!(formatter, "{name}{}", text.escape_debug())?;
            }
        }
        Ok(())
    }
}

/// Cuts between characters, so that the text has at most `limit` bytes within the quotes of JSON.
fn cut(text: &mut String, limit: usize) {
    let mut length = 0;
    let end = text.char_indices().find_map(|(at, character)| {
        length += length_in_json(character);
        (length > limit).then_some(at)
    });
    if let Some(end) = end {
        text.truncate(end);
    }
}

const fn length_in_json(character: char) -> usize {
    match character {
        '"' | '\\' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fields_fill_one_line() {
        let mut holder = LockHolder {
            pid: 7,
            host: "host-a".into(),
            run_id: "0197".into(),
            command: "persist".into(),
            started_at: "2026-01-02T03:04:05.678Z".into(),
            stage: "build".into(),
        };
        assert_eq!(
            holder.to_string(),
            "process 7 on host-a, since 2026-01-02T03:04:05.678Z, command persist, run 0197, stage build"
        );
        holder.run_id.clear();
        holder.host = "a\u{1b}[31m\nb\u{202e}c".into();
        assert_eq!(
            holder.to_string(),
            r"process 7 on a\u{1b}[31m\nb\u{202e}c, since 2026-01-02T03:04:05.678Z, command persist, stage build"
        );
        assert_eq!(LockHolder::default().to_string(), "a process without a known id");
    }

    #[test]
    fn texts_are_cut_by_json_length() {
        let check = |text: &str, limit: usize, expected: &str| {
            let mut text = text.to_owned();
            cut(&mut text, limit);
            assert_eq!(text, expected);
        };
        check("abc", 3, "abc");
        check("abc", 2, "ab");
        check("aéb", 2, "a");
        check("\"\"\"", 5, "\"\"");
        check("\u{1}\u{1}", 11, "\u{1}");
        check("", 0, "");
    }
}
