//! The runs of lines that one piece of code shares with definitions.
//!
//! The rules of the channel apply. Three steps narrow the search:
//!
//! 1. Find two neighbouring lines that have the same marks as two lines of the piece.
//! 2. Compare their tokens: equal ones are a link of the piece.
//! 3. Align a definition with the piece, line by line, if the two share enough links that are not too common.
//!
//! So hardly any code is tokenized, and no index is built.

use std::{cmp::Reverse, collections::HashMap};

use cds_language::{Former, Language, Outline, Token, read_outline};
use rayon::prelude::*;

use super::{
    MOST_COMMON_LINK, SHARED_LINKS,
    align::{self, Rules, Run},
    chain::By,
    length::Least,
    side::Part,
    text_link, whole,
};
use crate::{
    Settings,
    judge::evidence::ELSEWHERE,
    matching::{
        lcs::Pattern,
        ratio::{sequence_ratio, text_ratio},
    },
    read::{
        alphabet::Alphabet,
        shape,
        unit::{self, Unit},
    },
};

/// The bits of the marks of two lines that the first lookup uses.
const BITS_OF_PAIR: u32 = 13;

/// A run of lines that a definition and a piece of code have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRun {
    /// The place of the definition in the input.
    pub index: usize,
    /// The run in the definition: normalized lines from 0, the last one excluded.
    pub lines: (u32, u32),
    /// The run in the piece of code, in the same form.
    pub piece_lines: (u32, u32),
    /// `2·LCS/(length + length)` over the tokens of both, names and literals abstracted; 0 to 1.
    pub ratio: f64,
    /// The logical lines that are equal but for names and literals.
    pub equal_lines: u32,
    /// Their tokens.
    pub equal_tokens: u32,
}

/// The longest run that each definition shares with `normalized_code` without being similar as a whole. The one with the
/// most tokens in equal lines comes first. A definition that `is_wanted` rejects is not returned, but still counts for
/// how common a link is.
///
/// The rules are those of the channel, with two differences. Links are weighed among those given definitions
/// that are as long as a fragment, and the rule for prescribed methods does not apply. A piece whose lines all are in a
/// definition, unchanged and in one run, is found however few tokens they have. Such a run may begin and end inside of a
/// statement.
pub fn shared_runs<T: AsRef<str> + Sync>(
    language: &'static Language,
    codes: &[T],
    normalized_code: &str,
    is_wanted: impl Fn(usize) -> bool + Sync,
) -> Vec<SharedRun> {
    let settings = Settings::default();
    let unit = Unit::new(language, normalized_code);
    let part = Part::any(language, normalized_code, &unit);
    if unit.line_count < settings.min_fragment_lines {
        return Vec::new();
    }
    let places = whole::places(codes, normalized_code);
    let (mut weights, mut candidates) = (HashMap::new(), Vec::new());
    if unit.token_count >= Least::verbatim(&settings).tokens {
        let piece = Piece::new(language, normalized_code, &unit, part.header());
        let owners = Owners::new(language, codes, &piece, settings.min_fragment_lines);
        (weights, candidates) = owners.weigh(codes, normalized_code);
    }
    candidates.extend(places.keys().copied());
    candidates.sort_unstable();
    candidates.dedup();
    let link_bits = &|link: u32| weights.get(&link).copied().unwrap_or_default();
    let rules = Rules { settings: &settings, link_bits };
    let alphabet = Alphabet::new(std::iter::once(normalized_code));
    let text = alphabet.encode(normalized_code);
    let whole = |lines: (u32, u32)| Run {
        left: lines,
        right: (0, unit.line_count),
        ratio: 1.0,
        equal_lines: unit.lines.len() as u32,
        equal_tokens: unit.token_count,
    };
    let find = |pattern: &mut Pattern, index: u32| {
        let code = codes[index as usize].as_ref();
        let own = Unit::new(language, code);
        let run = places.get(&index).copied().map(whole).or_else(|| {
            let runs = align::runs(&rules, (&Part::definition(language, code, &own), &part), By::Shape, pattern);
            runs.into_iter().min_by_key(|run| (Reverse(run.equal_tokens), run.left))
        })?;
        let is_clone = own.renamed == unit.renamed
            || sequence_ratio(&unit.shape, &own.shape, settings.token_threshold, pattern).is_some()
            || text_ratio((normalized_code, &text), (code, &alphabet.encode(code)), settings.text_threshold, pattern)
                .is_some();
        (!is_clone).then(|| SharedRun::new(index as usize, &run))
    };
    let wanted = candidates.into_par_iter().filter(|&index| is_wanted(index as usize));
    let mut found: Vec<SharedRun> = wanted.map_init(Pattern::default, find).flatten().collect();
    found.sort_by(|left, right| {
        (right.equal_tokens.cmp(&left.equal_tokens))
            .then_with(|| right.ratio.total_cmp(&left.ratio))
            .then_with(|| left.index.cmp(&right.index))
    });
    found
}

impl SharedRun {
    fn new(index: usize, run: &Run) -> Self {
        Self {
            index,
            lines: run.left,
            piece_lines: run.right,
            ratio: run.ratio.into(),
            equal_lines: run.equal_lines,
            equal_tokens: run.equal_tokens,
        }
    }
}

/// Two lines that follow each other, by the marks of both.
fn pair(lines: &[Outline]) -> u64 {
    (lines[0].marks.rotate_left(29) ^ lines[1].marks).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The lines and links to find in every definition.
struct Piece {
    /// Its links, sorted.
    links: Vec<u32>,
    /// Its pairs of lines by their marks, sorted.
    pairs: Vec<u64>,
    /// Whether a pair with these first bits may be among them.
    has_pair: Vec<bool>,
}

impl Piece {
    fn new(language: &Language, code: &str, unit: &Unit, header: usize) -> Self {
        let mut links = super::links(unit, 1);
        if header == 0 {
            links.extend(unit.lines.first().map(|line| line.link));
            links.extend(unit.lines.windows(2).take(1).map(text_link));
            links.sort_unstable();
            links.dedup();
        }
        let mut outlines = Vec::new();
        read_outline(language.lexicon, code, &mut outlines);
        let mut pairs: Vec<u64> = outlines.windows(2).skip(header).map(pair).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut has_pair = vec![false; 1 << BITS_OF_PAIR];
        for pair in &pairs {
            has_pair[(pair >> (64 - BITS_OF_PAIR)) as usize] = true;
        }
        Self { links, pairs, has_pair }
    }

    fn may_have(&self, pair: u64) -> bool {
        self.has_pair[(pair >> (64 - BITS_OF_PAIR)) as usize] && self.pairs.binary_search(&pair).is_ok()
    }

    fn has(&self, link: u32) -> bool {
        self.links.binary_search(&link).is_ok()
    }
}

/// What a thread reads definitions into.
#[derive(Default)]
struct Reader {
    lines: Vec<Outline>,
    former: Former,
    tokens: Vec<Token>,
    links: Vec<u32>,
}

impl Reader {
    /// The links of the piece that a definition has, each once; `None` for one shorter than `least_lines`.
    fn links_in(&mut self, language: &Language, code: &str, piece: &Piece, least_lines: u32) -> Option<&[u32]> {
        read_outline(language.lexicon, code, &mut self.lines);
        if self.lines.len() < least_lines as usize && code.lines().count() < least_lines as usize {
            return None;
        }
        self.links.clear();
        let Self { lines, former, tokens, links } = self;
        // The header is no part of a run.
        let mut at = 1;
        while at + 1 < lines.len() {
            let count = lines[at..].windows(2).take_while(|lines| piece.may_have(pair(lines))).count();
            if count > 0 {
                // What is read in part may end within a letter.
                let text = code.get(lines[at].start as usize..lines[at + count].end as usize).unwrap_or_default();
                former.read(language, text, tokens);
                let classes = shape::classes(tokens);
                let mut own = unit::lines(language, text, tokens, &classes);
                unit::links(language, text, tokens, &classes, &mut own);
                let both = own.windows(2).flat_map(|pair| [pair[0].link, text_link(pair)]);
                links.extend(both.filter(|&link| piece.has(link)));
            }
            at += count + 1;
        }
        links.sort_unstable();
        links.dedup();
        Some(links)
    }
}

/// Which definitions have which links of the piece.
struct Owners {
    /// A link and the place of a definition, sorted.
    links: Vec<(u32, u32)>,
    /// The definitions that are long enough.
    count: usize,
}

impl Owners {
    fn new<T: AsRef<str> + Sync>(language: &'static Language, codes: &[T], piece: &Piece, least_lines: u32) -> Self {
        const AT_ONCE: usize = 512;
        let read = |(chunk, codes): (usize, &[T])| {
            let (mut reader, mut links, mut count) = (Reader::default(), Vec::new(), 0);
            for (code, index) in codes.iter().zip(chunk * AT_ONCE..) {
                if let Some(found) = reader.links_in(language, code.as_ref(), piece, least_lines) {
                    links.extend(found.iter().map(|&link| (link, index as u32)));
                    count += 1;
                }
            }
            (links, count)
        };
        let parts: Vec<(Vec<(u32, u32)>, usize)> = codes.par_chunks(AT_ONCE).enumerate().map(read).collect();
        let count = parts.iter().map(|(_, count)| count).sum();
        let mut links: Vec<(u32, u32)> = parts.into_iter().flat_map(|(links, _)| links).collect();
        links.par_sort_unstable();
        Self { links, count }
    }

    /// The weight of each link, in bits, and the definitions that share enough of those that are not too common.
    fn weigh<T: AsRef<str> + Sync>(&self, codes: &[T], piece: &str) -> (HashMap<u32, f32>, Vec<u32>) {
        let all = self.count as f64 + ELSEWHERE;
        let of_links: Vec<&[(u32, u32)]> = self.links.chunk_by(|left, right| left.0 == right.0).collect();
        // The same code counts once, and so does the piece.
        let weigh = |owners: &&[(u32, u32)]| {
            let mut texts: Vec<&str> = owners.iter().map(|&(_, index)| codes[index as usize].as_ref()).collect();
            texts.push(piece);
            texts.sort_unstable();
            texts.dedup();
            texts.len()
        };
        let counts: Vec<usize> = of_links.par_iter().map(weigh).collect();
        let bits = |count: usize| (all / count as f64).log2() as f32;
        let weights = of_links.iter().zip(&counts).map(|(owners, &count)| (owners[0].0, bits(count))).collect();
        let rare = of_links.iter().zip(&counts).filter(|&(_, &count)| count <= MOST_COMMON_LINK);
        let mut owners: Vec<u32> = rare.flat_map(|(owners, _)| owners.iter().map(|&(_, index)| index)).collect();
        owners.sort_unstable();
        let enough = owners.chunk_by(|left, right| left == right).filter(|same| same.len() >= SHARED_LINKS);
        (weights, enough.map(|same| same[0]).collect())
    }
}

#[cfg(test)]
mod tests {
    use cds_language::MAX_BYTES;

    use super::*;

    fn python() -> &'static Language {
        Language::of_record("a.py")
    }

    const RUN: &str = "    subtotal = 0.0
    for position in order.positions:
        price = position.quantity * position.unit_price
        if position.discount_rate is not None:
            price -= price * position.discount_rate
        subtotal += round(price, 2)
    shipping = compute_shipping(order.address, subtotal)
";

    /// A function that is much longer than the run in it.
    fn around(run: &str) -> String {
        let lines: Vec<String> = (0..30).map(|at| format!("    v{at} = journal.look_up({at}, key_{at})\n")).collect();
        let lines = lines.concat();
        format!("def second(order, journal):\n{lines}{run}    journal.flush(names)\n    return journal.names\n")
    }

    /// Lines of the record, of the piece, and how many are equal.
    type Shared = ((u32, u32), (u32, u32), u32);

    fn runs_in(record: &str, piece: &str) -> Vec<Shared> {
        let codes = ["def other(x):\n    return x\n", record];
        let found = shared_runs(python(), &codes, piece, |_| true);
        assert!(found.iter().all(|run| run.index == 1));
        found.iter().map(|run| (run.lines, run.piece_lines, run.equal_lines)).collect()
    }

    #[test]
    fn run_is_found_with_or_without_header() {
        let record = around(RUN);
        assert_eq!(runs_in(&record, RUN), [((31, 38), (0, 7), 7)]);
        let function = format!("def q(order):\n    log(order)\n{RUN}");
        assert_eq!(runs_in(&record, &function), [((31, 38), (2, 9), 7)]);
        let renamed = RUN.replace("position", "entry").replace("price", "cost").replace("order", "bill");
        assert_eq!(runs_in(&record, &renamed), [((31, 38), (0, 7), 7)]);
        let gap = RUN.replace("        subtotal +=", "        audit(price)\n        subtotal +=");
        assert_eq!(runs_in(&around(&gap), RUN), [((31, 39), (0, 7), 7)]);
    }

    #[test]
    fn partial_text_may_end_within_a_character() {
        let line = "    a = f(b, c) + d\n";
        for cut in 0..3 {
            let mut code = "def f(b, c):\n".to_owned();
            code.push_str(&line.repeat((MAX_BYTES - code.len()) / line.len() - 1));
            let letters = MAX_BYTES + cut - code.len();
            code += &["    a = f(b, c) + ", &"é".repeat(letters)].concat();
            assert!(code.len() > MAX_BYTES - 2);
            assert_eq!(shared_runs(python(), &[code], &line.repeat(6), |_| true).len(), 1);
        }
    }

    #[test]
    fn short_or_inconsistent_runs_are_refused() {
        let cut = |count: usize| RUN.split_inclusive('\n').take(count).collect::<String>();
        let record = around(&cut(5));
        assert!(runs_in(&record, RUN).is_empty());
        let function = format!("def q(order):\n    log(order)\n    seek(order, 1)\n{}", cut(5));
        assert!(runs_in(&around(RUN), &function).is_empty());
        let mixed: String = (RUN.split_inclusive('\n').enumerate())
            .map(|(at, line)| line.replace("price", &format!("p{at}")).replace("subtotal", &format!("s{at}")))
            .map(|line| line.replace("position", if line.len() % 2 == 0 { "order" } else { "journal" }))
            .collect();
        assert!(runs_in(&around(&mixed), RUN).is_empty(), "{mixed}");
        let torn = RUN.replace("        price =", "        a(1)\n        b = 2\n        del c\n        price =");
        let torn =
            torn.replace("        subtotal +=", "        a(1)\n        b = 2\n        del c\n        subtotal +=");
        assert!(runs_in(&around(&torn), RUN).is_empty());
        assert!(runs_in(&format!("def q(order):\n{RUN}"), RUN).is_empty(), "as a whole they are near");
    }

    #[test]
    fn whole_piece_must_stay_unchanged() {
        let table = "        'one': 1,\n        'two': 2,\n        'three': 3,\n        'four': 4,\n        'five': 5,\n        'six': 6,\n";
        let record = around(&format!("    names = {{\n{table}    }}\n"));
        assert_eq!(runs_in(&record, table), [((32, 38), (0, 6), 6)]);
        assert!(runs_in(&record, &table.replace("'three'", "'3'")).is_empty());
        let short: String = table.split_inclusive('\n').take(5).collect();
        assert!(runs_in(&record, &short).is_empty());
    }

    #[test]
    fn the_longest_comes_first_and_only_what_is_wanted() {
        let longer = format!("{RUN}    order.store_total(subtotal, shipping)\n");
        let codes = [around(RUN), around(&longer), around(RUN) + "    pass\n"];
        let index = |run: &SharedRun| run.index;
        let found = shared_runs(python(), &codes, &longer, |_| true);
        assert_eq!(found.iter().map(index).collect::<Vec<_>>(), [1, 0, 2]);
        let found = shared_runs(python(), &codes, &longer, |index| index != 1);
        assert_eq!(found.iter().map(index).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn the_links_are_those_that_reading_all_code_gives() {
        let codes: Vec<&str> = include_str!("../../../tests/recall/seeds.py").split("\n\n\n").collect();
        let units: Vec<Unit> = codes.iter().map(|code| Unit::new(python(), code)).collect();
        let mut reader = Reader::default();
        let mut count = 0;
        for (code, unit) in codes.iter().zip(&units) {
            let piece = Piece::new(python(), code, unit, 1);
            for (other, other_unit) in codes.iter().zip(&units) {
                let mut expected = super::super::links(other_unit, 1);
                expected.retain(|&link| piece.has(link));
                assert_eq!(reader.links_in(python(), other, &piece, 0), Some(&expected[..]), "{code}\n{other}");
                count += usize::from(!std::ptr::eq(code, other)) * expected.len();
            }
        }
        assert!(count > 40, "{count}");
    }
}
