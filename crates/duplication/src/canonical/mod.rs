//! One notation for control structure that can be written in several: what the near channel compares.
//!
//! An `if` whose condition is negated and that has an `else` is turned round; an `if` that holds nothing but another
//! one is joined with it by `and`; a `while` that counts or asks an iterator becomes the `for` that it spells out; a
//! loop that only fills a list, set or dictionary becomes the comprehension; a value that is named only to be returned
//! is returned. Both sides of a comparison are rewritten alike, so a rewriting that does not fit costs nothing. Code
//! that is nested deeper than [`MAX_DEPTH`] or longer than [`MAX_TOKENS`] is left as it is.

mod conditions;
mod loops;
mod statement;

use crate::{
    lexer::Token,
    shape::{self, Class},
    unit::word_hash,
};
use statement::{Piece, Statement};

const MAX_DEPTH: usize = 48;
const MAX_TOKENS: usize = 100_000;

/// The classes of `tokens` with control structure in one notation.
pub(crate) fn shape(code: &str, tokens: &[Token], classes: &[Class]) -> Vec<Class> {
    if tokens.len() > MAX_TOKENS || !may_change(classes) {
        return classes.to_vec();
    }
    let pieces = tokens.iter().zip(classes).map(|(token, &class)| Piece { class, text: word_hash(token.text(code)) });
    let Some(block) = statement::parse(pieces, MAX_DEPTH) else { return classes.to_vec() };
    let block = rewrite(block);
    let mut written = Vec::with_capacity(classes.len());
    statement::write(&block, &mut written);
    written
}

/// Whether anything is there that has a second notation.
fn may_change(classes: &[Class]) -> bool {
    let (condition, repeat, every, give) =
        (shape::code_of("if"), shape::code_of("while"), shape::code_of("for"), shape::code_of("return"));
    classes.iter().any(|&class| class == condition || class == repeat || class == every)
        || classes.windows(3).any(|three| three == [give, shape::NAME, shape::NEWLINE])
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
    use crate::unit::Unit;

    /// Both texts come out as the same tokens.
    fn check(left: &str, right: &str) {
        assert_eq!(Unit::new(left).shape, Unit::new(right).shape, "{left}\n---\n{right}");
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

    #[test]
    fn other_code_stays_as_it_is() {
        for code in ["if not a:\n    x(1)\n", "while i < n:\n    i += 2\n", "r = []\nfor x in xs:\n    q.append(x)\n"] {
            let tokens = crate::lexer::tokenize(code);
            assert_eq!(Unit::new(code).shape, crate::shape::classes(code, &tokens), "{code}");
        }
    }
}
