//! "Does this exist already?": the definitions most similar to one piece of code.
//!
//! Tests that need no tokens come first, and the most promising texts before the others. A text that cannot reach the
//! lowest sum among the best found so far is given up at once. The result is the same as that of a comparison with every
//! text.

mod best;
mod bound;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    sync::atomic::{AtomicUsize, Ordering},
};

use cds_language::{Former, Language, Token};
use rayon::prelude::*;

use crate::{
    Channel, Definition,
    matching::{
        lcs::{Pattern, length_for, ratio},
        ratio::text_ratio,
    },
    read::{
        alphabet::{Alphabet, SHARED_CODE},
        shape::{self, Class},
        unit::Unit,
    },
};
use best::Best;
use bound::{Counts, Notation, Vocabulary, counts, shared};

/// How far lengths may differ, as a factor; beyond it no ratio of interest is left.
const LENGTH_FACTOR: usize = 3;
/// The ratio below which nothing is reported.
const LEAST: f64 = 0.5;
/// Longer code is compared by its characters only if its tokens are similar. Unrelated texts share half of their letters
/// in some order: slow to find out for long ones, and no evidence.
const LONG: usize = 300;
/// The ratio of tokens from which long code is compared by its characters.
const MIN_LIKENESS: f64 = 0.6;
/// More than rounding can take from a difference of two ratios.
const ROUNDING: f64 = 1e-9;
/// How many texts a thread takes at a time.
const AT_ONCE: usize = 16;

/// A definition that is similar to the piece of code.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// Its place in the input.
    pub index: usize,
    /// The strongest kind of duplicate; near for all that is neither exact nor renamed.
    pub channel: Channel,
    /// The higher of the two ratios, 0.5 to 1.
    pub ratio: f64,
    /// The ratio over characters, 0 where it is below 0.5, and for code of more than 300 characters also where that over
    /// tokens is below 0.6.
    pub text_ratio: f64,
    /// The ratio over abstracted tokens, 0 where it is below 0.5.
    pub token_ratio: f64,
}

/// The at most `limit` definitions that are most like `normalized_code`, best first: by channel, then by the sum of both
/// ratios, so that what shares names comes before what shares a shape. It needs no intents and no preparation.
pub fn similar(
    language: &'static Language,
    definitions: &[Definition],
    normalized_code: &str,
    limit: usize,
) -> Vec<Similar> {
    let codes: Vec<&str> = definitions.iter().map(|definition| &*definition.normalized_code).collect();
    similar_codes(language, &codes, normalized_code, limit)
}

/// As [`similar`], for callers that have only the normalized code of the definitions.
pub fn similar_codes<T: AsRef<str> + Sync>(
    language: &'static Language,
    codes: &[T],
    normalized_code: &str,
    limit: usize,
) -> Vec<Similar> {
    let wanted = Wanted::new(language, normalized_code);
    let mut candidates: Vec<Candidate<'_>> =
        codes.par_iter().enumerate().filter_map(|(index, code)| wanted.candidate(index, code.as_ref())).collect();
    candidates.par_sort_unstable_by(|left, right| {
        right.most.total_cmp(&left.most).then_with(|| left.index.cmp(&right.index))
    });
    let best = Best::new(limit);
    let next = AtomicUsize::new(0);
    let search = |_: rayon::BroadcastContext<'_>| {
        let mut patterns = wanted.patterns();
        let mut found = Vec::new();
        loop {
            let start = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let Some(some) = candidates.get(start..(start + AT_ONCE).min(candidates.len())) else { return found };
            if some.is_empty() {
                return found;
            }
            for similar in some.iter().filter_map(|one| wanted.compare(one, best.least(), &mut patterns)) {
                let sum = similar.text_ratio + similar.token_ratio;
                // A stronger channel comes before any sum.
                best.add(if similar.channel == Channel::Near { sum } else { f64::MAX });
                found.push(similar);
            }
        }
    };
    let mut found = rayon::broadcast(search).concat();
    found.sort_by(order);
    found.truncate(limit);
    found
}

fn order(left: &Similar, right: &Similar) -> std::cmp::Ordering {
    let sum = |similar: &Similar| similar.text_ratio + similar.token_ratio;
    (left.channel.cmp(&right.channel))
        .then_with(|| sum(right).total_cmp(&sum(left)))
        .then_with(|| left.index.cmp(&right.index))
}

/// A text that may be like the code, and what its characters say about that.
struct Candidate<'a> {
    index: usize,
    code: &'a str,
    /// The highest ratio over characters that it can have; 0 where that is below 0.5.
    most: f64,
    may_be_renamed: bool,
}

/// The code that was asked about, prepared for many comparisons.
struct Wanted<'a> {
    language: &'static Language,
    code: &'a str,
    alphabet: Alphabet,
    text: Cow<'a, [u8]>,
    characters: Counts,
    vocabulary: Vocabulary,
    unit: Unit,
    classes: Vec<Class>,
    shape: Counts,
    notation: Notation,
}

/// The code as each thread compares it, and what it reads others into.
struct Patterns {
    language: &'static Language,
    text: Pattern,
    shape: Pattern,
    spare: Pattern,
    former: Former,
    tokens: Vec<Token>,
    classes: Vec<Class>,
}

impl Patterns {
    fn read(&mut self, code: &str) {
        self.former.read(self.language, code, &mut self.tokens);
        self.classes.clear();
        self.classes.extend(self.tokens.iter().map(|token| token.class));
    }
}

impl<'a> Wanted<'a> {
    fn new(language: &'static Language, code: &'a str) -> Self {
        let alphabet = Alphabet::new(std::iter::once(code));
        let text = alphabet.encode(code);
        let tokens = language.tokens(code);
        let classes = shape::classes(&tokens);
        let unit = Unit::new(language, code);
        Self {
            language,
            characters: counts(&text),
            vocabulary: Vocabulary::new(code, &tokens, &classes),
            shape: counts(&unit.shape),
            notation: Notation::new(language),
            code,
            alphabet,
            text,
            unit,
            classes,
        }
    }

    fn patterns(&self) -> Patterns {
        let mut patterns = Patterns {
            language: self.language,
            text: Pattern::default(),
            shape: Pattern::default(),
            spare: Pattern::default(),
            former: Former::default(),
            tokens: Vec::new(),
            classes: Vec::new(),
        };
        patterns.text.set(&self.text);
        patterns.shape.set(&self.unit.shape);
        patterns
    }

    fn candidate<'b>(&self, index: usize, code: &'b str) -> Option<Candidate<'b>> {
        let (length, own) = (code.len(), self.code.len());
        if length > own * LENGTH_FACTOR || own > length * LENGTH_FACTOR {
            return None;
        }
        let text = self.alphabet.encode(code);
        let characters = counts(&text);
        let most = ratio(shared(&self.characters, &characters), self.text.len() + text.len());
        Some(Candidate {
            index,
            code,
            most: if most >= LEAST { most } else { 0.0 },
            may_be_renamed: self.vocabulary.may_be_of(length, &characters),
        })
    }

    /// Both ratios, unless it is near at most and the sum of the two is below `least`.
    fn compare(&self, candidate: &Candidate<'_>, least: f64, patterns: &mut Patterns) -> Option<Similar> {
        let &Candidate { index, code, most, may_be_renamed } = candidate;
        if code == self.code {
            return Some(Similar { index, channel: Channel::Exact, ratio: 1.0, text_ratio: 1.0, token_ratio: 1.0 });
        }
        if !may_be_renamed && most + 1.0 < least {
            return None;
        }
        if self.text.len() > LONG {
            return self.compare_long(candidate, least, patterns);
        }
        // If tokens alone are not enough, the ratio of characters has to be 0.5. Knowing it first saves the tokenizing.
        let known = (!may_be_renamed && least > 1.0)
            .then(|| self.text_ratio(code, (least - 1.0 - ROUNDING).max(LEAST), patterns));
        if known == Some(None) {
            return None;
        }
        let known = known.flatten();
        patterns.read(code);
        let channel = self.channel(candidate, &patterns.classes);
        let least = if channel == Channel::Near { least } else { 0.0 };
        let most_tokens = self.most_tokens(&patterns.classes);
        if known.unwrap_or(most) + most_tokens < least {
            return None;
        }
        let by_text = known
            .or_else(|| self.text_ratio(code, (least - most_tokens - ROUNDING).max(LEAST), patterns))
            .unwrap_or(0.0);
        if by_text + most_tokens < least {
            return None;
        }
        let shape = self.language.canonical(code, &patterns.tokens, &patterns.classes);
        let by_tokens =
            at_least((&self.unit.shape, &mut patterns.shape), &shape, (least - by_text - ROUNDING).max(LEAST));
        as_similar(index, channel, (by_text, by_tokens.unwrap_or(0.0)), least)
    }

    /// The same for long code, whose tokens say first whether its characters are worth a look.
    fn compare_long(&self, candidate: &Candidate<'_>, least: f64, patterns: &mut Patterns) -> Option<Similar> {
        let &Candidate { index, code, most, .. } = candidate;
        patterns.read(code);
        let channel = self.channel(candidate, &patterns.classes);
        let least = if channel == Channel::Near { least } else { 0.0 };
        let most_tokens = self.most_tokens(&patterns.classes);
        if most_tokens + if most_tokens >= MIN_LIKENESS { most } else { 0.0 } < least {
            return None;
        }
        let shape = self.language.canonical(code, &patterns.tokens, &patterns.classes);
        let shape_pattern = (&self.unit.shape[..], &mut patterns.shape);
        let by_tokens = at_least(shape_pattern, &shape, (least - most - ROUNDING).max(LEAST)).unwrap_or(0.0);
        let by_text = (by_tokens >= MIN_LIKENESS)
            .then(|| self.text_ratio(code, (least - by_tokens - ROUNDING).max(LEAST), patterns))
            .flatten()
            .unwrap_or(0.0);
        as_similar(index, channel, (by_text, by_tokens), least)
    }

    fn channel(&self, candidate: &Candidate<'_>, classes: &[Class]) -> Channel {
        let is_renamed = candidate.may_be_renamed
            && classes == self.classes
            && Unit::new(self.language, candidate.code).renamed == self.unit.renamed;
        if is_renamed { Channel::Renamed } else { Channel::Near }
    }

    /// The highest ratio over tokens that code with these can have; 0 where that is below 0.5.
    fn most_tokens(&self, classes: &[Class]) -> f64 {
        let most = self.notation.most(&self.shape, self.unit.shape.len(), classes);
        if most >= LEAST { most } else { 0.0 }
    }

    fn text_ratio(&self, code: &str, least: f64, patterns: &mut Patterns) -> Option<f64> {
        let text = self.alphabet.encode(code);
        if text.contains(&SHARED_CODE) && self.text.contains(&SHARED_CODE) {
            return text_ratio((self.code, &self.text), (code, &text), least, &mut patterns.spare);
        }
        at_least((&self.text, &mut patterns.text), &text, least)
    }
}

fn as_similar(index: usize, channel: Channel, (by_text, by_tokens): (f64, f64), least: f64) -> Option<Similar> {
    let ratio = by_text.max(by_tokens);
    let found = Similar { index, channel, ratio, text_ratio: by_text, token_ratio: by_tokens };
    (ratio > 0.0 && by_text + by_tokens >= least).then_some(found)
}

/// The ratio of a sequence that was given to its pattern and another, if it is at least `least`.
fn at_least((own, pattern): (&[u8], &mut Pattern), other: &[u8], least: f64) -> Option<f64> {
    let total = own.len() + other.len();
    let common = pattern.at_least(other, length_for(least, total))?;
    Some(ratio(common, total))
}
