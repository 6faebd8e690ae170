//! One of two pieces of code whose lines are compared.

use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

use cds_language::{Language, Token};

use super::chain::{By, Columns};
use crate::read::{
    shape::{self, Class},
    unit::Unit,
};

/// The tokens of a piece of code, read once for all comparisons.
#[derive(Default)]
pub(super) struct Reading(OnceLock<(Vec<Token>, Vec<Class>)>);

/// One of the two pieces of code.
pub(super) struct Part<'a> {
    language: &'static Language,
    pub(super) code: &'a str,
    pub(super) unit: &'a Unit,
    /// How many lines are no part of a run: the header of a definition only names it.
    header: usize,
    by_shape: OnceLock<Columns>,
    by_text: OnceLock<Columns>,
    side: OnceLock<Side<'a>>,
    reading: Option<&'a Reading>,
}

impl<'a> Part<'a> {
    pub(super) const fn definition(language: &'static Language, code: &'a str, unit: &'a Unit) -> Self {
        Self {
            language,
            code,
            unit,
            header: 1,
            by_shape: OnceLock::new(),
            by_text: OnceLock::new(),
            side: OnceLock::new(),
            reading: None,
        }
    }

    /// Code outside of functions.
    pub(super) fn outside(language: &'static Language, code: &'a str, unit: &'a Unit) -> Self {
        Self { header: 0, ..Self::definition(language, code, unit) }
    }

    /// The same with a place for its tokens that outlives it.
    pub(super) fn read_into(self, reading: &'a Reading) -> Self {
        Self { reading: Some(reading), ..self }
    }

    /// Code that may begin with any line.
    pub(super) fn any(language: &'static Language, code: &'a str, unit: &'a Unit) -> Self {
        let mut part = Self::definition(language, code, unit);
        part.header = usize::from(part.side().begins_definition(0));
        part
    }

    /// How many lines are no part of a run.
    pub(super) const fn header(&self) -> usize {
        self.header
    }

    /// Its lines by what has to be equal.
    pub(super) fn columns(&self, by: By) -> &Columns {
        let columns = match by {
            By::Shape => &self.by_shape,
            By::Text => &self.by_text,
        };
        columns.get_or_init(|| Columns::new(&self.unit.lines, by))
    }

    pub(super) fn side(&self) -> &Side<'a> {
        self.side.get_or_init(|| Side::new(self))
    }

    pub(super) fn open_lines(&self) -> Vec<bool> {
        (0..self.unit.lines.len()).map(|line| line >= self.header).collect()
    }
}

/// One of the two definitions with its tokens.
pub(super) struct Side<'a> {
    language: &'static Language,
    pub(super) code: &'a str,
    pub(super) unit: &'a Unit,
    pub(super) header: usize,
    pub(super) tokens: Cow<'a, [Token]>,
    pub(super) classes: Cow<'a, [Class]>,
}

impl<'a> Side<'a> {
    fn new(part: &Part<'a>) -> Self {
        let read = || {
            let tokens = part.language.tokens(part.code);
            let classes = shape::classes(&tokens);
            (tokens, classes)
        };
        let (tokens, classes) = if let Some(Reading(kept)) = part.reading {
            let (tokens, classes) = kept.get_or_init(read);
            (Cow::Borrowed(&**tokens), Cow::Borrowed(&**classes))
        } else {
            let (tokens, classes) = read();
            (Cow::Owned(tokens), Cow::Owned(classes))
        };
        Self { language: part.language, code: part.code, unit: part.unit, header: part.header, tokens, classes }
    }

    /// The text of a token of a line, if it has that many.
    pub(super) fn word(&self, line: usize, at: u32) -> Option<&'a str> {
        let line = self.unit.lines.get(line).filter(|line| at < line.tokens)?;
        Some(self.tokens[(line.token + at) as usize].text(self.code))
    }

    /// Whether a line only begins a definition: its header, or a decorator. Without the body it is no evidence.
    pub(super) fn begins_definition(&self, line: usize) -> bool {
        let last = self.unit.lines.get(line).map_or(0, |line| line.tokens.saturating_sub(1));
        let statements = &self.language.statements;
        let [first, second] = [0, 1].map(|at| self.word(line, at).unwrap_or_default());
        first == statements.decorator
            || (statements.begins_definition(first, second) && self.word(line, last) == Some(statements.header_end))
    }

    /// Whether a statement that begins with this word hands a value or an error to the caller.
    pub(super) fn hands_over(&self, word: &str) -> bool {
        self.language.statements.hands_over(word)
    }

    /// The tokens of the lines from `from` to `to`, abstracted, with the structure between them.
    pub(super) fn classes(&self, (from, to): (usize, usize)) -> &[Class] {
        let (first, last) = (&self.unit.lines[from], &self.unit.lines[to]);
        &self.classes[first.token as usize..(last.token + last.tokens) as usize]
    }

    /// The normalized lines of the logical ones from `from` to `to`, the last one excluded.
    pub(super) fn lines(&self, (from, to): (usize, usize)) -> (u32, u32) {
        let lines = &self.unit.lines;
        (lines[from].first, lines[to].last + 1)
    }
}

/// How the names of two runs correspond, as shares of all of them from 0 to 1; 1 where there are none.
pub(super) struct Names {
    /// Those that stand for one and the same name nearly everywhere.
    pub(super) consistent: f64,
    /// Those that are spelled the same.
    pub(super) equal: f64,
}

impl Names {
    pub(super) fn new(left: &Side, right: &Side, chain: &[(usize, usize)]) -> Self {
        let mut pairs: HashMap<(u8, &str), HashMap<&str, u32>> = HashMap::new();
        let (mut count, mut equal) = (0_u32, 0_u32);
        for &(row, column) in chain {
            let (row, column) = (&left.unit.lines[row], &right.unit.lines[column]);
            for offset in 0..row.tokens {
                let class = left.classes[(row.token + offset) as usize];
                if shape::is_name(class) {
                    let name = left.tokens[(row.token + offset) as usize].text(left.code);
                    let other = right.tokens[(column.token + offset) as usize].text(right.code);
                    *pairs.entry((shape::space(class), name)).or_default().entry(other).or_default() += 1;
                    count += 1;
                    equal += u32::from(name == other);
                }
            }
        }
        let together: u32 = pairs.values().filter_map(|others| others.values().max()).sum();
        let share = |part: u32| if count == 0 { 1.0 } else { f64::from(part) / f64::from(count) };
        Self { consistent: share(together), equal: share(equal) }
    }
}
