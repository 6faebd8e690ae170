//! The lines that every copy has.

use crate::{
    corpus::Corpus,
    group::node::Node,
    read::lines::{line_hash, texts},
};

/// The lines that all members of a group have, letter by letter but for their indentation. Lines without a letter or a
/// digit are none: a closing bracket alone is no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Common {
    /// How many; one that stands in each member twice counts twice.
    pub(crate) lines: u32,
    /// Their characters.
    pub(crate) characters: u64,
}

impl Common {
    pub(crate) fn new<'a>(corpus: &Corpus, nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        let mut nodes = nodes.into_iter();
        let mut common = nodes.next().map(|node| lines(corpus, node)).unwrap_or_default();
        for node in nodes {
            if common.is_empty() {
                break;
            }
            let mut others = lines(corpus, node).into_iter().peekable();
            common.retain(|line| {
                while others.next_if(|other| other < line).is_some() {}
                others.next_if_eq(line).is_some()
            });
        }
        Self {
            lines: common.len() as u32,
            characters: common.iter().map(|&(_, characters)| u64::from(characters)).sum(),
        }
    }
}

/// The hash and the characters of each line that has a word, sorted.
fn lines(corpus: &Corpus, node: &Node) -> Vec<(u32, u32)> {
    let mut lines: Vec<(u32, u32)> = texts(&corpus.variants[node.variant as usize].code, node.lines)
        .map(str::trim)
        .filter(|text| text.contains(char::is_alphanumeric))
        .map(|text| (line_hash(text), text.chars().count() as u32))
        .collect();
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definition, Settings};

    fn common(pieces: &[(&str, (u32, u32))]) -> (u32, u64) {
        let definitions: Vec<Definition> = pieces.iter().map(|&(code, _)| Definition::of(code)).collect();
        let settings = Settings { min_lines: 1, min_tokens: 1, ..Settings::default() };
        let corpus = Corpus::new(&definitions, &settings);
        let nodes: Vec<Node> = (0..)
            .zip(pieces)
            .map(|(variant, &(_, lines))| Node { variant, lines, content: [0; 16], pairs_with_itself: false })
            .collect();
        let Common { lines, characters } = Common::new(&corpus, &nodes);
        (lines, characters)
    }

    #[test]
    fn a_line_counts_if_all_have_it() {
        let one = "def a(x):\n    é = f(\n        x,\n    )\n    g(x)\n    g(x)\n    return é\n";
        let other = "def b(x):\n    if x:\n        é = f(\n            x,\n        )\n        g(x)\n        return é\n";
        assert_eq!(common(&[(one, (0, 7))]), (6, 9 + 6 + 2 + 4 + 4 + 8));
        // Neither the header nor the second call nor the bracket.
        assert_eq!(common(&[(one, (0, 7)), (other, (0, 7))]), (4, 6 + 2 + 4 + 8));
        assert_eq!(common(&[(other, (0, 7)), (one, (0, 7))]), (4, 6 + 2 + 4 + 8));
        let third = "def c(x):\n    g(x)\n    return x\n";
        assert_eq!(common(&[(one, (0, 7)), (other, (0, 7)), (third, (0, 3))]), (1, 4));
        assert_eq!(common(&[("def d(y):\n    return y\n", (0, 2)), (other, (0, 7)), (third, (0, 3))]), (0, 0));
    }

    #[test]
    fn of_a_run_only_its_lines_count() {
        let one = "def a(x):\n    f(x)\n    g(x)\n    h(x)\n";
        let other = "def b(x):\n    h(x)\n    g(x)\n    f(x)\n";
        assert_eq!(common(&[(one, (1, 3)), (other, (1, 3))]), (1, 4));
        assert_eq!(common(&[(one, (1, 4)), (other, (1, 4))]), (3, 12));
    }
}
