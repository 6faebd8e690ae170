//! Normalizes code: removes comments, docstrings, blank lines and shared indentation.
//!
//! 1. Remove noise spans wherever they are.
//! 2. Trim trailing white space from each line, and drop lines that are then empty.
//! 3. Remove the indentation that all lines share, or all of it where it means nothing.
//!
//! Verbatim spans stay unchanged. A line that begins inside one keeps its beginning; a line that ends inside one keeps
//! its end and its own line break.
//!
//! The lines of a file are prepared once and serve all of its symbols.

use std::ops::Range;

use cds_model::{Indentation, SourceText, SpanKind, SyntaxSpan};

/// It grows whenever a text may get another normalized code: records of earlier runs are reused where it is the same.
pub(crate) const VERSION: u32 = 1;

/// The lines of a file that hold code, without noise, blank lines and trailing white space.
pub(crate) struct CodeLines<'s> {
    text: &'s str,
    lines: Vec<CodeLine>,
    /// The parts of the text that are kept; each line owns a range of these.
    pieces: Vec<Range<usize>>,
    indentation: Indentation,
}

/// The piece that is one blank in place of a gap.
const BLANK: Range<usize> = usize::MAX - 1..usize::MAX;

struct CodeLine {
    /// The line in the source where it begins, 1-based.
    number: u32,
    pieces: Range<usize>,
    /// Bytes of white space at its beginning; `None` if it begins inside a verbatim span.
    indentation: Option<usize>,
    /// Whether its pieces include its own line break, because it ends inside a verbatim span.
    has_line_break: bool,
    /// Whether it ends with a line continuation.
    continues: bool,
}

const BLANKS: [char; 4] = [' ', '\t', '\x0b', '\x0c'];

impl<'s> CodeLines<'s> {
    pub(crate) fn new(source: &'s SourceText, spans: &[SyntaxSpan], indentation: Indentation) -> Self {
        let mut lines = Self { text: source.as_str(), lines: Vec::new(), pieces: Vec::new(), indentation };
        let mut spans = Spans { spans, next: 0 };
        let mut number = 1;
        while number <= source.line_count() {
            number = lines.read_line(source, &mut spans, number) + 1;
        }
        lines
    }

    /// Appends the normalized form of the lines `first` to `last` (1-based, inclusive) to `output`.
    pub(crate) fn normalize(&self, first: u32, last: u32, output: &mut String) {
        let start = self.lines.partition_point(|line| line.number < first);
        let end = self.lines.partition_point(|line| line.number <= last);
        let lines = &self.lines[start..end];
        let shared = self.shared_indentation(lines);
        for (index, line) in lines.iter().enumerate() {
            let skipped = match (line.indentation, self.indentation) {
                (None, _) => 0,
                (Some(_), Indentation::Blocks) => shared,
                (Some(own), Indentation::Nothing) => own,
            };
            self.append(line, skipped, output);
            if !line.has_line_break && index + 1 < lines.len() {
                output.push('\n');
            }
        }
    }

    /// Reads one line and the lines that noise joins to it; returns the number of the last line read.
    fn read_line(&mut self, source: &SourceText, spans: &mut Spans<'_>, number: u32) -> u32 {
        let first_piece = self.pieces.len();
        let start = source.line_range(number, number).start as usize;
        let begins_verbatim = spans.verbatim_over(start);
        let mut last = number;
        let has_line_break = loop {
            let range = source.line_range(last, last);
            let (start, end) = (range.start as usize, range.end as usize);
            spans.keep(start..end, first_piece, &mut self.pieces);
            if spans.noise_over(end) && last < source.line_count() {
                last += 1;
                continue;
            }
            if spans.verbatim_over(end) && last < source.line_count() {
                self.pieces.push(end..source.line_range(last + 1, last + 1).start as usize);
                break true;
            }
            break false;
        };
        let continues = spans.is_continued(self.pieces.last().map_or(start, |piece| piece.end));
        self.push_line(CodeLine {
            number,
            pieces: first_piece..self.pieces.len(),
            indentation: (!begins_verbatim).then_some(0),
            has_line_break,
            continues,
        });
        last
    }

    fn push_line(&mut self, mut line: CodeLine) {
        if !line.has_line_break {
            self.trim_end(&mut line);
        }
        if line.indentation.is_some() {
            if line.pieces.is_empty() {
                self.end_continuation();
                return;
            }
            line.indentation = Some(self.measure_indentation(&line));
        }
        self.lines.push(line);
    }

    /// Trims white space from the end of `line`, which must own the last pieces.
    fn trim_end(&mut self, line: &mut CodeLine) {
        while line.pieces.start < line.pieces.end {
            let piece = &mut self.pieces[line.pieces.end - 1];
            if *piece == BLANK {
                *piece = 0..0;
            }
            piece.end = piece.start + self.text[piece.clone()].trim_end_matches(BLANKS).len();
            if piece.start < piece.end {
                return;
            }
            self.pieces.pop();
            line.pieces.end -= 1;
        }
    }

    /// Measures the indentation in bytes; a form feed or vertical tab resets it to zero.
    fn measure_indentation(&mut self, line: &CodeLine) -> usize {
        let piece = &mut self.pieces[line.pieces.start];
        let code = &self.text[piece.clone()];
        let blank = code.len() - code.trim_start_matches(BLANKS).len();
        let void = code[..blank].rfind(['\x0b', '\x0c']).map_or(0, |position| position + 1);
        piece.start += void;
        blank - void
    }

    /// Removes the backslash of a continuation that no line follows, and the line if it held nothing else.
    fn end_continuation(&mut self) {
        while let Some(mut line) = self.lines.pop_if(|line| line.continues) {
            line.continues = false;
            self.pieces.truncate(line.pieces.end);
            self.pieces[line.pieces.end - 1].end -= 1;
            self.trim_end(&mut line);
            if !line.pieces.is_empty() {
                self.lines.push(line);
                return;
            }
        }
    }

    fn shared_indentation(&self, lines: &[CodeLine]) -> usize {
        let mut shared: Option<&str> = None;
        for line in lines {
            let Some(length) = line.indentation else { continue };
            let start = self.pieces[line.pieces.start].start;
            let own = &self.text[start..start + length];
            shared = Some(shared.map_or(own, |shared| common_prefix(shared, own)));
        }
        shared.map_or(0, str::len)
    }

    fn append(&self, line: &CodeLine, skipped: usize, output: &mut String) {
        let mut skipped = skipped;
        for piece in &self.pieces[line.pieces.clone()] {
            output.push_str(if *piece == BLANK { " " } else { &self.text[piece.start + skipped..piece.end] });
            skipped = 0;
        }
    }
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    &a[..length]
}

/// The noise, verbatim and continuation spans of a file, read in step with its lines.
struct Spans<'s> {
    spans: &'s [SyntaxSpan],
    /// The first span that ends after the current position.
    next: usize,
}

impl Spans<'_> {
    fn at(&mut self, position: usize) -> Option<SyntaxSpan> {
        while self.spans.get(self.next).is_some_and(|span| (span.end as usize) <= position) {
            self.next += 1;
        }
        self.spans.get(self.next).copied()
    }

    fn covers(&mut self, position: usize, kind: SpanKind) -> bool {
        self.at(position).is_some_and(|span| span.kind == kind && (span.start as usize) < position)
    }

    fn verbatim_over(&mut self, position: usize) -> bool {
        self.covers(position, SpanKind::Verbatim)
    }

    fn noise_over(&mut self, position: usize) -> bool {
        self.covers(position, SpanKind::Noise) || self.covers(position, SpanKind::Gap)
    }

    /// Whether the byte before `end` is the backslash of a continuation.
    fn is_continued(&self, end: usize) -> bool {
        // The span includes the line break, so it is still the next one.
        self.spans
            .get(self.next)
            .is_some_and(|span| span.kind == SpanKind::Continuation && span.start as usize + 1 == end)
    }

    /// Adds to `pieces` the parts of `range` that are not noise; the pieces of this line begin at `first`.
    fn keep(&mut self, range: Range<usize>, first: usize, pieces: &mut Vec<Range<usize>>) {
        let mut start = range.start;
        while start < range.end {
            match self.at(start) {
                Some(span) if (span.start as usize) < range.end => {
                    let is_removed = matches!(span.kind, SpanKind::Noise | SpanKind::Gap);
                    let end = if is_removed { span.start } else { span.end } as usize;
                    let end = end.clamp(start, range.end);
                    push_piece(pieces, first, start..end);
                    // One that goes on over lines is met on each of them.
                    if span.kind == SpanKind::Gap && (span.end as usize) <= range.end && pieces.len() > first {
                        pieces.push(BLANK);
                    }
                    start = (span.end as usize).min(range.end);
                }
                _ => {
                    push_piece(pieces, first, start..range.end);
                    start = range.end;
                }
            }
        }
    }
}

/// Adds `piece`, or extends the last piece of the line if the two touch.
fn push_piece(pieces: &mut Vec<Range<usize>>, first: usize, piece: Range<usize>) {
    match pieces[first..].last_mut() {
        Some(last) if last.end == piece.start => last.end = piece.end,
        _ if piece.is_empty() => {}
        _ => pieces.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the normalized form of `text`; `marks` has, for each byte, `n` noise, `v` verbatim, `c` continuation.
    fn check(text: &str, marks: &str, expected: &str) {
        check_with(Indentation::Blocks, text, marks, expected);
    }

    fn check_with(indentation: Indentation, text: &str, marks: &str, expected: &str) {
        assert_eq!(text.len(), marks.len(), "one mark for each byte");
        let mut spans: Vec<SyntaxSpan> = Vec::new();
        for (position, mark) in (0..).zip(marks.chars()) {
            let kind = match mark {
                'n' => SpanKind::Noise,
                'v' => SpanKind::Verbatim,
                'c' => SpanKind::Continuation,
                'g' => SpanKind::Gap,
                _ => continue,
            };
            match spans.last_mut() {
                Some(last) if last.kind == kind && last.end == position => last.end += 1,
                _ => spans.push(SyntaxSpan { kind, start: position, end: position + 1 }),
            }
        }
        let source = SourceText::new(text);
        let mut normalized = String::new();
        CodeLines::new(&source, &spans, indentation).normalize(1, source.line_count(), &mut normalized);
        assert_eq!(normalized, expected);
    }

    #[test]
    fn blanks_are_removed() {
        check("a \t\n\n  \r\nb\r\n", "............", "a\nb");
        check("", "", "");
    }

    #[test]
    fn blanks_before_noise_are_removed() {
        check("a  # x\n# y\nb", "...nnn.nnn..", "a\nb");
    }

    #[test]
    fn code_after_multiline_noise_moves_up() {
        check("  'd\n  d'; x\n  y", "..nnnnnnnnn.....", "x\ny");
    }

    #[test]
    fn free_indentation_is_removed() {
        check_with(Indentation::Nothing, "  a {\n\tb\n }\n", "............", "a {\nb\n}");
        check_with(Indentation::Nothing, " a = `\n  b` +\n  c", ".....vvvvvv......", "a = `\n  b` +\nc");
    }

    #[test]
    fn gap_leaves_one_blank() {
        check("a/**/b", ".gggg.", "a b");
        check("a/*\n*/b", ".ggggg.", "a b");
        check("a/**/\nb", ".gggg..", "a\nb");
    }

    #[test]
    fn only_shared_indentation_is_removed() {
        check("    a\n      b\n    c", "...................", "a\n  b\nc");
        check("\ta\n    b", "........", "\ta\n    b");
    }

    #[test]
    fn form_feed_resets_indentation() {
        check("\x0c  a\n  \x0c  b\n\x0c\n", "..............", "a\nb");
    }

    #[test]
    fn verbatim_spans_keep_every_byte() {
        check(
            "  x = '''a \n\n # b\r\n\tc'''  \n  y",
            "......vvvvvvvvvvvvvvvvvv......",
            "x = '''a \n\n # b\r\n\tc'''\ny",
        );
    }

    #[test]
    fn continuation_without_next_line_is_removed() {
        check("a \\\n\nb", "..cc..", "a\nb");
        check("a \\\n \\\n#\nb", "..cc.ccn..", "a\nb");
        check("a \\\n b", "..cc..", "a \\\n b");
    }
}
