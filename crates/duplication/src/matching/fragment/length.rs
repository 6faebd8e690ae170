//! The length of runs of lines, and their minimum.

use crate::{Settings, read::unit::Line};

/// How long a run has to be.
#[derive(Clone, Copy)]
pub(super) struct Least {
    pub(super) lines: u32,
    pub(super) tokens: u32,
}

impl Least {
    pub(super) const fn usual(settings: &Settings) -> Self {
        Self { lines: settings.min_fragment_lines, tokens: settings.min_fragment_tokens }
    }

    /// Of a run that is equal letter by letter.
    pub(super) const fn verbatim(settings: &Settings) -> Self {
        Self { lines: settings.min_fragment_lines, tokens: settings.min_fragment_tokens.div_ceil(2) }
    }

    pub(super) const fn is_reached(self, length: Length) -> bool {
        length.lines >= self.lines && length.tokens >= self.tokens
    }
}

/// Normalized lines and tokens.
#[derive(Clone, Copy, Default)]
pub(super) struct Length {
    pub(super) lines: u32,
    pub(super) tokens: u32,
}

impl Length {
    pub(super) fn of(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |sum, line| Self {
            lines: sum.lines + line.last + 1 - line.first,
            tokens: sum.tokens + line.tokens,
        })
    }

    /// Of the lines of a chain, in the definition where that is less.
    pub(super) fn of_chain(rows: &[Line], columns: &[Line], chain: &[(usize, usize)]) -> Self {
        chain.iter().fold(Self::default(), |sum, &(row, column)| {
            sum.with(Self::of(&rows[row..=row]).shorter(Self::of(&columns[column..=column])))
        })
    }

    pub(super) fn shorter(self, other: Self) -> Self {
        Self { lines: self.lines.min(other.lines), tokens: self.tokens.min(other.tokens) }
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self { lines: self.lines + other.lines, tokens: self.tokens + other.tokens }
    }
}
