//! Which groups may be no more than alike.
//!
//! Evidence says that two definitions share more than a shape that many have, and still they may be one idiom on two
//! unrelated things. What tells those from copies best is how rare the lines are that stand in both, held against how
//! much of the text differs.

use std::ops::Range;

use crate::{
    Channel,
    corpus::{Corpus, Variant, text_ratio},
    evidence::shared_weight,
    groups::Node,
    lcs::Pattern,
    unit::word_hash,
};

/// The bits that equal lines and links have to weigh if all characters differ; for a hundredth of the characters it is a
/// hundredth. Found by reading all groups of a framework (Django), and held against some of a library (`CPython`).
const BITS: f64 = 300.0;

/// Whether the representative, the first of `group`, is a certain copy of none of the others. What is equal but for names
/// always is one; of intents nothing is said, since their code differs.
pub(crate) fn is_doubtful(corpus: &Corpus, channel: Channel, nodes: &[Node], group: &[u32]) -> bool {
    let mut members = group.iter().map(|&node| &nodes[node as usize]);
    let Some(first) = members.next().filter(|_| !matches!(channel, Channel::Renamed | Channel::Intent)) else {
        return false;
    };
    let mut others = members.filter(|node| node.content != first.content).peekable();
    if others.peek().is_none() {
        return false;
    }
    let own = Piece::new(corpus, first);
    let mut pattern = Pattern::default();
    !others.any(|other| own.is_copied_in(&Piece::new(corpus, other), &mut pattern))
}

/// A line of normalized code as what it is compared by, its indentation left out.
pub(crate) fn line_hash(line: &str) -> u32 {
    word_hash(line.trim())
}

/// A definition, or a run of its lines.
struct Piece<'a> {
    code: &'a str,
    /// The code as one byte a character; see [`crate::corpus::Alphabet::encode`].
    text: &'a [u8],
    /// The lines of the body with their weights, sorted; one that stands there twice, twice.
    lines: Vec<(u32, f32)>,
    /// The distinct links with their weights, sorted.
    links: Vec<(u32, f32)>,
}

impl<'a> Piece<'a> {
    fn new(corpus: &'a Corpus, node: &Node) -> Self {
        let variant = &corpus.variants[node.variant as usize];
        let (first, last) = (node.lines.0.max(body(variant)), node.lines.1);
        let texts =
            variant.code.lines().take(last as usize).skip(first as usize).filter(|text| !text.trim().is_empty());
        let is_within = |line: u32| (first..last).contains(&line);
        let links = (variant.unit.lines.windows(2))
            .filter(|pair| is_within(pair[0].first) && is_within(pair[1].first))
            .map(|pair| pair[0].link)
            .filter(|link| variant.unit.links.binary_search(link).is_ok());
        let mut own = Self {
            code: &variant.code[bytes(variant.code.as_bytes(), node.lines)],
            text: &variant.text[bytes(&variant.text, node.lines)],
            lines: texts.map(line_hash).map(|line| (line, corpus.line_rarity().bits(line))).collect(),
            links: links.map(|link| (link, corpus.weights.link(link))).collect(),
        };
        own.lines.sort_unstable_by_key(|&(line, _)| line);
        own.links.sort_unstable_by_key(|&(link, _)| link);
        own.links.dedup();
        own
    }

    /// Whether what is the same in `other` weighs three bits for each hundredth of the characters that differ.
    fn is_copied_in(&self, other: &Self, pattern: &mut Pattern) -> bool {
        let bits = shared_weight(&self.lines, &other.lines) + shared_weight(&self.links, &other.links);
        let least = (1.0 - f64::from(bits) / BITS).max(0.0);
        text_ratio((self.code, self.text), (other.code, other.text), least, pattern).is_some()
    }
}

/// The first normalized line behind decorators and header.
fn body(variant: &Variant) -> u32 {
    let code: Vec<&str> = variant.code.lines().collect();
    let text = |first: u32| code.get(first as usize).copied().unwrap_or_default().trim_start();
    let lines = &variant.unit.lines;
    let header = lines
        .iter()
        .position(|line| !text(line.first).starts_with('@'))
        .filter(|&line| ["def ", "async def ", "class "].iter().any(|word| text(lines[line].first).starts_with(word)));
    header.map_or(0, |header| lines.get(header + 1).map_or(variant.unit.line_count, |next| next.first))
}

/// Where lines stand in a text, the last one excluded.
fn bytes(text: &[u8], (first, last): (u32, u32)) -> Range<usize> {
    let start = |line: u32| match line.checked_sub(1) {
        None => 0,
        Some(before) => {
            let mut ends = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').skip(before as usize);
            ends.next().map_or(text.len(), |(place, _)| place + 1)
        }
    };
    start(first)..start(last)
}
