//! Which groups have low confidence: their members may only look similar.
//!
//! A pair with evidence shares more than a common shape, and may still be one idiom applied to two unrelated things. The
//! best test for a copy compares how rare the shared lines are with how much of the text differs.

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::OnceLock};

use crate::{
    Channel,
    corpus::{Corpus, Variant},
    group::{graph::Edge, node::Node},
    judge::evidence::shared_weight,
    matching::{lcs::Pattern, ratio::text_ratio},
    read::lines::{line_hash, texts},
};

/// The bits that equal lines and links need if all characters differ; for a share of the characters, that share. Found by
/// reading all groups of a framework (Django), and checked on some of a library (`CPython`).
const BITS: f64 = 300.0;

/// Whether no pair in a group is certainly a copy. `edges` are the pairs, the most similar first. Groups of intents are
/// not judged, since their code differs.
pub(crate) fn is_doubtful(pieces: &Pieces, channel: Channel, edges: &[Edge]) -> bool {
    if edges.is_empty() || channel == Channel::Intent {
        return false;
    }
    let mut pattern = Pattern::default();
    !edges.iter().any(|edge| {
        let [left, right] = [edge.left, edge.right].map(|place| &pieces.nodes[place as usize]);
        is_equal_but_for_names(pieces.corpus, left, right)
            || pieces.get(edge.left).is_copied_in(pieces.get(edge.right), &mut pattern)
    })
}

/// The lines and links of each node, prepared once for all of its groups.
pub(crate) struct Pieces<'a> {
    corpus: &'a Corpus<'a>,
    nodes: &'a [Node],
    made: Vec<OnceLock<Piece<'a>>>,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(corpus: &'a Corpus<'a>, nodes: &'a [Node]) -> Self {
        let mut made = Vec::new();
        made.resize_with(nodes.len(), OnceLock::new);
        Self { corpus, nodes, made }
    }

    fn get(&self, place: u32) -> &Piece<'a> {
        self.made[place as usize].get_or_init(|| Piece::new(self.corpus, &self.nodes[place as usize]))
    }
}

/// The bits of equal lines and links of a pair, and those that it needs to be certain; `None` if the two are equal except
/// for names, which needs none.
pub(crate) fn bits_of(corpus: &Corpus, left: &Node, right: &Node) -> Option<(f64, f64)> {
    if is_equal_but_for_names(corpus, left, right) {
        return None;
    }
    let [one, other] = [left, right].map(|node| Piece::new(corpus, node));
    let ratio = text_ratio((&one.code, &one.text), (&other.code, &other.text), 0.0, &mut Pattern::default());
    Some((one.shared_bits(&other).into(), BITS * (1.0 - ratio.unwrap_or(0.0))))
}

/// Whether two definitions are equal except for consistently replaced names and literals.
fn is_equal_but_for_names(corpus: &Corpus, left: &Node, right: &Node) -> bool {
    let [one, other] = [left, right].map(|node| &corpus.variants[node.variant as usize].unit);
    let is_whole = left.lines == (0, one.line_count) && right.lines == (0, other.line_count);
    is_whole && one.renamed == other.renamed
}

/// A definition, or a run of its lines.
struct Piece<'a> {
    /// The code, as far to the left as it goes.
    code: Cow<'a, str>,
    /// The same as one byte a character; see [`crate::read::alphabet::Alphabet::encode`].
    text: Cow<'a, [u8]>,
    /// The lines of the body with their weights, sorted; one that stands there twice, twice.
    lines: Vec<(u32, f32)>,
    /// The distinct links with their weights, sorted.
    links: Vec<(u32, f32)>,
}

impl<'a> Piece<'a> {
    fn new(corpus: &'a Corpus, node: &Node) -> Self {
        let variant = &corpus.variants[node.variant as usize];
        let (first, last) = (node.lines.0.max(body(variant)), node.lines.1);
        let texts = texts(&variant.code, (first, last)).filter(|text| !text.trim().is_empty());
        let is_within = |line: u32| (first..last).contains(&line);
        let links: HashSet<u32> = (variant.unit.lines.windows(2))
            .filter(|pair| is_within(pair[0].first) && is_within(pair[1].first))
            .map(|pair| pair[0].link)
            .collect();
        let code = &variant.code[bytes(variant.code.as_bytes(), node.lines)];
        let text = &variant.text[bytes(&variant.text, node.lines)];
        let (code, text) = match indentation(code) {
            0 => (code.into(), text.into()),
            width => (
                code.split_inclusive('\n').map(|line| line.get(width..).unwrap_or_default()).collect(),
                text.split_inclusive(|&byte| byte == b'\n').flat_map(|line| line.iter().skip(width)).copied().collect(),
            ),
        };
        let mut own = Self {
            code,
            text,
            lines: texts.map(line_hash).map(|line| (line, corpus.line_rarity().bits(line))).collect(),
            links: variant.profile.links().iter().filter(|(link, _)| links.contains(link)).copied().collect(),
        };
        own.lines.sort_unstable_by_key(|&(line, _)| line);
        own
    }

    /// The weight of the lines and links that both have, in bits.
    fn shared_bits(&self, other: &Self) -> f32 {
        shared_weight(&self.lines, &other.lines) + shared_weight(&self.links, &other.links)
    }

    /// Whether the code shared with `other` weighs three bits for each hundredth of the characters that differ.
    fn is_copied_in(&self, other: &Self, pattern: &mut Pattern) -> bool {
        let bits = self.shared_bits(other);
        let least = (1.0 - f64::from(bits) / BITS).max(0.0);
        least <= 0.0 || text_ratio((&self.code, &self.text), (&other.code, &other.text), least, pattern).is_some()
    }
}

/// By how many characters all lines are indented, those without text left out.
fn indentation(code: &str) -> usize {
    let lines = code.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.len() - line.trim_start_matches([' ', '\t']).len()).min().unwrap_or(0)
}

/// The first normalized line behind decorators and header.
fn body(variant: &Variant) -> u32 {
    let statements = &variant.language.statements;
    let code: Vec<&str> = variant.code.lines().collect();
    let text = |first: u32| code.get(first as usize).copied().unwrap_or_default().trim_start();
    let lines = &variant.unit.lines;
    let header = lines
        .iter()
        .position(|line| !text(line.first).starts_with(statements.decorator))
        .filter(|&line| statements.line_begins_definition(text(lines[line].first)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definition, Settings};

    const CODE: &str = "\
@kept(1)
def price(self,
          row):
    total = row.prix_é + 1
    tax = self.rate(total)

    total = row.prix_é + 1
    if tax:
        log(tax)
    return total
";

    /// The lines and the number of links of a run, and its code.
    fn parts(code: &str, lines: (u32, u32)) -> (Vec<u32>, usize, String) {
        let definitions = [Definition::of(code)];
        let settings = Settings { min_lines: 1, min_tokens: 1, ..Settings::default() };
        let corpus = Corpus::new(&definitions, &settings);
        let node = Node { variant: 0, lines, content: [0; 16], pairs_with_itself: false };
        let piece = Piece::new(&corpus, &node);
        assert_eq!(piece.text.len(), piece.code.chars().count());
        (piece.lines.iter().map(|&(line, _)| line).collect(), piece.links.len(), piece.code.into_owned())
    }

    fn hashes(lines: &[&str]) -> Vec<u32> {
        let mut hashes: Vec<u32> = lines.iter().map(|line| line_hash(line)).collect();
        hashes.sort_unstable();
        hashes
    }

    #[test]
    fn body_lines_decide_the_weight() {
        let lines = [
            "total = row.prix_é + 1",
            "tax = self.rate(total)",
            "total = row.prix_é + 1",
            "if tax:",
            "log(tax)",
            "return total",
        ];
        assert_eq!(parts(CODE, (0, 10)), (hashes(&lines), 5, CODE.to_owned()));
        // Without a line break at the end it is the same.
        assert_eq!(parts(CODE.trim_end(), (0, 10)).0, hashes(&lines));
        assert_eq!(parts("@kept(1)\nclass Price:\n", (0, 2)).0, [0; 0]);
    }

    #[test]
    fn run_weight_ignores_its_position() {
        let run = (hashes(&["total = row.prix_é + 1", "if tax:", "log(tax)"]), 2);
        let code = "total = row.prix_é + 1\nif tax:\n    log(tax)\n";
        assert_eq!(parts(CODE, (6, 9)), (run.0.clone(), run.1, code.to_owned()));
        let deeper = CODE.replace("\n    ", "\n        ");
        assert_eq!(parts(&deeper, (6, 9)), (run.0, run.1, code.to_owned()));
    }

    #[test]
    fn equal_links_count_once() {
        let code = "def f(a):\n    b = a.c\n    d = b(2)\n    b = a.c\n    d = b(2)\n    b = a.c\n    d = b(2)\n";
        let (lines, link_count, _) = parts(code, (0, 7));
        assert_eq!((lines.len(), link_count), (6, 2));
        // What a constructor keeps is none.
        let (lines, link_count, _) =
            parts("def __init__(self, a, b):\n    self.a = a\n    self.b = b\n    self.c = []\n", (0, 4));
        assert_eq!((lines.len(), link_count), (3, 0));
    }
}
