//! Finds the duplicates of one snapshot and selects which of them to show.
//!
//! The search itself is in `cds-duplication`, which knows neither database nor terminal. This crate reads its input, and
//! compares its result with accepted groups and with an earlier snapshot.

pub mod accepted;
pub mod baseline;
mod error;
pub mod gate;
pub mod load;
pub mod order;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod select;
pub mod similar;
mod source;
mod subject;
pub mod trend;
mod warning;

use std::collections::{BTreeMap, HashMap};

use cds_duplication::{Channel, Definition, Group, Report, Settings};

pub use self::{
    error::{Error, GroupProblem},
    gate::{BrokenGate, FailOn, Gate, GateConfidence},
    source::Source,
    subject::Subject,
    warning::Warning,
};

/// Everything that the outputs of `cds dup check` show.
#[derive(Debug)]
pub struct Findings {
    /// What was searched.
    pub run: RunFacts,
    /// The settings of the search.
    pub settings: Settings,
    /// The definitions that were searched; a member of a group is an index of them.
    pub definitions: Vec<Definition>,
    /// The result of the search.
    pub report: Report,
    /// The groups to show, in this order.
    pub shown: Vec<Shown>,
    /// Groups that `--limit` leaves out.
    pub truncated_count: usize,
    /// The caller's choice of groups.
    pub view: View,
    /// Accepted groups, which are not shown.
    pub accepted_count: usize,
    /// Whether `--fail-on new` had no run to compare with.
    pub is_first_run: bool,
    /// Groups that the gate is about and does not count, since their confidence is low.
    pub uncounted_count: usize,
    /// What the groups were compared with, where they were.
    pub baseline: Option<Subject>,
    /// The gates that failed.
    pub broken_gates: Vec<BrokenGate>,
    /// Warnings about the search and the comparison.
    pub warnings: Vec<Warning>,
    /// The run among the last ones of its project, oldest first, where an output needs it.
    pub trend: Vec<trend::TrendPoint>,
    /// The exact code of members, by record id, where an output needs it.
    pub raw_code: HashMap<i64, String>,
}

/// What was searched, and where it comes from.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// A stored snapshot, or a tree that is not stored.
    pub subject: Subject,
    /// RFC 3339; of a snapshot as it is stored.
    pub started_at: String,
    /// The tree that was read; absolute.
    pub root_path: String,
    /// The folders from the repository's root to `root_path`, with `/` behind each; empty where both are the same and
    /// where no repository is found. Programs that show findings beside code take paths from the repository's root.
    pub path_prefix: String,
    /// From the ledger; none for a snapshot without an account.
    pub project: Option<String>,
    /// From the ledger.
    pub code_ref: Option<String>,
}

/// The caller's choice of groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Only groups with a member in a file that one of these patterns matches; empty for all.
    pub path_filters: Vec<String>,
    /// The most groups to show; `None` for all.
    pub limit: Option<usize>,
    /// Groups that are not listed because every gate passed; `None` if all are listed.
    pub unlisted_count: Option<usize>,
    /// The part of the truncated groups that each channel has.
    pub truncated: BTreeMap<Channel, usize>,
    /// What the groups are sorted by; `None` for the order of the channels.
    pub sort: Option<order::Sort>,
    /// What has a section of its own in a table; `None` for one list of all groups.
    pub sections: Option<order::Sections>,
}

/// One group that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its place in the groups of the report.
    pub group: usize,
    /// What it is, compared with an earlier snapshot.
    pub state: GroupState,
    /// The places of the members that made it new or let it grow, ascending.
    pub added: Vec<usize>,
}

/// The state of a group, compared with an earlier snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    /// Nothing was compared.
    Uncompared,
    /// It has no copy that is added.
    Known,
    /// The earlier snapshot did not have it.
    New,
    /// The earlier snapshot had some of its copies, and not the others.
    Grown {
        /// As in [`Change::Grown`](cds_duplication::Change::Grown).
        before: usize,
    },
}

impl Findings {
    /// The groups of a snapshot; no group is selected for display yet.
    pub fn search(run: RunFacts, settings: Settings, definitions: Vec<Definition>) -> Self {
        let report = cds_duplication::find(&definitions, &settings);
        Self {
            run,
            settings,
            definitions,
            report,
            shown: Vec::new(),
            truncated_count: 0,
            view: View::default(),
            accepted_count: 0,
            is_first_run: false,
            uncounted_count: 0,
            baseline: None,
            broken_gates: Vec::new(),
            warnings: Vec::new(),
            trend: Vec::new(),
            raw_code: HashMap::new(),
        }
    }

    /// How many of the definitions that are compared have no intent, and how many there are.
    pub fn missing_intents(&self) -> (u64, u64) {
        let compared = self.definitions.iter().filter(|definition| self.settings.kinds.contains(&definition.kind));
        compared.fold((0, 0), |(missing, all), definition| (missing + u64::from(definition.intent.is_none()), all + 1))
    }

    /// The group behind something that is shown.
    pub fn group(&self, shown: &Shown) -> &Group {
        &self.report.groups[shown.group]
    }

    /// What a member is.
    pub fn definition(&self, member: &cds_duplication::Member) -> &Definition {
        &self.definitions[member.index]
    }
}

impl Shown {
    /// Whether a member is one of those that made the group new or let it grow; `None` if nothing was compared.
    pub fn is_added(&self, place: usize) -> Option<bool> {
        self.state.as_str().map(|_| self.added.binary_search(&place).is_ok())
    }

    /// The places of as many of `count` members as there is room for, those first that were added.
    pub fn named(&self, count: usize, room: usize) -> Vec<usize> {
        let others = (0..count).filter(|place| self.is_added(*place) != Some(true));
        self.added.iter().copied().chain(others).take(room).collect()
    }
}

impl GroupState {
    /// Whether there are more copies than before.
    pub const fn is_news(self) -> bool {
        matches!(self, Self::New | Self::Grown { .. })
    }

    /// The word that every output uses; `None` if nothing was compared.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Uncompared => None,
            Self::Known => Some("known"),
            Self::New => Some("new"),
            Self::Grown { .. } => Some("grown"),
        }
    }
}
