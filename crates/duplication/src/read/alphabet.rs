//! One byte for each character, so that texts are compared quickly.

use std::{borrow::Cow, collections::HashMap};

/// The code of all characters that have none of their own.
pub(crate) const SHARED_CODE: u8 = 255;

/// Gives each character one byte: ASCII its own, the 127 most frequent others one each, the rest [`SHARED_CODE`].
pub(crate) struct Alphabet {
    codes: HashMap<char, u8>,
}

impl Alphabet {
    pub(crate) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: HashMap<char, u64> = HashMap::new();
        for text in texts.filter(|text| !text.is_ascii()) {
            for letter in text.chars().filter(|letter| !letter.is_ascii()) {
                *counts.entry(letter).or_default() += 1;
            }
        }
        let mut frequent: Vec<(u64, char)> = counts.into_iter().map(|(letter, count)| (count, letter)).collect();
        frequent.sort_unstable_by(|left, right| right.cmp(left));
        Self { codes: frequent.into_iter().map(|(_, letter)| letter).zip(128..SHARED_CODE).collect() }
    }

    pub(crate) fn encode<'a>(&self, text: &'a str) -> Cow<'a, [u8]> {
        if text.is_ascii() {
            return Cow::Borrowed(text.as_bytes());
        }
        let code = |letter: char| {
            u8::try_from(u32::from(letter))
                .ok()
                .filter(u8::is_ascii)
                .unwrap_or_else(|| self.codes.get(&letter).copied().unwrap_or(SHARED_CODE))
        };
        Cow::Owned(text.chars().map(code).collect())
    }
}
