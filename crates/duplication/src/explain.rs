//! Why a group was found, and why its confidence is what it is.

use std::collections::HashMap;

use crate::{
    Channel, Definition, Group, Member, Settings,
    corpus::Corpus,
    group::node::Node,
    judge::{doubt, rules::Measures},
    matching::lcs::Pattern,
};

/// How many members are compared with the representative.
const MOST_PAIRS: usize = 20;

/// Why a group was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The representative, the first member, with each other one; at most 20 pairs.
    pub pairs: Vec<PairExplanation>,
    /// Pairs of the representative that are left out.
    pub left_out_count: usize,
}

/// Why two members are in one group.
#[derive(Debug, Clone, PartialEq)]
pub struct PairExplanation {
    /// The place of the other member in the group.
    pub member: usize,
    /// What decides about evidence; `None` in the channels exact and intent, which need none, and for members that are
    /// compared with nothing but themselves.
    pub measures: Option<Measures>,
    /// What decides about confidence; `None` in the intent channel, whose code differs.
    pub certainty: Option<Certainty>,
}

/// What decides whether a pair is certainly a copy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Certainty {
    /// Both are equal, or equal except for consistently replaced names and literals.
    EqualButForNames,
    /// Both have equal lines and links.
    Weighed {
        /// What these weigh, in bits.
        bits: f64,
        /// What they have to weigh, for the share of characters that differ.
        needed: f64,
    },
}

impl Certainty {
    /// Whether the pair is certain.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::EqualButForNames => true,
            Self::Weighed { bits, needed } => bits >= needed,
        }
    }
}

/// Explains a group that [`find`](crate::find) found among these definitions with these settings.
pub fn explain(definitions: &[Definition], settings: &Settings, group: &Group) -> Explanation {
    let corpus = Corpus::new(definitions, settings);
    let variants: HashMap<usize, u32> = (corpus.variants.iter().zip(0_u32..))
        .flat_map(|(variant, place)| variant.members.iter().map(move |member| (*member as usize, place)))
        .collect();
    let node = |member: &Member| {
        let variant = *variants.get(&member.index)?;
        let lines = member.normalized_lines;
        Some(Node { variant, lines, content: [0; 16], pairs_with_itself: false })
    };
    let Some((first, others)) = group.members.split_first() else {
        return Explanation { pairs: Vec::new(), left_out_count: 0 };
    };
    let pair = |(place, other): (usize, &Member)| {
        let (left, right) = (node(first)?, node(other)?);
        let needs_evidence = matches!(group.channel, Channel::Renamed | Channel::Near) && left.variant != right.variant;
        let measures = needs_evidence.then(|| {
            let ratio = corpus.clone_ratio(left.variant, right.variant, &mut Pattern::default()).unwrap_or(0.0);
            Measures::new(&corpus.evidence(left.variant, right.variant), ratio)
        });
        let certainty = (group.channel != Channel::Intent).then(|| match doubt::bits_of(&corpus, &left, &right) {
            None => Certainty::EqualButForNames,
            Some((bits, needed)) => Certainty::Weighed { bits, needed },
        });
        Some(PairExplanation { member: place + 1, measures, certainty })
    };
    Explanation {
        pairs: others.iter().enumerate().take(MOST_PAIRS).filter_map(pair).collect(),
        left_out_count: others.len().saturating_sub(MOST_PAIRS),
    }
}
