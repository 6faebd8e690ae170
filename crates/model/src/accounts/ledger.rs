//! One invocation: its start and its one end.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::{AccountStatus, CodeRef, Fingerprint, StageEnd};
use crate::Timestamp;

/// The identity of an invocation: a UUID, version 7 where we make it, so that later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub Uuid);

impl fmt::Display for LedgerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl FromStr for LedgerId {
    type Err = ();

    /// Takes the form with hyphens only, in either case.
    fn from_str(text: &str) -> Result<Self, ()> {
        parse(text).map(Self)
    }
}

pub(super) fn parse(text: &str) -> Result<Uuid, ()> {
    if text.len() == 36 { Uuid::try_parse(text).map_err(|_| ()) } else { Err(()) }
}

/// What is known of an invocation when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// Its identity; the same twice is the same invocation.
    pub id: LedgerId,
    /// The project.
    pub subject: String,
    /// What the user had to say; may be empty.
    pub notes: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The command, such as `persist`; no argument of it, since one may be a secret.
    pub command: String,
    /// The version of this program.
    pub tool_version: String,
    /// The machine's name; empty where it is not known.
    pub host: String,
    /// The process's number on that machine.
    pub pid: u32,
    /// The absolute path of the analyzed tree; none for commands without one.
    pub root_path: Option<String>,
    /// The commit of that tree.
    pub code_ref: CodeRef,
    /// 32 lower-case hexadecimal digits, as in W3C Trace Context.
    pub trace_id: String,
}

/// What kind of invocation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunRole {
    /// It reads a tree, or is the work of another program: what `latest` counts.
    #[default]
    Run,
    /// A gate over snapshots that are there.
    Check,
    /// It looks after the database: archives, imports, prunes.
    Upkeep,
}

impl RunRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Run, Self::Check, Self::Upkeep];

    /// The word that the database and every output use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Check => "check",
            Self::Upkeep => "upkeep",
        }
    }
}

/// What else is known of an invocation when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunDetails {
    /// What kind it is.
    pub role: RunRole,
    /// What it was asked to do, as a JSON object without secrets; none where nobody tells.
    pub request: Option<String>,
    /// Until when it counts as alive whoever holds the lock; none for an invocation that holds the lock itself.
    pub expires_at: Option<Timestamp>,
}

/// A sign of life of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was given.
    pub at: Timestamp,
    /// Records that have their answer so far; none before the questions.
    pub answered: Option<u64>,
    /// Records that are to get one.
    pub selected: Option<u64>,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// Which one.
    pub id: LedgerId,
    /// Anything but running.
    pub status: AccountStatus,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The number of its snapshot; none where it has none, or where it is written with the snapshot itself.
    pub snapshot_id: Option<i64>,
    /// Takes the place of the notes that are there; empty keeps them.
    pub notes: String,
    /// Why it failed or was interrupted; one line.
    pub error: Option<String>,
}

/// What a snapshot writes into the accounts in its own transaction, so that the two never disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotAccount {
    /// The end of the invocation; its status becomes that of the snapshot.
    pub run: RunEnd,
    /// The end of the stage that writes the snapshot; what it read is known once the records are hashed.
    pub stage: StageEnd,
    /// Over the settings of that stage.
    pub config_hash: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_back() {
        let text = "019a9f3e-1c2b-7def-8123-456789abcdef";
        assert_eq!(text.parse::<LedgerId>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<LedgerId>().unwrap().to_string(), text);
        for wrong in ["", "019a9f3e1c2b7def8123456789abcdef", "{019a9f3e-1c2b-7def-8123-456789abcdef}"] {
            assert_eq!(wrong.parse::<LedgerId>(), Err(()), "{wrong}");
        }
    }
}
