//! What differs between two pieces of code, token by token, for showing them side by side.

use std::ops::Range;

use cds_language::{Language, Token, tokenize};

/// The most pairs of tokens that are aligned; larger pairs differ from their first to their last different token.
const MOST_CELLS: usize = 9_000_000;

/// The byte ranges of `left` and of `right` whose tokens have no partner in the other, ascending. Names and literals are
/// compared as they are; layout does not count.
pub fn difference(language: &Language, left: &str, right: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (own_tokens, other_tokens) = (visible(language, left), visible(language, right));
    let text = |code, token: &Token| -> u64 {
        crate::read::hash::Hash::new().bytes(Token::text(token, code).as_bytes()).finish()
    };
    let (own_texts, other_texts): (Vec<u64>, Vec<u64>) = (
        own_tokens.iter().map(|token| text(left, token)).collect(),
        other_tokens.iter().map(|token| text(right, token)).collect(),
    );
    let start = own_texts.iter().zip(&other_texts).take_while(|(left, right)| left == right).count();
    let same_end = own_texts[start..]
        .iter()
        .rev()
        .zip(other_texts[start..].iter().rev())
        .take_while(|(left, right)| left == right)
        .count();
    let (rows, columns) =
        (&own_texts[start..own_texts.len() - same_end], &other_texts[start..other_texts.len() - same_end]);
    let (mut own, mut others) = (vec![true; rows.len()], vec![true; columns.len()]);
    let width = columns.len() + 1;
    if (rows.len() + 1) * width <= MOST_CELLS {
        let mut lengths = vec![0_u32; (rows.len() + 1) * width];
        for i in (0..rows.len()).rev() {
            for j in (0..columns.len()).rev() {
                lengths[i * width + j] = if rows[i] == columns[j] {
                    lengths[(i + 1) * width + j + 1] + 1
                } else {
                    lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < rows.len() && j < columns.len() {
            if rows[i] == columns[j] {
                (own[i], others[j]) = (false, false);
                (i, j) = (i + 1, j + 1);
            } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    let ranges = |tokens: &[Token], marked: &[bool]| {
        let chosen = tokens[start..].iter().zip(marked).filter(|(_, marked)| **marked);
        chosen.map(|(token, _)| token.start as usize..token.end as usize).collect()
    };
    (ranges(&own_tokens, &own), ranges(&other_tokens, &others))
}

fn visible(language: &Language, code: &str) -> Vec<Token> {
    tokenize(language.lexicon, code).into_iter().filter(|token| !token.kind.is_structure()).collect()
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    use super::difference;

    #[test]
    fn only_what_differs_is_marked() {
        let (left, right) = ("a = f(x, 1)\nreturn a\n", "a = f(y, 1)\nreturn go, a\n");
        let (own, others) = difference(Language::of_record("a.py"), left, right);
        assert_eq!(own.into_iter().map(|range| &left[range]).collect::<Vec<_>>(), ["x"]);
        assert_eq!(others.into_iter().map(|range| &right[range]).collect::<Vec<_>>(), ["y", "go", ","]);
    }
}
