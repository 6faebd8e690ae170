//! "Does this exist already?": the definitions most like one piece of code.

use rayon::prelude::*;

use crate::{
    Channel, Definition,
    corpus::{Alphabet, sequence_ratio, text_ratio},
    lcs::Pattern,
    unit::Unit,
};

/// How far lengths may differ, as a factor; beyond it no ratio of interest is left.
const LENGTH_FACTOR: usize = 3;
/// The ratio below which nothing is said.
const LEAST: f64 = 0.5;

/// A definition that is like the code that was asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// Its place in the input.
    pub index: usize,
    /// The strongest sense in which the two are the same; near for whatever is neither exact nor renamed.
    pub channel: Channel,
    /// The higher of the two ratios, 0.5 to 1.
    pub ratio: f64,
    /// The ratio over characters, 0 where it is below 0.5.
    pub text_ratio: f64,
    /// The ratio over abstracted tokens, 0 where it is below 0.5.
    pub token_ratio: f64,
}

/// The at most `limit` definitions that are most like `normalized_code`, best first: by channel, then by the sum of both
/// ratios, so that what shares names comes before what shares a shape. It needs no intents and no preparation.
pub fn similar(definitions: &[Definition], normalized_code: &str, limit: usize) -> Vec<Similar> {
    let code = normalized_code;
    let unit = Unit::new(code);
    let alphabet = Alphabet::new(std::iter::once(code));
    let text = alphabet.encode(code);
    let mut found: Vec<Similar> = definitions
        .par_iter()
        .enumerate()
        .filter(|(_, definition)| {
            let length = definition.normalized_code.len();
            length <= code.len() * LENGTH_FACTOR && code.len() <= length * LENGTH_FACTOR
        })
        .map_init(Pattern::default, |pattern, (index, definition)| {
            let other: &str = &definition.normalized_code;
            if other == code {
                let channel = Channel::Exact;
                return Some(Similar { index, channel, ratio: 1.0, text_ratio: 1.0, token_ratio: 1.0 });
            }
            let encoded = alphabet.encode(other);
            let by_text = text_ratio((code, &text), (other, &encoded), LEAST, pattern).unwrap_or(0.0);
            let other = Unit::new(other);
            let by_tokens = sequence_ratio(&unit.shape, &other.shape, LEAST, pattern).unwrap_or(0.0);
            let channel = if unit.renamed == other.renamed { Channel::Renamed } else { Channel::Near };
            let ratio = by_text.max(by_tokens);
            (ratio > 0.0).then_some(Similar { index, channel, ratio, text_ratio: by_text, token_ratio: by_tokens })
        })
        .flatten_iter()
        .collect();
    found.sort_by(|left, right| {
        let sum = |similar: &Similar| similar.text_ratio + similar.token_ratio;
        (left.channel.cmp(&right.channel))
            .then_with(|| sum(right).total_cmp(&sum(left)))
            .then_with(|| left.index.cmp(&right.index))
    });
    found.truncate(limit);
    found
}
