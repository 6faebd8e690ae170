//! One invocation: how it starts and how it ends.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::{AccountStatus, CodeRef, Fingerprint, StageEnd};
use crate::Timestamp;

/// The identity of an invocation: a UUID. Those that this program creates are version 7, so later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub Uuid);

impl fmt::Display for LedgerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl FromStr for LedgerId {
    type Err = ();

    /// Accepts only the form with hyphens, in either case.
    fn from_str(text: &str) -> Result<Self, ()> {
        parse(text).map(Self)
    }
}

pub(super) fn parse(text: &str) -> Result<Uuid, ()> {
    if text.len() == 36 { Uuid::try_parse(text).map_err(|_| ()) } else { Err(()) }
}

/// What is known about an invocation when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// Its identity; the same id twice is the same invocation.
    pub id: LedgerId,
    /// The project.
    pub subject: String,
    /// Notes from the user; may be empty.
    pub notes: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The command, such as `persist`, without its arguments: an argument may be a secret.
    pub command: String,
    /// The version of this program.
    pub tool_version: String,
    /// The name of the machine; empty if unknown.
    pub host: String,
    /// The process id on that machine.
    pub pid: u32,
    /// The absolute path of the analyzed tree; `None` for commands without one.
    pub root_path: Option<String>,
    /// The commit of that tree.
    pub code_ref: CodeRef,
    /// 32 lower-case hexadecimal digits, as in W3C Trace Context.
    pub trace_id: String,
}

/// The kind of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunRole {
    /// Reads a tree, or is the work of another program; `latest` counts only these.
    #[default]
    Run,
    /// A gate over existing snapshots.
    Check,
    /// Database maintenance: archives, imports, prunes.
    Upkeep,
}

crate::words! {
    RunRole:
        Run = "run",
        Check = "check",
        Upkeep = "upkeep",
}

/// Further details that are known when an invocation begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunDetails {
    /// Its kind.
    pub role: RunRole,
    /// The request as a JSON object without secrets; `None` if unknown.
    pub request: Option<String>,
    /// The invocation counts as alive until this moment; `None` if it holds the writer lock itself, which then decides.
    pub expires_at: Option<Timestamp>,
}

/// A sign of life of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was written.
    pub at: Timestamp,
    /// Records that have an answer so far; `None` before the first question to a model.
    pub answered: Option<u64>,
    /// Records that need an answer.
    pub selected: Option<u64>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The invocation that ended.
    pub id: LedgerId,
    /// Any status except `Running`.
    pub status: AccountStatus,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The number of its snapshot; `None` if it has none, or if the snapshot writes the number itself.
    pub snapshot_id: Option<i64>,
    /// Replaces the existing notes; an empty text keeps them.
    pub notes: String,
    /// Why it failed or was interrupted; one line.
    pub error: Option<String>,
}

/// What a snapshot writes into the accounts, in its own transaction, so that the two always agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotAccount {
    /// The end of the invocation; it gets the status of the snapshot.
    pub run: RunEnd,
    /// The end of the stage that writes the snapshot. Its input is known once the records are hashed.
    pub stage: StageEnd,
    /// The hash over the settings of that stage.
    pub config_hash: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_from_their_text() {
        let text = "019a9f3e-1c2b-7def-8123-456789abcdef";
        assert_eq!(text.parse::<LedgerId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<LedgerId>().unwrap().to_string(), text);
        for wrong in ["", "019a9f3e1c2b7def8123456789abcdef", "{019a9f3e-1c2b-7def-8123-456789abcdef}"] {
            assert_eq!(wrong.parse::<LedgerId>(), Err(()), "{wrong}");
        }
    }
}
