//! Functions that have nothing to do with a seed and look like it.

use rapidfuzz::distance::indel;

use crate::{random::Random, source::parts};

/// Functions that no seed was copied from, each with its words reduced to what kind of word they are.
pub(crate) struct Others(Vec<(String, Vec<char>)>);

impl Others {
    pub(crate) fn new(codes: &[String]) -> Self {
        Self(codes.iter().map(|code| (code.clone(), outline(code))).collect())
    }

    /// One at random whose length in tokens differs by at most a tenth.
    pub(crate) fn of_similar_size(&self, code: &str, random: &mut Random) -> Option<String> {
        let length = outline(code).len();
        let fit =
            self.0.iter().filter(|(other, outline)| outline.len().abs_diff(length) * 10 <= length && other != code);
        let fit: Vec<&String> = fit.map(|(other, _)| other).collect();
        (!fit.is_empty()).then(|| fit[random.below(fit.len())].clone())
    }

    /// The one with the highest ratio over outlines, the first of equal ones.
    pub(crate) fn most_similar(&self, code: &str) -> Option<String> {
        let wanted = outline(code);
        let (mut best, mut chosen) = (0.0, None);
        for (other, outline) in self.0.iter().filter(|(other, _)| other != code) {
            let longest = wanted.len().max(outline.len());
            if outline.len().min(wanted.len()) * 2 < longest {
                continue;
            }
            let arguments = indel::Args::default().score_cutoff(best);
            let ratio =
                indel::normalized_similarity_with_args(wanted.iter().copied(), outline.iter().copied(), &arguments);
            if let Some(ratio) = ratio.filter(|&ratio| ratio > best) {
                (best, chosen) = (ratio, Some(other));
            }
        }
        chosen.cloned()
    }
}

/// One character a token. Reserved words differ by first letter and length; other names are one character, and so are
/// literals.
fn outline(code: &str) -> Vec<char> {
    let reserved = |text: &str| crate::mutate::is_keyword(text);
    code.lines()
        .flat_map(parts)
        .filter(|(text, _)| !text.trim().is_empty())
        .map(|(text, is_literal)| match text.chars().next() {
            _ if is_literal => '"',
            Some(first) if reserved(text) => {
                char::from_u32(0x4000 + first as u32 * 64 + u32::try_from(text.len()).unwrap()).unwrap()
            }
            Some(first) if first.is_alphanumeric() || first == '_' => 'n',
            Some(first) => first,
            None => ' ',
        })
        .collect()
}
