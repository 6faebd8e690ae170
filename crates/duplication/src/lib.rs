//! Finds groups of duplicates among records, with their kind and their confidence.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of tokens, lines and definitions are far below 2^32, and ratios are between 0 and 1"
)]

mod compare;
mod corpus;
mod definition;
mod difference;
mod explain;
mod find;
mod group;
mod judge;
mod matching;
mod read;
mod report;
mod settings;
mod similar;

pub use compare::{Change, Comparison, GroupChange, GroupKey, SearchKeys, compare, compare_edits, search_keys};
pub use definition::Definition;
pub use difference::difference;
pub use explain::{Certainty, Explanation, PairExplanation, explain};
pub use find::find;
pub use group::file_lines;
pub use judge::rules;
pub use matching::{SharedRun, shared_runs};
pub use report::{ChannelTotals, Group, Member, Report, Totals, Unsearched};
pub use settings::{Channel, Confidence, Grouping, NearBy, Placement, Settings};
pub use similar::{Similar, similar, similar_codes};
