//! The fast paths find exactly what comparing all pairs finds.

use proptest::prelude::*;
use rapidfuzz::distance::indel;

use crate::{
    Channel, Confidence, Definition, Grouping, NearBy, Settings,
    corpus::Corpus,
    find,
    matching::{
        intent,
        join::self_join,
        lcs::{Pattern, length_for, ratio},
        near::{all_near, near_pairs},
    },
};

/// The textbook recurrence, as the oracle for both libraries.
fn textbook(left: &[u8], right: &[u8]) -> usize {
    let mut row = vec![0; right.len() + 1];
    for &symbol in left {
        let mut diagonal = 0;
        for (at, &other) in right.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if symbol == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[right.len()]
}

type Pairs = Vec<(u32, u32, usize)>;

fn joined(sequences: &[Vec<u8>], threshold: f64) -> Pairs {
    let slices: Vec<&[u8]> = sequences.iter().map(|sequence| &sequence[..]).collect();
    self_join(&slices, threshold).0.iter().map(|pair| (pair.left, pair.right, pair.common as usize)).collect()
}

fn by_the_textbook(sequences: &[Vec<u8>], threshold: f64) -> Pairs {
    let mut pairs = Pairs::new();
    for left in 0..sequences.len() {
        for right in left + 1..sequences.len() {
            let common = textbook(&sequences[left], &sequences[right]);
            if ratio(common, sequences[left].len() + sequences[right].len()) >= threshold {
                pairs.push((left as u32, right as u32, common));
            }
        }
    }
    pairs
}

/// Sequences that are often similar: slices and edits of a few.
fn sequences() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = (proptest::collection::vec(0_u8..5, 1..500), proptest::collection::vec((0_usize..500, 0_u8..5), 0..40));
    proptest::collection::vec((0_usize..3, one), 2..14).prop_map(|made| {
        let bases: Vec<Vec<u8>> = made.iter().map(|(_, (base, _))| base.clone()).collect();
        made.into_iter()
            .map(|(base, (_, edits))| {
                let mut sequence = bases[base % bases.len()].clone();
                for (place, symbol) in edits {
                    let place = place % sequence.len();
                    match symbol {
                        0 if sequence.len() > 1 => drop(sequence.remove(place)),
                        1 => sequence.insert(place, symbol),
                        _ => sequence[place] = symbol,
                    }
                }
                sequence
            })
            .collect()
    })
}

/// Sequences of many symbols, each beside itself without every third, fourth or fifth one, and the ratio of these two: as
/// many neighbours differ as that number of edits can change.
fn thinned() -> impl Strategy<Value = (Vec<Vec<u8>>, f64)> {
    let bases = proptest::collection::vec(Just((0..60).collect::<Vec<u8>>()).prop_shuffle(), 1..5);
    (bases, 3_usize..6).prop_map(|(bases, step)| {
        let thin =
            |base: &Vec<u8>| -> Vec<u8> { (0..base.len()).filter(|at| at % step != 1).map(|at| base[at]).collect() };
        let copies: Vec<Vec<u8>> = bases.iter().map(thin).collect();
        let reached = ratio(copies[0].len(), copies[0].len() + bases[0].len());
        (bases.into_iter().chain(copies).collect(), reached)
    })
}

/// Small programs over few names, with letters outside of ASCII.
fn programs() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        Just("    total = count + 1\n"),
        Just("    if total > count:\n        return total\n"),
        Just("    größe = 'ü∑漢'\n"),
        Just("    for item in items:\n        total += item.price\n"),
        Just("    items.append(name)\n"),
        Just("    return items\n"),
    ];
    let program = proptest::collection::vec(line, 1..9).prop_map(|lines| format!("def f(items):\n{}", lines.concat()));
    proptest::collection::vec(program, 2..12)
}

fn definitions(codes: &[String]) -> Vec<Definition> {
    let definition = |(place, code): (usize, &String)| Definition {
        file_path: format!("{place}.py").into(),
        intent: Some(code.lines().skip(1).map(str::trim).collect::<Vec<_>>().join(" ").into()),
        intent_is_derived: false,
        ..Definition::of(code)
    };
    codes.iter().enumerate().map(definition).collect()
}

fn by_rapidfuzz<T: Copy + Eq + std::hash::Hash + rapidfuzz::HashableChar>(left: &[T], right: &[T]) -> f64 {
    let common = (left.len() + right.len() - indel::distance(left.iter().copied(), right.iter().copied())) / 2;
    ratio(common, left.len() + right.len())
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn common_characters_are_those_of_rapidfuzz(left in "[a-cé日]{0,150}", right in "[a-cé日]{0,150}") {
        let expected = rapidfuzz::distance::lcs_seq::similarity(left.chars(), right.chars());
        prop_assert_eq!(crate::matching::lcs::common_characters(&left, &right), expected);
    }

    #[test]
    fn every_pair_at_the_threshold_is_joined(sequences in sequences(), percent in 40_u32..=100) {
        let threshold = f64::from(percent) / 100.0;
        prop_assert_eq!(joined(&sequences, threshold), by_the_textbook(&sequences, threshold));
    }

    #[test]
    fn bounds_lose_no_pair((sequences, reached) in thinned(), percent in 0_u32..4) {
        let threshold = reached - f64::from(percent) / 100.0;
        let expected = by_the_textbook(&sequences, threshold);
        prop_assert!(expected.len() >= sequences.len() / 2);
        prop_assert_eq!(joined(&sequences, threshold), expected);
    }

    #[test]
    fn subsequence_length_matches_the_textbook(sequences in sequences(), cutoff in 0_usize..300) {
        let mut pattern = Pattern::default();
        for pair in sequences.windows(2) {
            pattern.set(&pair[0]);
            let common = textbook(&pair[0], &pair[1]);
            prop_assert_eq!(pattern.at_least(&pair[1], cutoff), (common >= cutoff).then_some(common));
        }
    }

    #[test]
    fn near_and_intent_pairs_match_double_loop(codes in programs(), percent in 50_u32..=100) {
        let threshold = f64::from(percent) / 100.0;
        let definitions = definitions(&codes);
        for near_by in [NearBy::Text, NearBy::Tokens, NearBy::Both] {
            let settings = Settings { near_by, min_lines: 1, min_tokens: 1, ..Settings::default() };
            let settings = Settings { intent_threshold: threshold, ..settings.with_code_threshold(threshold) };
            let corpus = Corpus::new(&definitions, &settings);
            let (mut near, mut intents) = (Vec::new(), Vec::new());
            for left in 0..corpus.variants.len() {
                for right in left + 1..corpus.variants.len() {
                    let (a, b) = (&corpus.variants[left], &corpus.variants[right]);
                    let by_text = by_rapidfuzz(&characters(&a.code), &characters(&b.code));
                    let by_tokens = by_rapidfuzz(&a.unit.shape, &b.unit.shape);
                    let best = match near_by {
                        NearBy::Text => by_text,
                        NearBy::Tokens => by_tokens,
                        NearBy::Both => by_text.max(by_tokens),
                    };
                    let said = |place: u32| characters(definitions[place as usize].intent.as_deref().unwrap());
                    let by_intent = by_rapidfuzz(&said(a.members[0]), &said(b.members[0]));
                    if best >= threshold {
                        near.push((left as u32, right as u32, (best * 1e6).round()));
                    } else if by_intent >= threshold && a.unit.renamed != b.unit.renamed {
                        intents.push((left as u32, right as u32));
                    }
                }
            }
            let found: Vec<_> =
                all_near(&corpus).0.iter().map(|edge| (edge.left, edge.right, (f64::from(edge.ratio) * 1e6).round())).collect();
            prop_assert_eq!(found.len(), near.len());
            for (found, expected) in found.iter().zip(&near) {
                prop_assert_eq!((found.0, found.1), (expected.0, expected.1));
                prop_assert!((found.2 - expected.2).abs() <= 1.0, "{:?} {:?}", found, expected);
            }
            let found: Vec<_> = intent::pairs(&corpus).strong.iter().map(|edge| (edge.left, edge.right)).collect();
            prop_assert_eq!(found, intents);
        }
    }

    #[test]
    fn pairs_with_evidence_match_double_loop(codes in programs(), percent in 30_u32..=100) {
        let definitions = definitions(&codes);
        for near_by in [NearBy::Text, NearBy::Tokens, NearBy::Both] {
            let settings = Settings { near_by, min_lines: 1, min_tokens: 1, ..Settings::default() };
            let hide = settings.with_code_threshold(f64::from(percent) / 100.0);
            let all = Settings { min_confidence: Confidence::None, ..hide.clone() };
            let (found, expected) = (near_pairs(&Corpus::new(&definitions, &hide)), near_pairs(&Corpus::new(&definitions, &all)));
            prop_assert_eq!(found.strong, expected.strong);
            prop_assert_eq!(found.shape_only_count, None);
            prop_assert!(expected.shape_only_count.is_some());
        }
    }

    #[test]
    fn no_pair_is_lost_from_view(codes in programs()) {
        let definitions = definitions(&codes);
        for grouping in [Grouping::Cohesive, Grouping::Components] {
            let settings = Settings {
                channels: [Channel::Near].into(),
                grouping,
                min_lines: 1,
                min_tokens: 1,
                min_confidence: Confidence::None,
                ..Settings::default()
            };
            let report = find(&definitions, &settings);
            let corpus = Corpus::new(&definitions, &settings);
            for edge in all_near(&corpus).0 {
                for &left in &corpus.variants[edge.left as usize].members {
                    for &right in &corpus.variants[edge.right as usize].members {
                        let has = |group: &crate::Group, index: u32| {
                            group.members.iter().any(|member| member.index == index as usize)
                        };
                        prop_assert!(report.groups.iter().any(|group| has(group, left) && has(group, right)));
                    }
                }
            }
        }
    }

    #[test]
    fn cutoff_is_the_smallest_sufficient_length(total in 1_usize..5000, percent in 0_u32..=100) {
        let threshold = f64::from(percent) / 100.0;
        let length = length_for(threshold, total);
        prop_assert!(ratio(length, total) >= threshold);
        prop_assert!(length == 0 || ratio(length - 1, total) < threshold);
    }
}
