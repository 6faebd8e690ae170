//! From lines of normalized code to lines of the file.

use crate::Definition;

/// The file lines of normalized lines `from..to` without the raw code, and whether that is a guess.
///
/// What normalization took away is assumed to stand before the fragment, where docstrings are; it is no guess where
/// nothing was taken away, and at the first and the last line.
pub(crate) fn estimate(definition: &Definition, line_count: u32, (from, to): (u32, u32)) -> ((u32, u32), bool) {
    let (start, end) = (definition.start_line, definition.end_line.max(definition.start_line));
    let removed = (end - start + 1).saturating_sub(line_count);
    let shift = |line: u32| start + line + if line == 0 { 0 } else { removed };
    let whole = from == 0 && to >= line_count;
    let lines = if whole { (start, end) } else { (shift(from).min(end), shift(to.max(1) - 1).min(end)) };
    (lines, removed > 0 && !whole)
}

/// The 1-based, inclusive file lines of the normalized lines `from..to` (0-based) of a definition whose raw code is
/// known. Each normalized line is looked for behind the one before; lines that are not found leave the estimate.
pub fn file_lines(definition: &Definition, raw_code: &str, (from, to): (u32, u32)) -> (u32, u32) {
    let normalized: Vec<&str> = definition.normalized_code.lines().collect();
    let raw: Vec<&str> = raw_code.lines().collect();
    let mut places = Vec::with_capacity(normalized.len());
    let mut at = 0;
    for line in &normalized {
        let wanted = line.trim();
        let found = (at..raw.len()).find(|&place| {
            let text = raw[place].trim();
            text == wanted || (text.starts_with(wanted) && text[wanted.len()..].trim_start().starts_with('#'))
        });
        places.push(found);
        at = found.map_or(at, |place| place + 1);
    }
    let line_count = normalized.len() as u32;
    let ((first, last), _) = estimate(definition, line_count, (from, to));
    let place =
        |line: u32| places.get(line as usize).copied().flatten().map(|place| definition.start_line + place as u32);
    (place(from).unwrap_or(first), place(to.max(1) - 1).unwrap_or(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_stepped_over() {
        let code = "def f():\n    a = 1\n    b = 2\n    return a\n";
        let definition = Definition { start_line: 10, end_line: 16, ..Definition::of(code) };
        let raw = "def f():\n    \"\"\"Doc.\"\"\"\n\n    a = 1  # one\n    # two\n    b = 2\n    return a";
        assert_eq!(file_lines(&definition, raw, (1, 3)), (13, 15));
        assert_eq!(file_lines(&definition, raw, (0, 4)), (10, 16));
        assert_eq!(estimate(&definition, 4, (1, 3)), ((14, 15), true));
        assert_eq!(estimate(&definition, 4, (0, 4)), ((10, 16), false));
    }
}
