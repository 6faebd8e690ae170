//! The identity of a question to a model, and the answer stored under it.

use std::{fmt, str::FromStr};

use crate::hex;

/// The SHA-256 over everything that decides an answer: prompt, prompt version, model, its digest and the options.
///
/// Shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionKey(pub [u8; 32]);

impl fmt::Display for QuestionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(hex::text(&hex::digits::<32, 64>(self.0)))
    }
}

impl fmt::Debug for QuestionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for QuestionKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if !hex::is_hex(text, 64) {
            return Err(());
        }
        let mut key = [0; 32];
        for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| ())?;
        }
        Ok(Self(key))
    }
}

/// The question that a record's intent answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedQuestion {
    /// Its identity.
    pub key: QuestionKey,
    /// Whether the prompt holds only a part of the code because the code was too long for the model.
    pub is_cut: bool,
}

/// A good answer, stored so that the question is never paid for twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The question.
    pub key: QuestionKey,
    /// One sentence on one line.
    pub intent: String,
    /// The model's name.
    pub model: String,
    /// The digest of the model's files; empty if the provider does not report it.
    pub model_digest: String,
    /// The version of the prompt's text.
    pub prompt_version: u32,
    /// Tokens read; `None` if unknown.
    pub prompt_tokens: Option<u64>,
    /// Tokens written; `None` if unknown.
    pub answer_tokens: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_reads_back_from_its_text() {
        let key = QuestionKey(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!("0".repeat(63).parse::<QuestionKey>(), Err(()));
        assert_eq!("G".repeat(64).parse::<QuestionKey>(), Err(()));
    }
}
