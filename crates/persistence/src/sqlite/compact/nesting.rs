//! Finds the definitions of a file inside of the code of the classes, functions and the file around them.
//!
//! Exact code holds nested code as it is. Normalized code holds it with an indent, which all of its lines but the
//! first repeat. Both are compared byte for byte, so a definition that is not found costs room and nothing else.

use std::ops::Range;

/// A nested definition is stored apart from its surroundings only if its code has at least this many bytes; below,
/// the rows take more room than they save.
const LEAST_BYTES: usize = 100;

/// The search in normalized code reads at most this many times the bytes of the file.
const MOST_PASSES: usize = 16;

/// The code of one record of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code<'a> {
    /// First and last line.
    pub(super) lines: (i64, i64),
    /// `None` if it is not valid text.
    pub(super) raw: Option<&'a str>,
    pub(super) normalized: Option<&'a str>,
}

/// A definition inside of the code of another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nested {
    /// The index of its record.
    pub(super) index: usize,
    /// Its bytes in the code around it.
    pub(super) bytes: Range<usize>,
    /// What each of its lines but the first begins with there, in addition.
    pub(super) indent: String,
}

/// For each record, the definitions directly inside of its code, in order.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    pub(super) raw: Vec<Vec<Nested>>,
    pub(super) normalized: Vec<Vec<Nested>>,
}

/// Finds the nested definitions of the records of one file; an outer record comes before its inner ones.
pub(super) fn nesting(records: &[Code<'_>]) -> Nesting {
    let mut found = Nesting { raw: vec![Vec::new(); records.len()], normalized: vec![Vec::new(); records.len()] };
    // The records that enclose the current one, each with the position of its exact code in that of the first one.
    let mut enclosing: Vec<(usize, usize)> = Vec::new();
    let mut lines = Lines::default();
    let mut budget = records.iter().filter_map(|record| record.normalized).map(str::len).max().unwrap_or(0);
    budget = budget.saturating_mul(MOST_PASSES);
    for (index, record) in records.iter().enumerate() {
        while enclosing.last().is_some_and(|&(outer, _)| !encloses(records[outer].lines, record.lines)) {
            enclosing.pop();
        }
        let (Some(&(root, _)), Some(&(outer, outer_start))) = (enclosing.first(), enclosing.last()) else {
            lines = Lines::of(record.raw.unwrap_or_default());
            enclosing.push((index, 0));
            continue;
        };
        let start = lines.start(record.lines.0.saturating_sub(records[root].lines.0));
        if let (Some(start), Some(inner), Some(code)) = (start, record.raw, records[outer].raw) {
            let begins = start.checked_sub(outer_start);
            push_raw(&mut found.raw[outer], index, inner, code, begins);
        }
        if let (Some(inner), Some(code)) = (record.normalized, records[outer].normalized) {
            push_normalized(&mut found.normalized[outer], index, inner, code, &mut budget);
        }
        enclosing.push((index, start.unwrap_or(usize::MAX)));
    }
    found
}

fn encloses(outer: (i64, i64), inner: (i64, i64)) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

fn push_raw(nested: &mut Vec<Nested>, index: usize, inner: &str, code: &str, begins: Option<usize>) {
    let Some(start) = begins else { return };
    let bytes = start..start.saturating_add(inner.len());
    let is_free = nested.last().is_none_or(|last| last.bytes.end <= start);
    if inner.len() >= LEAST_BYTES && is_free && code.get(bytes.clone()) == Some(inner) {
        nested.push(Nested { index, bytes, indent: String::new() });
    }
}

fn push_normalized(nested: &mut Vec<Nested>, index: usize, inner: &str, code: &str, budget: &mut usize) {
    if inner.len() < LEAST_BYTES || *budget == 0 {
        return;
    }
    let from = nested.last().map_or(0, |last| last.bytes.end);
    let first_line = inner.split('\n').next().unwrap_or_default();
    let mut at = from;
    while let Some(found) = code.get(at..).and_then(|rest| rest.find(first_line)) {
        *budget = budget.saturating_sub(found);
        let start = at + found;
        let line = code[..start].rfind('\n').map_or(0, |line_break| line_break + 1);
        let indent = &code[line..start];
        if indent.bytes().all(|byte| byte == b' ' || byte == b'\t')
            && let Some(length) = indented_length(&code[start..], inner, indent)
        {
            nested.push(Nested { index, bytes: start..start + length, indent: indent.to_owned() });
            return;
        }
        at = start + first_line.len().max(1);
        *budget = budget.saturating_sub(first_line.len());
        if *budget == 0 {
            return;
        }
    }
    *budget = budget.saturating_sub(code.len().saturating_sub(at));
}

/// The number of bytes that `code` begins with, if these are the lines of `inner` with the indent, up to the end of a
/// line.
fn indented_length(code: &str, inner: &str, indent: &str) -> Option<usize> {
    let mut rest = code;
    for (number, line) in inner.split('\n').enumerate() {
        if number > 0 {
            rest = rest.strip_prefix('\n')?.strip_prefix(indent)?;
        }
        rest = rest.strip_prefix(line)?;
    }
    (rest.is_empty() || rest.starts_with('\n')).then(|| code.len() - rest.len())
}

/// Where the lines of a text begin, as in `SourceText`.
#[derive(Debug, Default)]
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (position, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' || (byte == b'\r' && bytes.get(position + 1) != Some(&b'\n')) {
                starts.push(position + 1);
            }
        }
        Self(starts)
    }

    /// The first byte of a line, from 0.
    fn start(&self, number: i64) -> Option<usize> {
        self.0.get(usize::try_from(number).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that is long enough to be stored apart.
    fn body(indent: &str) -> String {
        let lines = [0, 1, 2, 3].map(|number| format!("value_{number} = compute_something(value_{number}, other)"));
        format!("\n{indent}{}", lines.join(&format!("\n{indent}")))
    }

    #[test]
    fn method_is_found_in_class_and_file() {
        let method = format!("def run(self):{}", body("    "));
        let indented = method.replace('\n', "\n    ");
        let class = format!("class Job:\n    limit = 3\n\n    {indented}");
        let normalized = class.replace("\n\n", "\n");
        let raw = format!("    {indented}");
        let file = format!("import os\n\n\n{class}\n");
        let file_normalized = format!("import os\n{normalized}");
        let records = [
            Code { lines: (1, 11), raw: Some(&file), normalized: Some(&file_normalized) },
            Code { lines: (4, 11), raw: Some(&class), normalized: Some(&normalized) },
            Code { lines: (7, 11), raw: Some(&raw), normalized: Some(&method) },
        ];
        let found = nesting(&records);
        assert_eq!(found.raw[0], [Nested { index: 1, bytes: 12..12 + class.len(), indent: String::new() }]);
        let start = class.len() - raw.len();
        assert_eq!(found.raw[1], [Nested { index: 2, bytes: start..class.len(), indent: String::new() }]);
        let start = normalized.len() - indented.len();
        assert_eq!(
            found.normalized[1],
            [Nested { index: 2, bytes: start..normalized.len(), indent: "    ".to_owned() }]
        );
        assert_eq!(found.normalized[0].len(), 1);
    }

    #[test]
    fn literal_of_several_lines_is_not_shared() {
        let inner = format!("def f():{}\n    return '''\nleft\n'''", body("    "));
        let outer = format!("class C:\n    {}", inner.replace('\n', "\n    ").replace("    left", "left"));
        let records = [
            Code { lines: (1, 9), raw: None, normalized: Some(&outer) },
            Code { lines: (2, 9), raw: None, normalized: Some(&inner) },
        ];
        assert_eq!(nesting(&records).normalized[0], []);
    }

    #[test]
    fn altered_code_is_not_found() {
        let function = format!("def f():{}", body("    "));
        let file = function.replace("value_2", "value_9");
        let records = [
            Code { lines: (1, 5), raw: Some(&file), normalized: Some(&file) },
            Code { lines: (1, 5), raw: Some(&function), normalized: Some(&function) },
        ];
        let found = nesting(&records);
        assert_eq!((&found.raw[0][..], &found.normalized[0][..]), (&[][..], &[][..]));
    }

    #[test]
    fn search_for_missing_code_is_bounded() {
        let function = format!("def f():{}", body("    "));
        let file = "def f():\n".repeat(100_000);
        let mut records = vec![Code { lines: (1, 200_000), raw: None, normalized: Some(&file) }];
        records.extend((0..10_000).map(|_| Code { lines: (2, 3), raw: None, normalized: Some(&function) }));
        assert_eq!(nesting(&records).normalized[0], []);
    }
}
