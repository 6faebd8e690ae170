//! The settings of a search: kinds of duplicates and thresholds. The defaults were chosen by measuring; see `tests/recall`.

use std::collections::BTreeSet;

use cds_model::SymbolKind;

/// A kind of duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Type 1: equal normalized code.
    Exact,
    /// Type 2: equal after names and literals are replaced consistently.
    Renamed,
    /// Type 3: similar although statements differ.
    Near,
    /// A run of lines shared by definitions that are no clones as a whole.
    Fragment,
    /// Type 4: the same intent in different code.
    Intent,
}

cds_model::words! {
    Channel:
        Exact = "exact",
        Renamed = "renamed",
        Near = "near",
        Fragment = "fragment",
        Intent = "intent",
}

/// The sequence over which the near channel takes its ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NearBy {
    /// The characters of the normalized code.
    Text,
    /// The tokens with names and literals abstracted.
    Tokens,
    /// The higher of the two.
    Both,
}

/// How pairs become groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// All linked definitions, through chains of any length.
    Components,
    /// Only definitions that reach the threshold with the group's representative. A definition may be in several groups.
    Cohesive,
}

/// Where to rank groups of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// After the others.
    RankLast,
    /// Not shown.
    Hide,
    /// Among the others.
    Same,
}

/// How strong the evidence for a group is, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The members share a shape that many definitions have, and hardly anything else.
    None,
    /// The members may only look similar: in each pair little is equal beside what differs.
    Low,
    /// At least one pair is a copy.
    High,
}

cds_model::words! {
    Confidence:
        None = "none",
        Low = "low",
        High = "high",
}

/// Everything that decides which groups a search finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The channels to fill. Default: all.
    pub channels: BTreeSet<Channel>,
    /// The eligible kinds. Default: function and method.
    pub kinds: Vec<SymbolKind>,
    /// Whether to search for runs of lines outside of functions too, in files and classes that are no eligible kinds.
    /// Default: yes.
    pub outside: bool,
    /// The fewest normalized lines of an eligible definition. Default: 4.
    pub min_lines: u32,
    /// The fewest tokens of an eligible definition, structure not counted. Default: 25.
    pub min_tokens: u32,
    /// The sequence over which the near ratio is taken. Default: both.
    pub near_by: NearBy,
    /// The near ratio over characters from which a pair counts, 0 to 1. Default: 0.85.
    pub text_threshold: f64,
    /// The near ratio over abstracted tokens from which a pair counts, 0 to 1. Default: 0.72.
    pub token_threshold: f64,
    /// The ratio over intents from which a pair counts, 0 to 1. Default: 0.85.
    pub intent_threshold: f64,
    /// Whether intents count that a program derived from the code. They are similar if names are. Default: no.
    pub derived_intents: bool,
    /// The fewest normalized lines of a fragment. Default: 6.
    pub min_fragment_lines: u32,
    /// The fewest tokens of a fragment, structure not counted; half of them are enough if every letter is equal.
    /// Default: 50.
    pub min_fragment_tokens: u32,
    /// The most lines in a row that a fragment may skip in either definition. Default: 2.
    pub max_gap_lines: u32,
    /// How pairs become groups. Default: cohesive.
    pub grouping: Grouping,
    /// Where to rank groups of tests. If hidden, definitions in tests are not searched. Default: ranked last.
    pub tests: Placement,
    /// Where to rank groups of generated code. If hidden, its definitions are not searched. Default: ranked last, after
    /// groups of low confidence.
    pub generated: Placement,
    /// The least confidence of a group. Groups of low confidence rank behind those of high confidence, and those without
    /// any behind all others; a search finds them only if this is [`Confidence::None`]. Default: low.
    pub min_confidence: Confidence,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            channels: Channel::ALL.into(),
            kinds: vec![SymbolKind::Function, SymbolKind::Method],
            outside: true,
            min_lines: 4,
            min_tokens: 25,
            near_by: NearBy::Both,
            text_threshold: 0.85,
            token_threshold: 0.72,
            intent_threshold: 0.85,
            derived_intents: false,
            min_fragment_lines: 6,
            min_fragment_tokens: 50,
            max_gap_lines: 2,
            grouping: Grouping::Cohesive,
            tests: Placement::RankLast,
            generated: Placement::RankLast,
            min_confidence: Confidence::Low,
        }
    }
}

impl Settings {
    /// The same settings with one near threshold for characters and tokens.
    #[must_use]
    pub fn with_code_threshold(mut self, threshold: f64) -> Self {
        self.text_threshold = threshold;
        self.token_threshold = threshold;
        self
    }
}
