//! One notation for control structure that can be written in several: what the near channel compares.
//!
//! An `if` whose condition is negated and that has an `else` is turned round; an `if` that holds nothing but another
//! one is joined with it by `and`; a `while` that counts or asks an iterator becomes the `for` that it spells out; a
//! loop that only fills a list, set or dictionary becomes the comprehension; a value that is named only to be returned
//! is returned. Both sides of a comparison are rewritten in the same way, so a rewriting that does not fit costs nothing. Code
//! that is nested deeper than [`MAX_DEPTH`] or longer than [`MAX_TOKENS`] is left as it is.

mod conditions;
mod loops;
mod statement;

use std::borrow::Cow;

use super::class as fixed;
use crate::{
    Token,
    class::{self, Class},
};
use statement::{Piece, Statement, text_hash};

const MAX_DEPTH: usize = 48;
const MAX_TOKENS: usize = 100_000;

/// The classes of `tokens` with control structure in one notation.
pub(crate) fn shape<'a>(code: &str, tokens: &[Token], classes: &'a [Class]) -> Cow<'a, [Class]> {
    if tokens.len() > MAX_TOKENS || !may_change(classes) {
        return Cow::Borrowed(classes);
    }
    rewritten(code, tokens, classes).map_or(Cow::Borrowed(classes), Cow::Owned)
}

/// None if it is nested too deep.
fn rewritten(code: &str, tokens: &[Token], classes: &[Class]) -> Option<Vec<Class>> {
    let pieces = tokens.iter().zip(classes).map(|(token, &class)| Piece { class, text: text_hash(token.text(code)) });
    let block = rewrite(statement::parse(pieces, MAX_DEPTH)?);
    let mut written = Vec::with_capacity(classes.len());
    statement::write(&block, &mut written);
    Some(written)
}

const IF: Class = fixed("if");
const ELSE: Class = fixed("else");
const FOR: Class = fixed("for");
const WHILE: Class = fixed("while");
const RETURN: Class = fixed("return");
const EQUALS: Class = fixed("=");
/// What a condition has that can be turned round.
const NEGATIONS: [Class; 4] = [fixed("not"), fixed("!="), fixed(">="), fixed("<=")];
const OPENING: [Class; 2] = [fixed("["), fixed("{")];
const CLOSING: [Class; 3] = [fixed("]"), fixed("}"), fixed(")")];

/// Whether anything is there that may have a second notation; most code has none. Where this is false, rewriting changes
/// nothing: it looks at no more than a line, the one before it at the same depth, and the first one of its block.
pub(crate) fn may_change(classes: &[Class]) -> bool {
    if !classes.iter().any(|class| [IF, WHILE, FOR].contains(class))
        && !classes.windows(3).any(|three| three == [RETURN, class::NAME, class::NEWLINE])
    {
        return false;
    }
    let (mut has_negation, mut has_else) = (false, false);
    let mut before: &[Class] = &[];
    for line in classes.split(|&class| class == class::NEWLINE) {
        let depth = line.iter().take_while(|class| [class::INDENT, class::DEDENT].contains(class)).count();
        let (structure, line) = line.split_at(depth);
        let opens = structure.contains(&class::INDENT);
        // An empty block, or one that begins where another ends, is written in another way.
        if opens && depth > 1 {
            return true;
        }
        match line.first() {
            Some(&IF) if opens && before.first() == Some(&IF) => return true,
            Some(&IF) => has_negation = has_negation || line.iter().any(|class| NEGATIONS.contains(class)),
            Some(&ELSE) => has_else = true,
            _ => {}
        }
        if let [class::NAME, EQUALS, value @ ..] = before {
            let is_used = match line {
                [WHILE, ..] | [RETURN, class::NAME] => true,
                // Only after a collection that was made empty.
                [FOR, ..] => value.len() <= 3 && value.last().is_some_and(|last| CLOSING.contains(last)),
                _ => false,
            };
            let is_comprehension =
                || value.first().is_some_and(|first| OPENING.contains(first)) && value.contains(&FOR);
            if is_used || is_comprehension() {
                return true;
            }
        }
        before = line;
    }
    has_negation && has_else
}

/// Rewrites the inner blocks first; the depth is bounded by [`MAX_DEPTH`].
fn rewrite(block: Vec<Statement>) -> Vec<Statement> {
    let mut done: Vec<Statement> = Vec::with_capacity(block.len());
    let mut rest = block.into_iter().peekable();
    while let Some(mut next) = rest.next() {
        next.block = rewrite(std::mem::take(&mut next.block));
        if next.starts_with("if") {
            if rest.peek().is_some_and(|follower| follower.is_only("else")) {
                if let Some(positive) = conditions::positive(&next.head)
                    && let Some(mut other) = rest.next()
                {
                    other.block = rewrite(std::mem::take(&mut other.block));
                    next.head = positive;
                    std::mem::swap(&mut next.block, &mut other.block);
                    done.push(next);
                    done.push(other);
                    continue;
                }
            } else if !rest.peek().is_some_and(|follower| follower.starts_with("elif")) {
                conditions::join_nested(&mut next);
            }
        } else if next.starts_with("while") {
            loops::count_or_ask(&mut done, &mut next);
        }
        if next.starts_with("for") {
            loops::collect(&mut done, &mut next);
        }
        loops::inline(&mut done, &mut next);
        done.push(next);
    }
    done
}

#[cfg(test)]
mod tests {
    use crate::{Token, class::Class, python::PYTHON};

    fn classes(tokens: &[Token]) -> Vec<Class> {
        tokens.iter().map(|token| token.class).collect()
    }

    fn shape(code: &str) -> Vec<Class> {
        let tokens = PYTHON.tokens(code);
        let classes = classes(&tokens);
        super::shape(code, &tokens, &classes).into_owned()
    }

    /// Both texts come out as the same tokens.
    fn check(left: &str, right: &str) {
        assert_eq!(shape(left), shape(right), "{left}\n---\n{right}");
    }

    #[test]
    fn a_negated_condition_is_turned_round() {
        let right = "def f(a):\n    if a:\n        x(1)\n    else:\n        return y\n    z.go()\n";
        check("def f(a):\n    if not a:\n        return y\n    else:\n        x(1)\n    z.go()\n", right);
        check("def f(a):\n    if not (a):\n        return y\n    else:\n        x(1)\n    z.go()\n", right);
        check("if a != b:\n    x(1)\nelse:\n    y.z\n", "if a == b:\n    y.z\nelse:\n    x(1)\n");
        check("if a is not None:\n    x(1)\nelse:\n    y.z\n", "if a is None:\n    y.z\nelse:\n    x(1)\n");
        check("if a not in b:\n    x(1)\nelse:\n    y.z\n", "if a in b:\n    y.z\nelse:\n    x(1)\n");
        check("if not (a and b):\n    x(1)\nelse:\n    y.z\n", "if a and b:\n    y.z\nelse:\n    x(1)\n");
        check("if not (a == b):\n    x(1)\nelse:\n    y.z\n", "if a == b:\n    y.z\nelse:\n    x(1)\n");
    }

    #[test]
    fn a_lone_inner_condition_is_joined() {
        check("if a:\n    if b:\n        if c:\n            x(1)\ny = 2\n", "if a and b and c:\n    x(1)\ny = 2\n");
    }

    #[test]
    fn a_while_that_counts_is_a_for() {
        check("i = 0\nwhile i < n:\n    x(i)\n    i += 1\n", "for i in range(n):\n    x(i)\n");
        check("i = a\nwhile i < n:\n    x(i)\n    i = i + 1\n", "for i in range(a, n):\n    x(i)\n");
        check("i = 0\nwhile i < len(xs):\n    x = xs[i]\n    go(x)\n    i += 1\n", "for x in xs:\n    go(x)\n");
        check(
            "items = list(a.xs())\ni = 0\nwhile i < len(items):\n    x, y = items[i]\n    i += 1\n    go(x)\n",
            "for x, y in a.xs():\n    go(x)\n",
        );
        check(
            "it = iter(xs)\nwhile True:\n    try:\n        x = next(it)\n    except StopIteration:\n        break\n    go(x)\n",
            "for x in xs:\n    go(x)\n",
        );
    }

    #[test]
    fn a_loop_that_only_fills_is_a_comprehension() {
        check("r = []\nfor x in xs:\n    r.append(x + 1)\nreturn r\n", "return [x + 1 for x in xs]\n");
        check(
            "r = set()\nfor x in xs:\n    if x.ok:\n        r.add(f(x))\ngo(r)\n",
            "r = {f(x) for x in xs if x.ok}\ngo(r)\n",
        );
        check("r = {}\nfor k, v in xs:\n    r[k] = v\ngo(r, r)\n", "r = {k: v for k, v in xs}\ngo(r, r)\n");
    }

    /// What is left alone is what rewriting would not have changed, for all parts of this crate's texts and for lines put
    /// together at random.
    #[test]
    fn only_what_cannot_change_is_left_alone() {
        const LINES: [&str; 22] = [
            "r = []",
            "r = {}",
            "r = set()",
            "i = 0",
            "for x in xs:",
            "r.append(x)",
            "r[x] = y",
            "while i < n:",
            "i += 1",
            "if a:",
            "if not a:",
            "elif b:",
            "else:",
            "return r",
            "y = [x for x in r]",
            "go(y)",
            "while True:",
            "it = iter(xs)",
            "try:",
            "x = next(it)",
            "(",
            "\\",
        ];
        let mut state = 1_u64;
        let mut below = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % most
        };
        let (mut same, mut changed) = (0, 0);
        let mut check = |code: &str| {
            let tokens = crate::tokenize(&crate::python::LEXICON, code);
            let classes = classes(&tokens);
            let rewritten = super::rewritten(code, &tokens, &classes).unwrap_or_else(|| classes.clone());
            let looked_at = super::may_change(&classes);
            // Without any of these words nothing was ever rewritten, whatever its blocks are like.
            let has_word = classes.iter().any(|class| [super::IF, super::FOR, super::WHILE].contains(class));
            assert!(looked_at || !has_word || rewritten == classes, "{code}");
            if looked_at { changed += 1 } else { same += 1 }
        };
        for _ in 0..20_000 {
            let mut depth = 0;
            let mut code = String::new();
            for _ in 0..2 + below(6) {
                let line = LINES[below(LINES.len())];
                code.extend([" ".repeat(depth).as_str(), line, "\n"]);
                depth = if line.ends_with(':') { depth + 1 } else { depth.saturating_sub(below(3)) };
            }
            check(&code);
        }
        let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
        for path in sources.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(path).unwrap();
            text.split("\n\n").for_each(&mut check);
        }
        assert!(same > 2_000 && changed > 2_000, "{same} {changed}");
    }

    #[test]
    fn other_code_stays_as_it_is() {
        for code in ["if not a:\n    x(1)\n", "while i < n:\n    i += 2\n", "r = []\nfor x in xs:\n    q.append(x)\n"] {
            let tokens = crate::tokenize(&crate::python::LEXICON, code);
            assert_eq!(shape(code), classes(&tokens), "{code}");
        }
    }
}
