//! Python code as a tree of logical lines: just enough to change it and to write it again.

/// A logical line without its indentation, and the block below it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) head: String,
    pub(crate) block: Vec<Line>,
}

impl Line {
    pub(crate) fn new(head: impl Into<String>, block: Vec<Line>) -> Self {
        Self { head: head.into(), block }
    }

    /// Whether it is a statement without a block that may be left out or moved.
    pub(crate) fn is_plain(&self) -> bool {
        self.block.is_empty() && !self.head.ends_with(':') && !self.head.starts_with('@')
    }
}

/// Reads code whose brackets are closed; `None` if its lines are not understood.
pub(crate) fn parse(code: &str) -> Option<Vec<Line>> {
    let mut open: Vec<(usize, Vec<Line>)> = vec![(0, Vec::new())];
    for (indent, head) in logical_lines(code)? {
        while open.len() > 1 && indent < open.last()?.0 {
            let (_, block) = open.pop()?;
            open.last_mut()?.1.last_mut()?.block = block;
        }
        if indent > open.last()?.0 {
            open.push((indent, Vec::new()));
        }
        open.last_mut()?.1.push(Line::new(head, Vec::new()));
    }
    while open.len() > 1 {
        let (_, block) = open.pop()?;
        open.last_mut()?.1.last_mut()?.block = block;
    }
    open.pop().map(|(_, block)| block)
}

fn logical_lines(code: &str) -> Option<Vec<(usize, String)>> {
    if code.contains("\"\"\"") || code.contains("'''") || code.contains('\\') || code.contains('\t') {
        return None;
    }
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut depth = 0_i32;
    for text in code.lines() {
        let trimmed = text.trim();
        if depth > 0 {
            let open = &mut lines.last_mut()?.1;
            open.push(' ');
            open.push_str(trimmed);
        } else {
            lines.push((text.len() - text.trim_start().len(), trimmed.to_owned()));
        }
        for (part, literal) in parts(trimmed) {
            if !literal {
                for letter in part.chars() {
                    depth += i32::from("([{".contains(letter)) - i32::from(")]}".contains(letter));
                }
            }
        }
    }
    (depth == 0).then_some(lines)
}

/// Words, string literals (true) and single other characters of one line, in order and without loss.
pub(crate) fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let byte = bytes[at];
        if byte == b'"' || byte == b'\'' {
            at += 1;
            while at < text.len() && bytes[at] != byte {
                at += 1;
            }
            at = (at + 1).min(text.len());
            parts.push((&text[start..at], true));
            continue;
        }
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 {
            while at < text.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] >= 0x80) {
                at += 1;
            }
        } else {
            at += 1;
        }
        parts.push((&text[start..at], false));
    }
    parts
}

/// The code of `block`, four spaces a level.
pub(crate) fn write(block: &[Line]) -> String {
    fn level(block: &[Line], depth: usize, code: &mut String) {
        for line in block {
            code.push_str(&"    ".repeat(depth));
            code.push_str(&line.head);
            code.push('\n');
            level(&line.block, depth + 1, code);
        }
    }
    let mut code = String::new();
    level(block, 0, &mut code);
    code
}

/// Calls `change` with every block, outer ones first.
pub(crate) fn each_block(block: &mut Vec<Line>, change: &mut impl FnMut(&mut Vec<Line>)) {
    change(block);
    for line in block {
        if !line.block.is_empty() {
            each_block(&mut line.block, change);
        }
    }
}

/// How many lines there are on all levels.
pub(crate) fn count(block: &[Line]) -> usize {
    block.iter().map(|line| 1 + count(&line.block)).sum()
}
