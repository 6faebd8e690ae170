//! Which lines of two pieces of code belong beside each other, and what differs within them.

/// With more pairs of lines, or of words, both sides are paired in their order.
const MOST_CELLS: usize = 1_000_000;
/// Lines that share less of their words than this are not put side by side.
const LEAST_SHARE: f64 = 0.4;

/// A line of the left and one of the right that belong together, or one of them alone.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs the lines of both sides in their order, so that the pairs are as similar as possible.
pub(super) fn align(left: &[&str], right: &[&str]) -> Vec<Pair> {
    let start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (rest_left, rest_right) = (&left[start..], &right[start..]);
    let end = rest_left.iter().rev().zip(rest_right.iter().rev()).take_while(|(left, right)| left == right).count();
    let (middle_left, middle_right) = (&rest_left[..rest_left.len() - end], &rest_right[..rest_right.len() - end]);
    let mut pairs: Vec<Pair> = (0..start).map(|line| (Some(line), Some(line))).collect();
    let moved = |(left, right): Pair| (left.map(|line| line + start), right.map(|line| line + start));
    pairs.extend(align_middle(middle_left, middle_right).into_iter().map(moved));
    let tail = (left.len() - end..left.len()).zip(right.len() - end..right.len());
    pairs.extend(tail.map(|(left, right)| (Some(left), Some(right))));
    pairs
}

fn align_middle(left: &[&str], right: &[&str]) -> Vec<Pair> {
    let (rows, columns) = (left.len(), right.len());
    if (rows + 1).saturating_mul(columns + 1) > MOST_CELLS {
        let line = |line: usize, count: usize| (line < count).then_some(line);
        return (0..rows.max(columns)).map(|at| (line(at, rows), line(at, columns))).collect();
    }
    let bags = [left, right].map(|lines| lines.iter().map(|line| bag(line)).collect::<Vec<_>>());
    let width = columns + 1;
    // The best weight of the lines from here on.
    let mut best = vec![0.0_f64; (rows + 1) * width];
    let gain = |row: usize, column: usize| likeness(&bags[0][row], &bags[1][column]);
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let alone = best[(row + 1) * width + column].max(best[row * width + column + 1]);
            let together = gain(row, column).map_or(0.0, |gain| gain + best[(row + 1) * width + column + 1]);
            best[row * width + column] = alone.max(together);
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut pairs = Vec::with_capacity(rows.max(columns));
    while row < rows && column < columns {
        let here = best[row * width + column];
        let together = gain(row, column).map(|gain| gain + best[(row + 1) * width + column + 1]);
        if together.is_some_and(|together| together >= here) {
            pairs.push((Some(row), Some(column)));
            (row, column) = (row + 1, column + 1);
        } else if best[(row + 1) * width + column] >= best[row * width + column + 1] {
            pairs.push((Some(row), None));
            row += 1;
        } else {
            pairs.push((None, Some(column)));
            column += 1;
        }
    }
    pairs.extend((row..rows).map(|row| (Some(row), None)));
    pairs.extend((column..columns).map(|column| (None, Some(column))));
    pairs
}

/// The words of a line without its blanks, sorted.
fn bag(line: &str) -> Vec<&str> {
    let mut words: Vec<&str> = words(line).into_iter().filter(|word| !word.trim().is_empty()).collect();
    words.sort_unstable();
    words
}

/// How much of their words two lines share, 0 to 1 (Dice); `None` if that is too little.
fn likeness(left: &[&str], right: &[&str]) -> Option<f64> {
    let total = left.len() + right.len();
    if total == 0 {
        // Two empty lines: better paired than alone, but no reason to separate others.
        return Some(0.01);
    }
    let (mut row, mut column, mut common) = (0, 0, 0_u32);
    while row < left.len() && column < right.len() {
        match left[row].cmp(right[column]) {
            std::cmp::Ordering::Less => row += 1,
            std::cmp::Ordering::Greater => column += 1,
            std::cmp::Ordering::Equal => (row, column, common) = (row + 1, column + 1, common + 1),
        }
    }
    let total = u32::try_from(total).unwrap_or(u32::MAX);
    let share = 2.0 * f64::from(common) / f64::from(total);
    (share >= LEAST_SHARE).then_some(share)
}

/// Names and numbers, runs of blanks, and each other character for itself; together they are the line.
fn words(line: &str) -> Vec<&str> {
    let class = |character: char| match character {
        '_' => 0,
        _ if character.is_alphanumeric() => 0,
        _ if character.is_whitespace() => 1,
        _ => 2,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut previous = None;
    for (at, character) in line.char_indices() {
        let this = class(character);
        if previous.is_some_and(|previous| previous != this || this == 2) {
            words.push(&line[start..at]);
            start = at;
        }
        previous = Some(this);
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}

/// The pieces of two lines in their order, each with whether it has no partner in the other line.
pub(super) fn differences<'a>(left: &'a str, right: &'a str) -> [Vec<(&'a str, bool)>; 2] {
    let (left, right) = (words(left), words(right));
    let (rows, columns) = (left.len(), right.len());
    let width = columns + 1;
    let mut marks = [vec![true; rows], vec![true; columns]];
    if (rows + 1).saturating_mul(width) <= MOST_CELLS {
        let mut lengths = vec![0_u32; (rows + 1) * width];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                lengths[row * width + column] = if left[row] == right[column] {
                    lengths[(row + 1) * width + column + 1] + 1
                } else {
                    lengths[(row + 1) * width + column].max(lengths[row * width + column + 1])
                };
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            if left[row] == right[column] {
                (marks[0][row], marks[1][column]) = (false, false);
                (row, column) = (row + 1, column + 1);
            } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }
    let [left_marks, right_marks] = marks;
    let blank_is_nothing = |(word, mark): (&'a str, bool)| (word, mark && !word.trim().is_empty());
    [
        left.into_iter().zip(left_marks).map(blank_is_nothing).collect(),
        right.into_iter().zip(right_marks).map(blank_is_nothing).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(left: &str, right: &str) -> [Vec<String>; 2] {
        differences(left, right)
            .map(|pieces| pieces.iter().filter(|(_, mark)| *mark).map(|(word, _)| (*word).to_owned()).collect())
    }

    #[test]
    fn only_words_that_differ_are_marked() {
        assert_eq!(marked("a = f(x, 1)", "a = f(y, 1)"), [vec!["x".to_owned()], vec!["y".to_owned()]]);
        assert_eq!(marked("same", "same"), [Vec::<String>::new(), Vec::new()]);
        assert_eq!(marked("f(a)", "f( a )"), [Vec::<String>::new(), Vec::new()]);
        for line in ["", "a_1 加=  \"x\"", "::"] {
            assert_eq!(words(line).concat(), line);
        }
    }

    #[test]
    fn a_line_that_was_added_moves_the_others_along() {
        let left = ["def load(row):", "  price = row.price", "  return price"];
        let right = ["def read(item):", "  log(item)", "  cost = item.cost", "  return cost"];
        let expected = [(Some(0), Some(0)), (None, Some(1)), (Some(1), Some(2)), (Some(2), Some(3))];
        assert_eq!(align(&left, &right), expected);
    }

    #[test]
    fn every_line_stands_once_and_in_its_order() {
        let texts = ["", "a", "a\nb\nc", "x\ny", "a\n\nb", "c\nb\na", "a\nx\nc\nd"];
        for left in texts {
            for right in texts {
                let lines = [left, right].map(|text| text.lines().collect::<Vec<_>>());
                let pairs = align(&lines[0], &lines[1]);
                let lefts: Vec<usize> = pairs.iter().filter_map(|pair| pair.0).collect();
                let rights: Vec<usize> = pairs.iter().filter_map(|pair| pair.1).collect();
                assert_eq!(lefts, (0..lines[0].len()).collect::<Vec<_>>(), "{left:?} {right:?}");
                assert_eq!(rights, (0..lines[1].len()).collect::<Vec<_>>(), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn long_texts_are_paired_in_order() {
        let left: Vec<String> = (0..2_000).map(|line| format!("left {line}")).collect();
        let right: Vec<String> = (0..1_500).map(|line| format!("right {line}")).collect();
        let [left, right] = [left, right].map(|lines| lines.join("\n"));
        let pairs = align(&left.lines().collect::<Vec<_>>(), &right.lines().collect::<Vec<_>>());
        assert_eq!((pairs.len(), pairs[7], pairs[1_999]), (2_000, (Some(7), Some(7)), (Some(1_999), None)));
    }
}
