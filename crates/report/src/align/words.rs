//! The words of lines: how alike two lines are, and what differs in them.

/// Lines that share less of their words than this are not put side by side.
const LEAST_SHARE: f64 = 0.4;

/// The words of a line without its blanks, sorted.
pub(super) fn bag(line: &str) -> Vec<&str> {
    let mut words: Vec<&str> = words(line).into_iter().filter(|word| !word.trim().is_empty()).collect();
    words.sort_unstable();
    words
}

/// How much of their words two lines share, 0 to 1 (Dice); `None` if that is too little.
pub(super) fn likeness(left: &[&str], right: &[&str]) -> Option<f64> {
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
pub(super) fn words(line: &str) -> Vec<&str> {
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

/// The words of both lines, each with whether it is no part of what they have in common.
pub(super) fn differences<'a>(left: &[&'a str], right: &[&'a str]) -> [Vec<(&'a str, bool)>; 2] {
    let (rows, columns) = (left.len(), right.len());
    let width = columns + 1;
    let mut marks = [vec![true; rows], vec![true; columns]];
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
    let marked = |words: &[&'a str], marks: &[bool]| {
        words.iter().zip(marks).map(|(word, mark)| (*word, *mark && !word.trim().is_empty())).collect()
    };
    [marked(left, &marks[0]), marked(right, &marks[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(left: &str, right: &str) -> [Vec<String>; 2] {
        differences(&words(left), &words(right))
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
}
