//! Finds groups of duplicates among records, with their kind and their confidence.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of tokens, lines and definitions are far below 2^32, and ratios are between 0 and 1"
)]

mod bounds;
mod candidates;
mod common;
mod compare;
mod corpus;
mod definition;
mod difference;
mod doubt;
mod evidence;
mod explain;
mod find;
mod fold;
mod fragment;
mod graph;
mod groups;
mod hash;
mod intent;
mod join;
mod layout;
mod lcs;
mod locate;
mod namesakes;
mod near;
mod nesting;
mod outside;
mod report;
pub mod rules;
mod settings;
mod shape;
mod similar;
mod totals;
mod unit;
pub use compare::{Change, Comparison, GroupChange, GroupKey, SearchKeys, compare, compare_edits, search_keys};
pub use definition::Definition;
pub use difference::difference;
pub use explain::{Certainty, Explanation, PairExplanation, explain};
pub use find::find;
pub use fragment::{SharedRun, shared_runs};
pub use locate::file_lines;
pub use report::{ChannelTotals, Group, Member, Report, Totals, Unsearched};
pub use settings::{Channel, Confidence, Grouping, NearBy, Placement, Settings};
pub use similar::{Similar, similar, similar_codes};

#[cfg(test)]
mod join_tests;
