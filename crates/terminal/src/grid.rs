//! A table of any columns that fits the terminal: if it is too wide, it shortens the least important columns first.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::{
    columns::{cut_end, cut_start},
    screen::Screen,
    style::Tone,
    text::one_line,
};

const GAP: usize = 2;

/// A column by its heading.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    heading: &'static str,
    is_number: bool,
    keeps_end: bool,
}

impl Column {
    /// Words, cut at their end.
    pub const fn text(heading: &'static str) -> Self {
        Self { heading, is_number: false, keeps_end: false }
    }

    /// Figures, aligned at their end.
    pub const fn number(heading: &'static str) -> Self {
        Self { heading, is_number: true, keeps_end: false }
    }

    /// Paths, whose end matters more than their beginning.
    pub const fn path(heading: &'static str) -> Self {
        Self { heading, is_number: false, keeps_end: true }
    }
}

/// A way to save columns of the terminal; the column is named by its heading.
#[derive(Debug, Clone, Copy)]
pub enum Saving {
    /// Takes the next shorter form of each cell.
    Shorten(&'static str),
    /// Cuts as far as needed, but to no fewer columns of the terminal than this.
    Cut(&'static str, usize),
    /// Leaves the column out.
    Drop(&'static str),
}

/// One value, made safe for a terminal.
#[derive(Debug, Clone)]
pub struct Cell {
    /// From long to short; never empty.
    forms: Vec<String>,
    tone: Tone,
    /// The number of characters at the beginning that are highlighted.
    mark: usize,
}

impl Cell {
    /// The text, on one line and without terminal commands.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { forms: vec![one_line(text.as_ref())], tone: Tone::Plain, mark: 0 }
    }

    /// `-` where there is nothing.
    pub fn of(value: Option<impl ToString>) -> Self {
        value.map_or_else(|| Self::new("-").tone(Tone::Faint), |value| Self::new(value.to_string()))
    }

    /// The same value in several forms, from long to short.
    pub fn forms<const COUNT: usize>(texts: &[String; COUNT]) -> Self {
        Self { forms: texts.iter().map(|text| one_line(text)).collect(), ..Self::new("") }
    }

    /// In this tone.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// Highlights the first `mark` characters.
    #[must_use]
    pub fn mark(self, mark: usize) -> Self {
        Self { mark, ..self }
    }

    fn form(&self, index: usize) -> &str {
        self.forms.get(index).or(self.forms.last()).map_or("", String::as_str)
    }
}

/// A table that grows row by row.
pub struct Grid {
    columns: &'static [Column],
    savings: &'static [Saving],
    rows: Vec<Vec<Cell>>,
}

/// How a column was fitted to the width.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    form: usize,
    natural: usize,
    width: usize,
    is_dropped: bool,
}

impl Grid {
    /// A table that saves in the order of `savings`, as far as it must.
    pub const fn new(columns: &'static [Column], savings: &'static [Saving]) -> Self {
        Self { columns, savings, rows: Vec::new() }
    }

    /// A row with a cell for each column.
    pub fn push(&mut self, cells: impl Into<Vec<Cell>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.columns.len(), "each column has its cell");
        self.rows.push(cells);
    }

    /// The headings and a line for each row, each behind `indent` blanks; no line is wider than the screen.
    pub fn write(&self, writer: &mut dyn Write, screen: &Screen, indent: usize) -> io::Result<()> {
        let shares = self.share(screen.width.saturating_sub(indent));
        let headings: Vec<Cell> =
            self.columns.iter().map(|column| Cell::new(column.heading).tone(Tone::Strong)).collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            writeln!(writer, "{}{}", " ".repeat(indent), self.line(row, &shares, screen).trim_end())?;
        }
        Ok(())
    }

    fn share(&self, room: usize) -> Vec<Share> {
        let mut shares = vec![Share::default(); self.columns.len()];
        for column in 0..shares.len() {
            self.measure(column, &mut shares);
        }
        for saving in self.savings {
            let excess = total(&shares).saturating_sub(room);
            if excess == 0 {
                break;
            }
            let (Saving::Shorten(heading) | Saving::Cut(heading, _) | Saving::Drop(heading)) = *saving;
            let Some(column) = self.columns.iter().position(|column| column.heading == heading) else { continue };
            match *saving {
                Saving::Shorten(_) => {
                    shares[column].form += 1;
                    self.measure(column, &mut shares);
                }
                Saving::Cut(_, least) => {
                    let width = shares[column].width;
                    shares[column].width = width.saturating_sub(excess).max(least.min(width));
                }
                Saving::Drop(_) => shares[column].is_dropped = true,
            }
        }
        // A terminal so narrow that all of this is not enough.
        while let Some(last) = shares.iter().rposition(|share| !share.is_dropped).filter(|_| total(&shares) > room) {
            if last == 0 {
                shares[0].width = room;
                break;
            }
            shares[last].is_dropped = true;
        }
        // What a later saving won too much goes back to those that were cut.
        for index in 0..shares.len() {
            let spare = room.saturating_sub(total(&shares));
            shares[index].width = shares[index].natural.min(shares[index].width + spare);
        }
        shares
    }

    fn measure(&self, column: usize, shares: &mut [Share]) {
        let form = shares[column].form;
        let widths = self.rows.iter().map(|row| row[column].form(form).width());
        let natural = widths.max().unwrap_or(0).max(self.columns[column].heading.width());
        shares[column] = Share { natural, width: natural, ..shares[column] };
    }

    fn line(&self, row: &[Cell], shares: &[Share], screen: &Screen) -> String {
        let mut line = String::new();
        for ((cell, column), share) in row.iter().zip(self.columns).zip(shares) {
            if share.is_dropped {
                continue;
            }
            let cut = if column.keeps_end { cut_start } else { cut_end };
            let text = cut(cell.form(share.form), share.width);
            let blanks = " ".repeat(share.width.saturating_sub(text.width()));
            let split = text.char_indices().nth(cell.mark).map_or(text.len(), |(at, _)| at);
            let (mark, rest) = text.split_at(split);
            let rest_tone = if mark.is_empty() { cell.tone } else { Tone::Faint };
            let painted =
                format!("{}{}", screen.palette.paint(Tone::Strong, mark), screen.palette.paint(rest_tone, rest));
            if column.is_number {
                line.push_str(&blanks);
                line.push_str(&painted);
            } else {
                line.push_str(&painted);
                line.push_str(&blanks);
            }
            line.push_str(&" ".repeat(GAP));
        }
        line
    }
}

fn total(shares: &[Share]) -> usize {
    let shown = shares.iter().filter(|share| !share.is_dropped);
    let (width, count) = shown.fold((0, 0), |(width, count), share| (width + share.width, count + 1));
    width + GAP * usize::saturating_sub(count, 1)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{local_time::LocalTime, style::Palette};

    const COLUMNS: &[Column] =
        &[Column::text("ID"), Column::text("STATUS"), Column::path("FILE"), Column::number("COUNT")];
    const SAVINGS: &[Saving] =
        &[Saving::Cut("FILE", 8), Saving::Shorten("ID"), Saving::Drop("COUNT"), Saving::Drop("STATUS")];

    fn grid(width: usize, palette: Palette) -> String {
        let mut grid = Grid::new(COLUMNS, SAVINGS);
        let id = |text: &str| Cell::forms(&[text.to_owned(), text[..4].to_owned()]).mark(4);
        grid.push([id("0123456789"), Cell::new("failed").tone(Tone::Bad), Cell::new("a/b/c.py"), Cell::of(Some(7))]);
        let path = Cell::new("a/long/\x1b[31mpath/加算.py");
        grid.push([id("abcdefghij"), Cell::new("completed"), path, Cell::of(None::<u8>)]);
        let mut output = Vec::new();
        let screen = Screen { width, palette, time: LocalTime::of(TimeZone::UTC) };
        grid.write(&mut output, &screen, 0).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn what_matters_least_is_saved_first() {
        let texts: Vec<String> =
            [80, 45, 32, 25, 14].map(|width| format!("{width}\n{}", grid(width, Palette::Plain))).into();
        insta::assert_snapshot!("grid_widths", texts.join("\n"));
    }

    #[test]
    fn lines_fit_the_screen_and_are_safe() {
        for width in 1..100 {
            let plain = grid(width, Palette::Plain);
            for line in plain.lines() {
                assert!(line.width() <= width, "{width}: {line}");
                assert!(!line.contains('\x1b'));
            }
        }
    }

    #[test]
    fn sufficient_part_of_id_stands_out() {
        let text = grid(80, Palette::Coloured);
        assert!(text.contains("\x1b[1m0123\x1b[0m\x1b[2m456789\x1b[0m  \x1b[31mfailed\x1b[0m"), "{text:?}");
    }
}
