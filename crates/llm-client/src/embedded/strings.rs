//! Finds the end of a Python string, also of one that holds expressions with strings of their own (PEP 701).
//!
//! A string of one line that is not closed ends with its line, any other with the text. Each byte is looked at once;
//! what is nested lies on an explicit stack.

/// Finds string ends; keeps the memory of its stack from one string to the next.
#[derive(Default)]
pub(super) struct StringScanner {
    open: Vec<Open>,
}

#[derive(Clone, Copy)]
enum Open {
    /// Inside of a string.
    Literal { quote: u8, is_triple: bool, is_interpolated: bool },
    /// Inside of the braces of an interpolated string, with so many brackets open.
    Expression { depth: u32 },
}

impl StringScanner {
    /// The offset behind the string whose first quote is at `start`.
    pub(super) fn end(&mut self, bytes: &[u8], start: usize, is_interpolated: bool) -> usize {
        let (literal, content) = opened(bytes, start, is_interpolated);
        if is_interpolated {
            self.interpolated_end(bytes, literal, content)
        } else {
            plain_end(bytes, literal, content)
        }
    }

    fn interpolated_end(&mut self, bytes: &[u8], literal: Open, content: usize) -> usize {
        self.open.clear();
        self.open.push(literal);
        let mut position = content;
        while let (Some(&top), true) = (self.open.last(), position < bytes.len()) {
            let next = match top {
                Open::Literal { quote, is_triple, is_interpolated } => {
                    self.step_in_literal(bytes, position, quote, is_triple, is_interpolated)
                }
                Open::Expression { depth } => self.step_in_expression(bytes, position, depth),
            };
            match next {
                Some(next) => position = next,
                None => return position,
            }
        }
        position.min(bytes.len())
    }

    /// The next position; none where the line, and with it the string, ends.
    fn step_in_literal(
        &mut self,
        bytes: &[u8],
        at: usize,
        quote: u8,
        is_triple: bool,
        is_interpolated: bool,
    ) -> Option<usize> {
        match bytes[at] {
            b'\\' => Some(at + 2),
            b'\n' if !is_triple => None,
            byte if byte == quote && closes(bytes, at, quote, is_triple) => {
                self.open.pop();
                Some(at + if is_triple { 3 } else { 1 })
            }
            b'{' if is_interpolated && bytes.get(at + 1) == Some(&b'{') => Some(at + 2),
            b'{' if is_interpolated => {
                self.open.push(Open::Expression { depth: 0 });
                Some(at + 1)
            }
            _ => Some(at + 1),
        }
    }

    /// The next position; none where the line ends inside of a string of one line.
    fn step_in_expression(&mut self, bytes: &[u8], at: usize, depth: u32) -> Option<usize> {
        match bytes[at] {
            b'\n' if matches!(self.open[..], [.., Open::Literal { is_triple: false, .. }, _]) => return None,
            b'(' | b'[' | b'{' => self.set_depth(depth.saturating_add(1)),
            b'}' if depth == 0 => {
                self.open.pop();
            }
            b')' | b']' | b'}' => self.set_depth(depth.saturating_sub(1)),
            b':' if depth == 0 => return Some(self.format_end(bytes, at + 1)),
            b'"' | b'\'' => {
                let is_interpolated = matches!(bytes[at - 1], b'f' | b'F' | b't' | b'T');
                let (literal, content) = opened(bytes, at, is_interpolated);
                self.open.push(literal);
                return Some(content);
            }
            _ => {}
        }
        Some(at + 1)
    }

    /// Skips the format behind a `:` up to its brace: quotes in it are fill characters, not strings.
    fn format_end(&mut self, bytes: &[u8], start: usize) -> usize {
        let rest = &bytes[start..];
        let stops = |byte: &u8| matches!(byte, b'{' | b'}' | b'\n');
        let at = start + rest.iter().position(stops).unwrap_or(rest.len());
        if bytes.get(at) == Some(&b'{') {
            // The expression of a nested field; its own brace closes it, and the format goes on behind it.
            self.open.push(Open::Expression { depth: 0 });
            return at + 1;
        }
        at
    }

    fn set_depth(&mut self, depth: u32) {
        if let Some(Open::Expression { depth: current }) = self.open.last_mut() {
            *current = depth;
        }
    }
}

/// The string that opens at `start`, and where its content begins.
fn opened(bytes: &[u8], start: usize, is_interpolated: bool) -> (Open, usize) {
    let quote = bytes[start];
    let is_triple = closes(bytes, start, quote, true);
    (Open::Literal { quote, is_triple, is_interpolated }, start + if is_triple { 3 } else { 1 })
}

fn closes(bytes: &[u8], at: usize, quote: u8, is_triple: bool) -> bool {
    !is_triple || (bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote))
}

fn plain_end(bytes: &[u8], literal: Open, content: usize) -> usize {
    let Open::Literal { quote, is_triple, .. } = literal else {
        return content;
    };
    let mut position = content;
    while let Some(&byte) = bytes.get(position) {
        if byte == b'\\' {
            position += 1;
        } else if byte == quote && closes(bytes, position, quote, is_triple) {
            return position + if is_triple { 3 } else { 1 };
        } else if byte == b'\n' && !is_triple {
            return position;
        }
        position += 1;
    }
    bytes.len()
}
