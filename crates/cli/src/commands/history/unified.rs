//! What differs between two texts, as hunks of lines with three lines around each.

use std::ops::Range;

use cds_report::align::{Aligner, Line};

/// Lines around what differs.
const CONTEXT: usize = 3;

/// How a diff names what is not there.
pub(super) const NOWHERE: &str = "/dev/null";

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Both,
    Before,
    After,
}

impl Sign {
    /// What stands before the line.
    pub(super) const fn character(self) -> char {
        match self {
            Self::Both => ' ',
            Self::Before => '-',
            Self::After => '+',
        }
    }
}

/// One stretch of lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    /// `@@ -1,2 +1,3 @@`
    pub(super) header: String,
    pub(super) lines: Vec<(Sign, &'a str)>,
}

/// A text, and which line of its file its first line is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) first_line: u32,
}

impl<'a> Text<'a> {
    /// Nothing at all, of which each line of the other side differs.
    pub(super) const NOTHING: Self = Self { text: "", first_line: 1 };

    fn lines(self) -> Vec<&'a str> {
        if self.text.is_empty() { Vec::new() } else { self.text.split('\n').collect() }
    }

    /// As a header has it: the first line and the count of lines.
    fn place(self, lines: &Range<usize>) -> String {
        let first = u64::from(self.first_line).saturating_add(lines.start as u64);
        // An empty place is named by the line before it.
        let first = if lines.is_empty() { first.saturating_sub(1) } else { first };
        format!("{first},{}", lines.len())
    }
}

/// The hunks of lines in which two texts differ; empty if they are equal.
pub(super) fn hunks<'a>(before: Text<'a>, after: Text<'a>) -> Vec<Hunk<'a>> {
    let lines = signed(&before.lines(), &after.lines());
    let changed = (0..lines.len()).filter(|at| lines[*at].0 != Sign::Both);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for at in changed {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(lines.len()));
        match ranges.last_mut().filter(|last| start <= last.end) {
            Some(last) => last.end = end,
            None => ranges.push(start..end),
        }
    }
    // How many lines of each text are before each line.
    let mut counts = Vec::with_capacity(lines.len() + 1);
    let (mut old, mut new) = (0, 0);
    for (sign, _) in &lines {
        counts.push((old, new));
        old += usize::from(*sign != Sign::After);
        new += usize::from(*sign != Sign::Before);
    }
    counts.push((old, new));
    let hunk = |range: Range<usize>| {
        let (start, end) = (counts[range.start], counts[range.end]);
        let header = format!("@@ -{} +{} @@", before.place(&(start.0..end.0)), after.place(&(start.1..end.1)));
        Hunk { header, lines: lines[range].to_vec() }
    };
    ranges.into_iter().map(hunk).collect()
}

/// The lines of both texts, those that differ before the next that is in both: first the old ones, then the new ones.
fn signed<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Sign, &'a str)> {
    let loud = |lines: &[&'a str]| lines.iter().map(|line| Line::loud(line)).collect::<Vec<_>>();
    let (mut lines, mut added) = (Vec::new(), Vec::new());
    for (row, column) in Aligner::default().align(&loud(old), &loud(new)) {
        if let (Some(row), Some(column)) = (row, column)
            && old[row] == new[column]
        {
            lines.append(&mut added);
            lines.push((Sign::Both, old[row]));
            continue;
        }
        lines.extend(row.map(|row| (Sign::Before, old[row])));
        added.extend(column.map(|column| (Sign::After, new[column])));
    }
    lines.append(&mut added);
    lines
}

/// The whole of it as one text, with a header of what is held against what; empty where nothing differs.
pub(super) fn patch(names: &[String; 2], before: Text<'_>, after: Text<'_>) -> String {
    let mut patch = String::new();
    for hunk in hunks(before, after) {
        if patch.is_empty() {
            patch = format!("--- {}\n+++ {}\n", names[0], names[1]);
        }
        patch.push_str(&hunk.header);
        patch.push('\n');
        for (sign, line) in hunk.lines {
            patch.push(sign.character());
            patch.push_str(line);
            patch.push('\n');
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(before: &str, after: &str) -> String {
        let text = |text| Text { text, first_line: 10 };
        patch(&["a.py", "b.py"].map(str::to_owned), text(before), text(after))
    }

    #[test]
    fn it_is_a_unified_diff() {
        let before = "def f():\n    a\n    b\n    c\n    d\n    e\n    f\n    g\n    h\n    i\n    j\n    k";
        let after = "def f(x):\n    a\n    b\n    c\n    d\n    e\n    f\n    g\n    h\n    i\n    k\n    l";
        let expected = "\
--- a.py
+++ b.py
@@ -10,4 +10,4 @@
-def f():
+def f(x):
     a
     b
     c
@@ -17,5 +17,5 @@
     g
     h
     i
-    j
     k
+    l
";
        assert_eq!(shown(before, after), expected);
    }

    #[test]
    fn what_was_not_there_has_no_lines() {
        assert_eq!(
            patch(&[NOWHERE, "a.py"].map(str::to_owned), Text::NOTHING, Text { text: "x\ny", first_line: 3 }),
            "--- /dev/null\n+++ a.py\n@@ -0,0 +3,2 @@\n+x\n+y\n"
        );
        assert_eq!(shown("same\n\r", "same\n\r"), "");
        assert_eq!(shown("x\r", "x"), "--- a.py\n+++ b.py\n@@ -10,1 +10,1 @@\n-x\r\n+x\n");
    }

    proptest! {
        #[test]
        fn both_sides_can_be_had_back(before in "[ab\n]{0,40}", after in "[ab\n]{0,40}") {
            let of = |text| Text { text, first_line: 1 };
            let hunks = hunks(of(&before), of(&after));
            for (text, other) in [(&before, Sign::After), (&after, Sign::Before)] {
                let lines = of(text).lines();
                for hunk in &hunks {
                    let own: Vec<&str> = hunk.lines.iter().filter(|(sign, _)| *sign != other).map(|(_, line)| *line).collect();
                    prop_assert!(own.is_empty() || lines.windows(own.len()).any(|window| window == own));
                }
            }
            let count = |sign| hunks.iter().flat_map(|hunk| &hunk.lines).filter(|(other, _)| *other == sign).count();
            let grown = of(&after).lines().len() + count(Sign::Before);
            prop_assert_eq!(grown, of(&before).lines().len() + count(Sign::After));
        }
    }
}
