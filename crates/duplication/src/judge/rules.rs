//! The rules that decide whether a pair has evidence, as data.
//!
//! The search applies them, `docs/duplicates-reference.md` prints them, and `cds dup check --explain` shows which of them
//! held. They were found by measuring changed copies against pairs of Django that were read: each rule is one way in which
//! copies differ from code that only looks like it.

use crate::judge::evidence::Evidence;

/// A measure of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Share of names and literals that both have, by rarity, 0 to 1.
    Words,
    /// Rarity of the shared names and literals, in bits.
    WordBits,
    /// Share of the links between neighbouring lines that both have, by rarity, 0 to 1.
    Links,
    /// Rarity of the shared links, in bits.
    LinkBits,
    /// `WordBits` and `LinkBits` together.
    AllBits,
    /// `Words` and `Links` together, 0 to 2.
    WordsAndLinks,
    /// Share of names, literals and links together, by rarity, 0 to 1.
    Share,
    /// How similar the pair is, 0 to 1.
    Ratio,
    /// Bits of two prescribed methods that other methods of their names do not share; infinite for all other pairs.
    OwnBits,
}

impl Measure {
    /// Every measure, in the order of [`Measures`].
    pub const ALL: [Self; 9] = [
        Self::Words,
        Self::WordBits,
        Self::Links,
        Self::LinkBits,
        Self::AllBits,
        Self::WordsAndLinks,
        Self::Share,
        Self::Ratio,
        Self::OwnBits,
    ];

    /// The name that pages and outputs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::WordBits => "word_bits",
            Self::Links => "links",
            Self::LinkBits => "link_bits",
            Self::AllBits => "all_bits",
            Self::WordsAndLinks => "words_and_links",
            Self::Share => "share",
            Self::Ratio => "ratio",
            Self::OwnBits => "own_bits",
        }
    }
}

/// What a measure has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This or more.
    AtLeast(Measure, f64),
    /// More than this.
    Above(Measure, f64),
    /// Less than this.
    Below(Measure, f64),
}

impl Bound {
    /// What is measured.
    pub const fn measure(self) -> Measure {
        match self {
            Self::AtLeast(measure, _) | Self::Above(measure, _) | Self::Below(measure, _) => measure,
        }
    }

    /// Whether a pair with these measures keeps to it.
    pub fn holds(self, measures: &Measures) -> bool {
        match self {
            Self::AtLeast(measure, bound) => measures.of(measure) >= bound,
            Self::Above(measure, bound) => measures.of(measure) > bound,
            Self::Below(measure, bound) => measures.of(measure) < bound,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(measure, bound) => write!(formatter, "{} ≥ {bound}", measure.as_str()),
            Self::Above(measure, bound) => write!(formatter, "{} > {bound}", measure.as_str()),
            Self::Below(measure, bound) => write!(formatter, "{} < {bound}", measure.as_str()),
        }
    }
}

/// Bounds that belong together: the rule holds if all of them do.
#[derive(Debug, PartialEq)]
pub struct Rule {
    /// Its name on pages and in outputs.
    pub name: &'static str,
    /// Which pairs it is about.
    pub meaning: &'static str,
    /// All of them have to hold.
    pub bounds: &'static [Bound],
}

impl Rule {
    /// Whether all bounds hold.
    pub fn holds(&self, measures: &Measures) -> bool {
        self.bounds.iter().all(|bound| bound.holds(measures))
    }
}

use Bound::{Above, AtLeast, Below};
use Measure::{AllBits, LinkBits, Links, OwnBits, Ratio, Share, WordBits, Words, WordsAndLinks};

/// A pair for which one of these holds has no evidence, whatever else holds.
pub const EXCLUSIONS: &[Rule] = &[
    Rule {
        name: "X1",
        // Two parts of one program speak of the same things. The lines of a copy follow each other as in the original.
        meaning: "few lines follow each other in the same way, and the names differ",
        bounds: &[Below(Links, 0.1), Below(Words, 0.75), Below(Ratio, 0.85)],
    },
    Rule {
        name: "X2",
        // If all names were replaced, nothing but the order of the lines is left: that is for E2 and E3 to judge.
        meaning: "what differs outweighs what is shared, in different code",
        bounds: &[Below(Share, 0.4), AtLeast(Words, 0.1), Below(Ratio, 0.85)],
    },
    Rule {
        name: "X3",
        meaning: "what differs outweighs what is shared, in lines of another order",
        bounds: &[Below(Share, 0.4), AtLeast(Words, 0.1), Below(Links, 0.1)],
    },
    Rule {
        name: "X4",
        // Each class that follows a protocol or a framework writes such a method again.
        meaning: "prescribed methods that share little more than what prescribes them",
        bounds: &[Below(OwnBits, 40.0)],
    },
];

/// A pair for which one of these holds has evidence, unless one of [`EXCLUSIONS`] holds.
pub const RULES: &[Rule] = &[
    Rule {
        name: "E1",
        meaning: "statements changed or rearranged, names kept",
        bounds: &[AtLeast(Words, 0.55), AtLeast(WordBits, 18.0), Above(Links, 0.0)],
    },
    Rule {
        name: "E2",
        // A wrapper of one statement has no two lines that could follow each other, so that the names say it alone.
        meaning: "names kept, no lines in the same order",
        bounds: &[AtLeast(Words, 0.55), AtLeast(WordBits, 35.0)],
    },
    Rule {
        name: "E3",
        meaning: "everything renamed, little changed",
        bounds: &[AtLeast(Links, 0.2), AtLeast(LinkBits, 16.0), AtLeast(Ratio, 0.85)],
    },
    Rule {
        name: "E4",
        meaning: "much renamed, some names kept",
        bounds: &[AtLeast(Links, 0.2), AtLeast(LinkBits, 16.0), AtLeast(Words, 0.25)],
    },
    Rule {
        name: "E5",
        meaning: "everything renamed, many lines in a rare order",
        bounds: &[AtLeast(Links, 0.2), AtLeast(LinkBits, 26.0)],
    },
    Rule {
        name: "E6",
        meaning: "everything renamed, most lines in the same order",
        bounds: &[AtLeast(Links, 0.4), AtLeast(LinkBits, 20.0)],
    },
    Rule {
        name: "E7",
        // Short definitions have few lines that could follow each other: hardly a token may differ instead.
        meaning: "short copies, hardly changed",
        bounds: &[AtLeast(Links, 0.2), AtLeast(LinkBits, 9.5), AtLeast(Ratio, 0.9)],
    },
    Rule {
        name: "E8",
        meaning: "short copies with a change, most lines in the same order",
        bounds: &[AtLeast(Links, 0.6), AtLeast(LinkBits, 9.5), AtLeast(Ratio, 0.85)],
    },
    Rule {
        name: "E9",
        meaning: "short copies with a change, some names kept",
        bounds: &[AtLeast(Links, 0.25), AtLeast(LinkBits, 9.5), AtLeast(Ratio, 0.85), AtLeast(Words, 0.1)],
    },
    Rule {
        name: "E10",
        meaning: "some names and some lines in the same order, little changed",
        bounds: &[AtLeast(WordsAndLinks, 0.6), Above(Links, 0.0), AtLeast(AllBits, 20.0), AtLeast(Ratio, 0.85)],
    },
    Rule {
        name: "E11",
        meaning: "many names and some lines in the same order",
        bounds: &[AtLeast(WordsAndLinks, 0.6), Above(Links, 0.0), AtLeast(AllBits, 20.0), AtLeast(Words, 0.5)],
    },
    Rule {
        name: "E12",
        meaning: "some names and many lines in the same order",
        bounds: &[AtLeast(WordsAndLinks, 0.6), Above(Links, 0.0), AtLeast(AllBits, 20.0), AtLeast(LinkBits, 16.0)],
    },
];

/// What of one pair was measured, in the order of [`Measure::ALL`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures([f64; 9]);

impl Measures {
    /// Those of a pair with this ratio.
    pub(crate) fn new(evidence: &Evidence, ratio: f64) -> Self {
        Self([
            f64::from(evidence.words),
            f64::from(evidence.word_bits),
            f64::from(evidence.links),
            f64::from(evidence.link_bits),
            f64::from(evidence.word_bits + evidence.link_bits),
            f64::from(evidence.words + evidence.links),
            f64::from(evidence.share),
            ratio,
            evidence.prescribed_bits.map_or(f64::INFINITY, f64::from),
        ])
    }

    /// One of them.
    pub const fn of(&self, measure: Measure) -> f64 {
        self.0[measure as usize]
    }

    /// The first rule that denies the pair evidence.
    pub fn excluded_by(&self) -> Option<&'static Rule> {
        EXCLUSIONS.iter().find(|rule| rule.holds(self))
    }

    /// The first rule that gives the pair evidence, as far as none of [`EXCLUSIONS`] holds.
    pub fn supported_by(&self) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.holds(self))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn measures_stand_in_their_order() {
        for (place, measure) in Measure::ALL.into_iter().enumerate() {
            assert_eq!(measure as usize, place, "{}", measure.as_str());
        }
    }

    #[test]
    fn names_of_rules_are_unique() {
        let names: HashSet<&str> = EXCLUSIONS.iter().chain(RULES).map(|rule| rule.name).collect();
        assert_eq!(names.len(), EXCLUSIONS.len() + RULES.len());
    }

    #[test]
    fn bounds_are_written_as_on_the_page() {
        assert_eq!(
            RULES[0].bounds.iter().map(Bound::to_string).collect::<Vec<_>>().join(", "),
            "words ≥ 0.55, word_bits ≥ 18, links > 0"
        );
    }
}
