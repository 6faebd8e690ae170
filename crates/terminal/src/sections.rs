//! Named values under headings, each in full: what does not fit a line goes on below it.

use super::{columns::wrap, grid::Grid, screen::Screen, style::Tone, text::one_line};

const INDENT: usize = 2;
/// Columns of the names.
const NAME_WIDTH: usize = 18;

/// A page that grows line by line.
pub struct Sections<'a> {
    screen: &'a Screen,
    text: String,
}

impl<'a> Sections<'a> {
    /// A page without any section.
    pub const fn new(screen: &'a Screen) -> Self {
        Self { screen, text: String::new() }
    }

    /// A heading, with an empty line before it.
    pub fn heading(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.push_line(0, Tone::Strong, title);
    }

    /// A name of at most 18 letters, and its value.
    pub fn field(&mut self, name: &str, value: impl AsRef<str>) {
        self.toned_field(name, Tone::Plain, value);
    }

    /// The same with `-` where there is no value.
    pub fn optional(&mut self, name: &str, value: Option<impl ToString>) {
        match value {
            Some(value) => self.field(name, value.to_string()),
            None => self.toned_field(name, Tone::Faint, "-"),
        }
    }

    /// The same in a tone.
    pub fn toned_field(&mut self, name: &str, tone: Tone, value: impl AsRef<str>) {
        let room = self.screen.width.saturating_sub(INDENT + NAME_WIDTH + 2);
        for (index, line) in wrap(&one_line(value.as_ref()), room).into_iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let line = self.screen.palette.paint(tone, &line);
            self.text.push_str(format!("{:INDENT$}{name:NAME_WIDTH$}  {line}", "").trim_end());
            self.text.push('\n');
        }
    }

    /// A sentence.
    pub fn sentence(&mut self, text: impl AsRef<str>) {
        self.push_line(INDENT, Tone::Plain, text.as_ref());
    }

    /// A table.
    pub fn grid(&mut self, grid: &Grid) {
        let mut table = Vec::new();
        // A vector takes everything.
        let _ = grid.write(&mut table, self.screen, INDENT);
        self.text.push_str(&String::from_utf8_lossy(&table));
    }

    /// The whole page.
    pub fn finish(self) -> String {
        self.text
    }

    fn push_line(&mut self, indent: usize, tone: Tone, text: &str) {
        for line in wrap(&one_line(text), self.screen.width.saturating_sub(indent)) {
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(&self.screen.palette.paint(tone, &line));
            self.text.push('\n');
        }
    }
}
